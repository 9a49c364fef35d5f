package clerkdirectory_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestMembers(t *testing.T) {
	t.Parallel()
	sim, _, client := simulated(t)
	ada, bob, eve := signUp(t, sim, 1), signUp(t, sim, 2), signUp(t, sim, 3)
	made, err := sim.CreateOrganization("Acme", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.AddMember(made.ID, bob.ID, "org:member"); err != nil {
		t.Fatal(err)
	}
	acme := lockstep.Account{Kind: lockstep.Organization, ID: made.ID}
	among := func(want []string, users ...string) {
		t.Helper()
		got, err := client.MembersAmong(t.Context(), acme, users)
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("among %v: %v %v", users, got, err)
		}
	}
	among([]string{ada.ID, bob.ID}, ada.ID, bob.ID, eve.ID)
	among([]string{bob.ID}, bob.ID)
	among(nil, eve.ID, "user_nobody")
	among(nil)
	for name, c := range map[string]struct {
		roles []string
		limit int
		want  []string
	}{
		"admins":        {[]string{"admin"}, 10, []string{ada.ID}},
		"with a prefix": {[]string{"org:admin"}, 10, []string{ada.ID}},
		"two roles":     {[]string{"admin", "member"}, 10, []string{ada.ID, bob.ID}},
		"any role":      {nil, 10, []string{ada.ID, bob.ID}},
		"the earliest":  {nil, 1, []string{ada.ID}},
	} {
		if got, err := client.MembersIn(t.Context(), acme, c.roles, c.limit); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if identity, err := client.Identity(t.Context(), acme); err != nil || identity.Empty || identity.Members != 2 {
		t.Errorf("%+v %v", identity, err)
	}
	for _, user := range []lockstep.Account{ada, bob} {
		if err := sim.DeleteUser(user.ID); err != nil {
			t.Fatal(err)
		}
	}
	if identity, err := client.Identity(t.Context(), acme); err != nil || !identity.Empty {
		t.Errorf("without members: %+v %v", identity, err)
	}
	if page, _, err := client.Identities(t.Context(), lockstep.Organization, ""); err != nil || len(page) != 1 ||
		!page[0].Empty {
		t.Errorf("listed: %+v %v", page, err)
	}
	none := lockstep.Account{Kind: lockstep.Organization, ID: "org_none"}
	if _, err := client.MembersIn(t.Context(), none, nil, 1); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("of no organization: %v", err)
	}
	if _, err := client.MembersAmong(t.Context(), eve, []string{eve.ID}); err == nil {
		t.Error("a user has members")
	}
}
