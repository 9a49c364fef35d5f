package server_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
)

// TestAccessOfAnInvalidOrUnknownAccount: the HTTP API answers 422 and 404.
func TestAccessOfAnInvalidOrUnknownAccount(t *testing.T) {
	t.Parallel()
	s, _ := subscribed(t)
	for want, accounts := range map[error][]lockstep.Account{
		lockstep.ErrInvalid: {{}, {Kind: "team", ID: "42"}, {Kind: lockstep.User}, {Kind: lockstep.User, ID: ".."},
			{Kind: lockstep.User, ID: "a/b"}, {Kind: lockstep.User, ID: "a\x00"},
			{Kind: lockstep.User, ID: strings.Repeat("x", 129)}},
		lockstep.ErrNotFound: {{Kind: lockstep.User, ID: "43"}, {Kind: lockstep.Organization, ID: subscriber.ID},
			{Kind: lockstep.User, ID: strings.Repeat("x", 128)}},
	} {
		for _, account := range accounts {
			for range 2 { // the second from memory
				access, err := s.Access(t.Context(), account)
				if !errors.Is(err, want) || !cmp.Equal(access, lockstep.Access{}) {
					t.Errorf("%q: %+v, %v; want no access and %v", account, access, err, want)
				}
			}
		}
	}
	if access, err := s.Access(t.Context(), subscriber); err != nil || !access.Active {
		t.Errorf("the subscriber's access: %+v, %v", access, err)
	}
}

// TestTheAnswerBelongsToTheCaller: changing it changes no later answer.
func TestTheAnswerBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	s, _ := subscribed(t)
	spoiled, err := s.Access(t.Context(), subscriber)
	if err != nil {
		t.Fatal(err)
	}
	if len(spoiled.Features) == 0 || len(spoiled.Limits) == 0 || len(spoiled.Expires) == 0 || spoiled.Until == nil ||
		len(spoiled.Reasons) == 0 || spoiled.Reasons[0].Until == nil {
		t.Fatalf("the access lacks what callers could change: %+v", spoiled)
	}
	spoiled.Features[0] = "everything"
	spoiled.Limits["notes"] = 1 << 40
	clear(spoiled.Expires)
	*spoiled.Until = spoiled.Until.AddDate(9, 0, 0)
	*spoiled.Reasons[0].Until = spoiled.Reasons[0].Until.AddDate(9, 0, 0)
	spoiled.Reasons[0].Grants = false

	again, err := s.Access(t.Context(), subscriber)
	other, _ := subscribed(t)
	want, freshErr := other.Access(t.Context(), subscriber)
	if err := errors.Join(err, freshErr); err != nil {
		t.Fatal(err)
	}
	if again.Features[0] != want.Features[0] || again.Limits["notes"] != want.Limits["notes"] ||
		len(again.Expires) != len(want.Expires) || !again.Reasons[0].Grants ||
		again.Until.Equal(*spoiled.Until) || again.Reasons[0].Until.Equal(*spoiled.Reasons[0].Until) {
		t.Errorf("after a caller changed its answer: %+v", again)
	}
}
