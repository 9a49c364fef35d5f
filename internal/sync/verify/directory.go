package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
)

// directoryReads are the methods of [lockstep.Directory] that change nothing.
type directoryReads interface {
	Identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error)
	Identities(ctx context.Context, kind lockstep.Kind, cursor string) (page []lockstep.Identity, next string, err error)
}

// directory reads each identity once, and notes what a run would write.
type directory struct {
	directoryReads
	answers memo
	changes map[lockstep.Account]map[string]any // merged into the metadata
	notes   []lockstep.Difference
}

var (
	_ lockstep.Directory     = (*directory)(nil)
	_ lockstep.MemberLimiter = (*directory)(nil)
)

// Identity implements [lockstep.Directory].
func (d *directory) Identity(ctx context.Context, account lockstep.Account) (lockstep.Identity, error) {
	identity, err := once(d.answers, account.String(), func() (lockstep.Identity, error) {
		return d.directoryReads.Identity(ctx, account)
	})
	if err == nil { // the next run sees what this one has written
		identity.Metadata = drift.Merged(identity.Metadata, d.changes[account])
	}
	return identity, err
}

// asRead returns the identity as the directory has it, if the run has read it.
func (d *directory) asRead(account lockstep.Account) (lockstep.Identity, bool) {
	known, is := d.answers[account.String()].(answer[lockstep.Identity])
	return known.value, is && known.err == nil
}

// absent reports whether the directory said that it does not know the account.
func (d *directory) absent(account lockstep.Account) bool {
	known, is := d.answers[account.String()].(answer[lockstep.Identity])
	return is && errors.Is(known.err, lockstep.ErrNotFound)
}

// MergeMetadata notes what a run merges into the metadata.
func (d *directory) MergeMetadata(_ context.Context, account lockstep.Account, change map[string]any) error {
	d.changes[account] = changed(d.changes[account], change)
	return nil
}

// changed returns two changes as one. Unlike a merge into metadata, it keeps what a change removes.
func changed(first, then map[string]any) map[string]any {
	all := map[string]any{}
	for _, change := range []map[string]any{first, then} {
		for key, value := range change {
			inner, isObject := value.(map[string]any)
			old, wasObject := all[key].(map[string]any)
			if isObject && wasObject {
				value = changed(old, inner)
			}
			all[key] = value
		}
	}
	return all
}

// LimitMembers notes the limit that a run sets.
func (d *directory) LimitMembers(_ context.Context, account lockstep.Account, limit int64) error {
	theirs := ""
	if identity, read := d.asRead(account); read {
		theirs = fmt.Sprint(identity.MemberLimit)
	}
	note := lockstep.Difference{Where: lockstep.DriftIdentity, Field: "member_limit", Theirs: theirs,
		Expected: fmt.Sprint(limit)}
	if !slices.Contains(d.notes, note) {
		d.notes = append(d.notes, note)
	}
	return nil
}
