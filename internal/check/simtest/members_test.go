package simtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// typed is the address that the simulated buyer types at a checkout.
const typed = "buyer@example.com"

// addressees are the recipients of the letters since the nth, without the copies of
// purchases to the address typed at checkout.
func (w *world) addressees(from int) []string {
	w.letterbox.mu.Lock()
	defer w.letterbox.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(w.letterbox.to), func(to string) bool { return to == typed })
	return others[from:]
}

// public is the public metadata of a user.
func (w *world) public(user string) map[string]any {
	w.t.Helper()
	for _, u := range w.sim.Users() {
		if u.ID == user {
			return u.Public
		}
	}
	w.t.Fatalf("there is no user %s", user)
	return nil
}

// team is an organization with an admin who bought for it, and another admin.
func (w *world) team(lookupKey string) (org, buyer, other string) {
	w.t.Helper()
	buyer, other = w.mustSignUp("ada@example.com"), w.mustSignUp("bob@example.com")
	made, err := w.sim.CreateOrganization("Engines", buyer)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.sim.AddMember(made.ID, other, "org:admin"); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(time.Minute)
	w.mustBuyAs("organization/"+made.ID, lookupKey, buyer)
	time.Sleep(time.Minute)
	return made.ID, buyer, other
}

// TestAMemberWhoLeavesLosesTheOrganizationsKeysAndMails (C6): by its event, or found by the
// list of the directory; who comes back has them again.
func TestAMemberWhoLeavesLosesTheOrganizationsKeysAndMails(t *testing.T) {
	for name, c := range map[string]struct{ lost, joins bool }{"by the event": {}, "without it": {lost: true},
		"while another joins": {joins: true}} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				org, ada, _ := w.team("pro")
				s := w.sim.Subscriptions()[0]
				if p := w.public(ada); p["stripeCustomerId"] != s.Customer || p["subscriptionStatus"] != "active" {
					t.Fatalf("before: %v", p)
				}
				if to := w.addressees(0); len(to) != 1 || to[0] != "ada@example.com" {
					t.Errorf("the first letter went to %v", to)
				}
				eve := w.mustSignUp("eve@example.com")
				time.Sleep(time.Minute)
				if c.lost {
					w.sim.SetClerkWebhooks(nil)
				}
				if err := w.sim.RemoveMember(org, ada); err != nil {
					t.Fatal(err)
				}
				if c.joins {
					if err := w.sim.AddMember(org, eve, ""); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(listEvery + time.Hour)
				if p := w.public(ada); p["stripeCustomerId"] != w.ask("user/"+ada).CustomerID ||
					p["stripeSubscriptionId"] != nil || p["subscriptionStatus"] != "inactive" {
					t.Errorf("who left: %v", p)
				}
				began := len(w.addressees(0))
				if err := w.sim.SetCard(s.Customer, "4000000000000341"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(s.PeriodEnd()) + 12*time.Hour)
				if to := w.addressees(began); len(to) == 0 || slices.ContainsFunc(to,
					func(a string) bool { return a != "bob@example.com" }) {
					t.Errorf("about the failed payment were written to: %v", to)
				}
				if err := w.sim.AddMember(org, ada, ""); err != nil {
					t.Fatal(err)
				}
				time.Sleep(listEvery + time.Hour)
				if p := w.public(ada); p["stripeCustomerId"] != s.Customer || p["subscriptionStatus"] != "inactive" {
					t.Errorf("who came back: %v", p)
				}
			})
		})
	}
}

// TestWhoBoughtIsDeleted: the mails go to an admin, and with nobody left to write to, to nobody.
func TestWhoBoughtIsDeleted(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		_, ada, bob := w.team("pro")
		s := w.sim.Subscriptions()[0]
		if err := w.sim.DeleteUser(ada); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		began := len(w.addressees(0))
		if err := w.sim.SetCard(s.Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(s.PeriodEnd()) + 12*time.Hour)
		if to := w.addressees(began); len(to) == 0 || slices.ContainsFunc(to,
			func(a string) bool { return a != "bob@example.com" }) {
			t.Errorf("written to: %v", to)
		}
		if p := w.public(bob); p["subscriptionStatus"] != "inactive" {
			t.Errorf("an admin who did not buy: %v", p)
		}
	})
}

// TestWhoIsNoMemberHasNoKeys: a server names a buyer who does not belong to the organization.
func TestWhoIsNoMemberHasNoKeys(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada, eve := w.mustSignUp("ada@example.com"), w.mustSignUp("eve@example.com")
		org, err := w.sim.CreateOrganization("Engines", ada)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.mustBuyAs("organization/"+org.ID, "pro", eve)
		time.Sleep(time.Minute)
		if p := w.public(eve); p["subscriptionStatus"] != "inactive" || !w.ask("organization/"+org.ID).Access.Active {
			t.Errorf("%v", p)
		}
	})
}

// TestAnOrganizationWithoutMembersIsReported (C6b), and its billing ended by the policy; with
// a member it is not.
func TestAnOrganizationWithoutMembersIsReported(t *testing.T) {
	for policy, want := range map[lockstep.EmptyPolicy]string{"": "active", lockstep.EmptyReport: "active",
		lockstep.EmptyEnd: "active, ending", lockstep.EmptyCancel: "canceled"} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion.EmptyOrganization = policy })
				org, ada, bob := w.team("pro")
				account := "organization/" + org
				w.scheduled(w.newest()) // as after a downgrade in the portal
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if a := w.ask(account); len(a.Problems) != 0 {
					t.Errorf("with one member left: %+v", a.Problems)
				}
				if err := w.sim.DeleteUser(bob); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				w.billed(account, want, false)
				a := w.ask(account)
				if a.has(lockstep.StepMembers) != (policy != lockstep.EmptyCancel) || a.Problem != "" || a.State != "active" {
					t.Errorf("%+v", a)
				}
				if policy != lockstep.EmptyCancel && !strings.Contains(strings.Join(w.problemsOf(), " "), account) {
					t.Errorf("the list of problems: %v", w.problemsOf())
				}
				eve := w.mustSignUp("eve@example.com")
				if err := w.sim.AddMember(org, eve, "org:admin"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if a := w.ask(account); len(a.Problems) != 0 {
					t.Errorf("with a member again: %+v", a.Problems)
				}
			})
		})
	}
}

// TestTheLastMemberIsGone (C6b): their deletion is found by the list, or there is nothing to
// bill any more.
func TestTheLastMemberIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		key      string // what was bought; empty: nothing
		canceled bool   // the subscription ended before
		lost     bool   // no event tells of the deletion
		reported bool
	}{
		"no event tells":           {key: "pro", lost: true, reported: true},
		"it never paid":            {},
		"it has a license":         {key: "life"},
		"its subscription is over": {key: "pro", canceled: true},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(s *server.Config) { s.Deletion.EmptyOrganization = lockstep.EmptyEnd })
				ada, _ := w.mustSignUp("ada@example.com"), w.mustSignUp("somebody@example.com")
				org, err := w.sim.CreateOrganization("Engines", ada)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				account := "organization/" + org.ID
				if c.key != "" {
					w.mustBuyAs(account, c.key, ada)
					time.Sleep(time.Minute)
				}
				if c.canceled {
					if err := w.sim.CancelSubscription(w.newest(), false); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
				}
				if c.lost {
					w.sim.SetClerkWebhooks(nil)
				}
				if err := w.sim.DeleteUser(ada); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2*listEvery + time.Hour)
				if a := w.ask(account); a.has(lockstep.StepMembers) != c.reported || a.Problem != "" || a.State != "active" {
					t.Errorf("%+v", a)
				}
				if c.reported {
					w.billed(account, "active, ending", false)
				}
			})
		})
	}
}
