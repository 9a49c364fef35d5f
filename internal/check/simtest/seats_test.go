package simtest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// leastSeats is the fewest seats that an organization pays for.
const leastSeats = 2

// follows returns how the seats of a world follow the members.
func follows(seed uint64) lockstep.SeatFollow {
	return []lockstep.SeatFollow{lockstep.SeatsUpAndDown, lockstep.SeatsOff, lockstep.SeatsUp}[seed%3]
}

// join adds a user to an organization, sometimes several at once.
func (w *world) join() {
	org, some := pick(w, w.sim.Organizations())
	for range 1 + w.rng.IntN(2) {
		if user, ok := pick(w, w.sim.Users()); ok && some {
			w.say("%s joins %s: %v", user.ID, org.ID, w.sim.AddMember(org.ID, user.ID, "org:member"))
		}
	}
}

func (w *world) leave() {
	org, some := pick(w, w.sim.Organizations())
	if user, ok := pick(w, w.sim.Users()); ok && some {
		w.say("%s leaves %s: %v", user.ID, org.ID, w.sim.RemoveMember(org.ID, user.ID))
	}
}

// organization is what Clerk answers about an organization.
type organization struct {
	Members int64 `json:"members_count"`
	Limit   int64 `json:"max_allowed_memberships"`
}

func (w *world) organization(id string) (o organization, err error) {
	status, err := w.call(context.Background(), http.MethodGet,
		"http://"+clerkHost+"/v1/organizations/"+id+"?include_members_count=true", cmp.Or(w.movedKey, clerkKey), nil, &o)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return o, err
}

// checkSeats: Lockstep knows how many members each organization has. Where seats follow, the subscription that counts
// has as many seats, or at least not fewer.
func (c *checker) checkSeats() {
	for _, o := range c.sim.Organizations() {
		truth, err := c.organization(o.ID)
		if err != nil {
			c.wrong("count the members of %s: %v", o.ID, err)
			continue
		}
		account := "organization/" + o.ID
		if a := c.answers[account]; a.Members != truth.Members {
			c.wrong("Lockstep counts %[2]d members of %[1]s, want %[3]d", account, a.Members, truth.Members)
		}
		top, active := best(c.things(account), func(t thing) bool { return t.grants && !c.gift(t) })
		if !active || !top.subscription || truth.Members == 0 {
			continue
		}
		for _, s := range c.sim.Subscriptions() {
			if s.ID != top.id || s.Status == "past_due" || s.CancelAtPeriodEnd || !s.CancelAt.IsZero() {
				continue
			}
			seats, least := s.Items[0].Quantity, max(truth.Members, leastSeats)
			if c.links[s.Customer].Trust == lockstep.Claimed {
				continue // a gift: its payer would be charged for the account's decision
			}
			if s.Schedule != "" && c.answers[account].has(lockstep.StepSeats) {
				continue // Stripe refuses to change what a schedule owns
			}
			switch follows(c.net.seed) {
			case lockstep.SeatsUpAndDown:
				if seats != least {
					c.wrong("%s pays for %d seats but has %d members", account, seats, truth.Members)
				}
			case lockstep.SeatsUp:
				if seats < least {
					c.wrong("%s pays for only %d seats but has %d members", account, seats, truth.Members)
				}
			case lockstep.SeatsOff:
			}
		}
	}
}

// office creates an organization with members and a subscription.
func (w *world) office(members int) (id string) {
	w.t.Helper()
	founder := w.mustSignUp("founder@example.com")
	org, err := w.sim.CreateOrganization("Engines", founder)
	if err != nil {
		w.t.Fatal(err)
	}
	w.grow(org.ID, members-1)
	time.Sleep(time.Minute)
	w.mustBuy("organization/"+org.ID, "pro")
	time.Sleep(time.Minute)
	return org.ID
}

// grow adds members to an organization.
func (w *world) grow(org string, by int) (users []string) {
	for range by {
		w.signUps++
		user := w.mustSignUp("m" + strings.Repeat("x", w.signUps) + "@example.com")
		if err := w.sim.AddMember(org, user, "org:member"); err != nil {
			w.t.Fatal(err)
		}
		users = append(users, user)
	}
	return users
}

// paidSeats returns the seats of the only subscription.
func (w *world) paidSeats() int64 { return w.sim.Subscriptions()[0].Items[0].Quantity }

func (w *world) with(p lockstep.SeatPolicy) {
	w.service.end(w.t)
	w.change = func(c *server.Config) { c.Seats = p }
	w.service = w.boot()
}

// TestSeatsFollowTheMembers: under each policy, also if Clerk's events are lost, and without needless changes.
func TestSeatsFollowTheMembers(t *testing.T) {
	for name, c := range map[string]struct {
		policy                     lockstep.SeatPolicy
		bought, grown, left, found int64
	}{
		"off":         {lockstep.SeatPolicy{}, 1, 1, 1, 1},
		"up":          {lockstep.SeatPolicy{Follow: lockstep.SeatsUp}, 3, 6, 6, 6},
		"up and down": {lockstep.SeatPolicy{Follow: lockstep.SeatsUpAndDown}, 3, 6, 2, 4},
		"minimum": {lockstep.SeatPolicy{Follow: lockstep.SeatsUpAndDown, Minimum: 5, Proration: lockstep.ProrateNow}, 5,
			6, 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.with(c.policy)
				org := w.office(3)
				seats := func(what string, want int64) {
					t.Helper()
					if got := w.paidSeats(); got != want {
						t.Errorf("%s: %d seats, want %d", what, got, want)
					}
				}
				seats("bought", c.bought)
				users := w.grow(org, 3)
				time.Sleep(time.Minute)
				seats("grown to six", c.grown)
				changes := w.changes()
				time.Sleep(26 * time.Hour) // webhooks of our own writes, and two directory sweeps
				if more := w.changes() - changes; more != 0 {
					t.Errorf("%d needless changes", more)
				}
				for _, user := range append(users, w.sim.Users()[1].ID) {
					if err := w.sim.RemoveMember(org, user); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Minute)
				seats("two are left", c.left)
				w.sim.SetClerkWebhooks(nil)
				w.grow(org, 2)
				time.Sleep(26 * time.Hour)
				seats("two have joined, and nobody said so", c.found)
			})
		})
	}
}

// changes counts the changes of subscriptions.
func (w *world) changes() int {
	return w.sim.CountRequests(func(e simulator.Entry) bool {
		return e.Side == "stripe" && e.Method == http.MethodPost && strings.HasPrefix(e.Path, "/v1/subscriptions/")
	})
}

// TestAnEndingSubscriptionKeepsItsSeats: an account that has canceled is not charged again.
func TestAnEndingSubscriptionKeepsItsSeats(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.with(lockstep.SeatPolicy{Follow: lockstep.SeatsUp})
		org := w.office(2)
		if err := w.sim.CancelSubscription(w.sim.Subscriptions()[0].ID, true); err != nil {
			t.Fatal(err)
		}
		w.grow(org, 2)
		time.Sleep(time.Hour)
		if w.paidSeats() != 2 {
			t.Errorf("%d seats, want the two paid ones", w.paidSeats())
		}
	})
}

// TestADeclinedCardLeavesTheSeats: Stripe refuses the change, and nobody loses access.
func TestADeclinedCardLeavesTheSeats(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.with(lockstep.SeatPolicy{Follow: lockstep.SeatsUp, Proration: lockstep.ProrateNow})
		org := w.office(2)
		if err := w.sim.SetCard(w.sim.Subscriptions()[0].Customer, "4000000000000341"); err != nil {
			t.Fatal(err)
		}
		w.grow(org, 2)
		time.Sleep(time.Hour)
		a := w.ask("organization/" + org)
		if !a.Access.Active || a.Access.Seats != 2 || a.Members != 4 || a.Pending || a.Problem != "" ||
			w.sim.Subscriptions()[0].Status != "active" {
			t.Errorf("%+v, and the subscription is %s", a, w.sim.Subscriptions()[0].Status)
		}
		if !a.has(lockstep.StepSeats) {
			t.Errorf("the refusal is not shown: %+v", a.Problems)
		}
		if err := w.sim.SetCard(w.sim.Subscriptions()[0].Customer, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		w.sync("organization/" + org)
		if a := w.ask("organization/" + org); a.Access.Seats != 4 || len(a.Problems) != 0 {
			t.Errorf("with another card: %+v", a)
		}
	})
}

// TestPaidSeatsLimitTheMembers: Clerk allows as many members as there are paid seats. The limit stays when the
// subscription ends.
func TestPaidSeatsLimitTheMembers(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		w.with(lockstep.SeatPolicy{LimitMembers: true})
		org := w.office(1)
		limit := func(want int64) {
			t.Helper()
			if o, err := w.organization(org); err != nil || o.Limit != want {
				t.Errorf("Clerk allows %d members, want %d (%v)", o.Limit, want, err)
			}
		}
		limit(1)
		s := w.sim.Subscriptions()[0]
		w.dashboard("/v1/subscriptions/"+s.ID, map[string][]string{"items[0][id]": {s.Items[0].ID},
			"items[0][quantity]": {"7"}})
		time.Sleep(time.Minute)
		limit(7)
		writes := func() int {
			return w.sim.CountRequests(func(e simulator.Entry) bool {
				return e.Side == "clerk" && e.Method == http.MethodPatch && e.Path == "/v1/organizations/"+org
			})
		}
		before := writes()
		time.Sleep(26 * time.Hour)
		if more := writes() - before; more != 0 || before != 2 {
			t.Errorf("the limit was written %d times, then %d times needlessly", before, more)
		}
		// by someone at the dashboard
		w.clerk(http.MethodPatch, "/v1/organizations/"+org, map[string]any{"max_allowed_memberships": 50})
		time.Sleep(time.Minute)
		limit(7)
		if err := w.sim.CancelSubscription(s.ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		limit(7)
	})
}
