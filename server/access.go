package server

import (
	"context"
	"maps"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// Access returns what an account may use now, with the reasons: the answer of GET …/access, without
// HTTP. It answers from memory, as fresh as the API does (docs/api.md), and otherwise from the database.
// The answer belongs to the caller.
//
// It returns [lockstep.ErrInvalid] if the account's kind or id is malformed, and [lockstep.ErrNotFound] if
// neither the database nor the directory knows the account. An account that only the directory knows has
// no access yet. Any other error means that the answer is unknown.
func (s *Server) Access(ctx context.Context, account lockstep.Account) (lockstep.Access, error) {
	access, err := s.access(ctx, account)
	return own(access), err
}

// own copies what an access in memory shares.
func own(a lockstep.Access) lockstep.Access {
	a.Features, a.Entitlements = slices.Clone(a.Features), slices.Clone(a.Entitlements)
	a.Limits, a.Expires = maps.Clone(a.Limits), maps.Clone(a.Expires)
	if a.Until != nil {
		a.Until = new(*a.Until)
	}
	a.Reasons = slices.Clone(a.Reasons)
	for i := range a.Reasons {
		if until := a.Reasons[i].Until; until != nil {
			a.Reasons[i].Until = new(*until)
		}
	}
	return a
}
