package reconcile

import (
	"context"
	"slices"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// people is a store of accounts and a directory of an organization's members.
type people struct {
	EmailStore
	lockstep.MemberLister
	accounts map[string]lockstep.Record // by id
	members  []string
}

func (p people) Account(_ context.Context, a lockstep.Account) (lockstep.Record, error) {
	record, known := p.accounts[a.ID]
	if !known {
		return lockstep.Record{}, lockstep.ErrNotFound
	}
	return record, nil
}

func (p people) MembersAmong(_ context.Context, _ lockstep.Account, users []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(users), func(u string) bool { return !slices.Contains(p.members, u) }), nil
}

func (p people) MembersIn(context.Context, lockstep.Account, []string, int) ([]string, error) {
	return p.members, nil
}

// mute is a mailer that no test reaches.
type mute struct{ lockstep.Mailer }

// TestTheReaderIsGreetedByTheirOwnName: an organization's e-mail goes to a person, and names the
// organization too.
func TestTheReaderIsGreetedByTheirOwnName(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	accounts := map[string]lockstep.Record{
		"org_1":  {Account: org, Name: "Engines"},
		"user_1": {Name: "Ada", Email: "ada@example.com"},
		"user_2": {Name: "Bea", Email: "bea@example.com"},
	}
	for name, c := range map[string]struct {
		account lockstep.Account
		members []string
		want    addressed
	}{
		"a user":         {lockstep.Account{Kind: lockstep.User, ID: "user_1"}, nil, addressed{"ada@example.com", "Ada", ""}},
		"the buyer":      {org, []string{"user_2", "user_1"}, addressed{"ada@example.com", "Ada", "Engines"}},
		"another member": {org, []string{"user_2"}, addressed{"bea@example.com", "Bea", "Engines"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := people{accounts: accounts, members: c.members}
			m := NewMails(world, nil, mute{}, nil, nil).ToMembers(world, nil)
			n := lockstep.Notice{Account: c.account, Facts: lockstep.Facts{PaidBy: "user_1"}}
			got, why, err := m.addressee(t.Context(), n, lockstep.EmailDelivery{})
			if err != nil || why != "" || got != c.want {
				t.Errorf("got %+v, want %+v: %q %v", got, c.want, why, err)
			}
		})
	}
}
