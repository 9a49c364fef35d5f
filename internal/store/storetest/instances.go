package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var (
	oldAlice = lockstep.Account{Kind: lockstep.User, ID: "user_old_alice"}
	carol    = lockstep.Account{Kind: lockstep.User, ID: "user_carol"}
)

// move accepts another instance: the known accounts become former accounts.
func (w *world) move(to string) lockstep.Instance {
	w.Helper()
	if _, err := w.Instance(w.Context(), lockstep.Clerk); errors.Is(err, lockstep.ErrNotFound) {
		_, err = w.MeetInstance(w.Context(), lockstep.Clerk, "ins_first", "digest")
		w.ok(err)
	}
	_, err := w.MeetInstance(w.Context(), lockstep.Clerk, to, "digest of "+to)
	w.ok(err)
	accepted, err := w.AcceptInstance(w.Context(), lockstep.Clerk, to)
	w.ok(err)
	return accepted
}

// succeed moves an account to its successor in a run of the successor's key.
func (w *world) succeed(from, to lockstep.Account, generation int64) error {
	w.Helper()
	w.mark(to.Key(), lockstep.ScopeIdentity, lockstep.Normal)
	claim := w.among(to.Key())
	err := w.Succeed(w.Context(), claim, lockstep.Succession{From: from, To: to, Generation: generation})
	w.done(claim)
	return err
}

// business creates a former account with data of every kind.
func (w *world) business(a lockstep.Account) {
	w.Helper()
	claim := w.hold(a.Key())
	w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: a, Email: "a@example.com",
		CustomerID: "cus_0", CustomerDeleted: true}}))
	w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{
		Record: lockstep.Record{Account: a, Email: "a@example.com", CustomerID: "cus_1", CustomerEmail: "c@example.com",
			CustomerGeneration: 3,
			EntitledBy:         "sub_1", Entitlements: []string{"export"},
			Subscriptions: []lockstep.Subscription{subscription("sub_1",
				"cus_1", "active")}},
		Notices: []lockstep.Notice{{ID: "n_1", Kind: "payment", Account: a, Object: "sub_1"}}}))
	w.done(claim)
	license := w.hold(checkoutKey("cs_1"))
	w.ok(w.SaveLicense(w.Context(), license, lockstep.License{ID: "cs_1", Account: a, PaymentID: "pi_1",
		Status: lockstep.LicenseActive}, nil))
	w.done(license)
	w.ok(w.Assign(w.Context(), checkoutKey("cs_2"), a))
	w.take(time.Minute) // runs hold the keys that these have marked
}

func subscription(id, customer, status string) lockstep.Subscription {
	return lockstep.Subscription{ID: id, CustomerID: customer, Status: status, CreatedAt: time.Unix(1700000000, 0).UTC()}
}

var instances = map[string]func(*world){
	"the first instance is accepted; another one waits": func(w *world) {
		_, err := w.Instance(w.Context(), lockstep.Clerk)
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("before the first: %v", err)
		}
		first, err := w.MeetInstance(w.Context(), lockstep.Clerk, "ins_1", "one")
		w.ok(err)
		equal(w, "first", withoutInstanceTimes(first), lockstep.Instance{Provider: lockstep.Clerk, ID: "ins_1",
			KeyDigest: "one"})
		second, err := w.MeetInstance(w.Context(), lockstep.Clerk, "ins_2", "two")
		w.ok(err)
		equal(w, "second", withoutInstanceTimes(second), lockstep.Instance{Provider: lockstep.Clerk, ID: "ins_1",
			KeyDigest: "one", Waiting: "ins_2"})
		equal(w, "since when is known", second.WaitingSince.IsZero(), false)
		again, err := w.MeetInstance(w.Context(), lockstep.Clerk, "ins_2", "two")
		w.ok(err)
		equal(w, "again", again, second)
		_, err = w.Instance(w.Context(), lockstep.Stripe)
		if !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("of another provider: %v", err)
		}
	},
	"a rotated key of the same instance is recorded, and no instance waits any more": func(w *world) {
		for _, met := range []string{"ins_1", "ins_2", "ins_1"} {
			_, err := w.MeetInstance(w.Context(), lockstep.Clerk, met, "key of "+met+fmt.Sprint(len(met)))
			w.ok(err)
		}
		i, err := w.MeetInstance(w.Context(), lockstep.Clerk, "ins_1", "rotated")
		w.ok(err)
		equal(w, "instance", withoutInstanceTimes(i), lockstep.Instance{Provider: lockstep.Clerk, ID: "ins_1",
			KeyDigest: "rotated"})
	},
	"only the waiting instance can be accepted, and once": func(w *world) {
		_, err := w.MeetInstance(w.Context(), lockstep.Clerk, "ins_1", "one")
		w.ok(err)
		for _, id := range []string{"ins_2", ""} {
			if _, err := w.AcceptInstance(w.Context(), lockstep.Clerk, id); !errors.Is(err, lockstep.ErrNotFound) {
				w.Errorf("%q: %v, want ErrNotFound", id, err)
			}
		}
		_, err = w.MeetInstance(w.Context(), lockstep.Clerk, "ins_2", "two")
		w.ok(err)
		mark := lockstep.Mark{Key: sweepKey, Priority: lockstep.Interactive}
		for range 2 {
			i, err := w.AcceptInstance(w.Context(), lockstep.Clerk, "ins_2", mark)
			w.ok(err)
			equal(w, "instance", withoutInstanceTimes(i), lockstep.Instance{Provider: lockstep.Clerk, ID: "ins_2",
				Generation: 1})
		}
		equal(w, "marked", w.work(sweepKey).Generation, int64(1))
	},
	"an account that the accepted instance never listed is not missing": func(w *world) {
		w.save(lockstep.Record{Account: alice})
		w.move("ins_2")
		w.save(lockstep.Record{Account: bob, InstanceGeneration: 1})
		missing, err := w.Unlisted(w.Context(), lockstep.User, w.now()+1000, "", 10)
		w.ok(err)
		equal(w, "missing", missing, []lockstep.Account{bob})
		adrift, err := w.RecordListed(w.Context(), w.hold(sweepKey), w.now()+1000,
			[]lockstep.Identity{{Account: alice}, {Account: bob}})
		w.ok(err)
		equal(w, "a former account that is listed is looked at", adrift, []lockstep.Account{alice})
	},
	"a record keeps its relation to the instance": func(w *world) {
		want := lockstep.Record{Account: alice, State: lockstep.AccountActive, InstanceGeneration: 2,
			MissingSince: time.UnixMilli(1700000000001).UTC(), Candidate: "user_x", Misnamed: true}
		w.save(want)
		equal(w, "record", withoutTimes(w.account(alice)), want)
		w.save(lockstep.Record{Account: alice, InstanceGeneration: 3})
		equal(w, "record", withoutTimes(w.account(alice)), lockstep.Record{Account: alice, State: lockstep.AccountActive,
			InstanceGeneration: 3})
	},
	"a successor gets everything, and the former id leads to it": func(w *world) {
		w.business(oldAlice)
		created := w.account(oldAlice).CreatedAt
		w.move("ins_2")
		w.deliver("evt_1", oldAlice.Key())
		w.take(time.Minute) // a run holds the former account
		w.mark(alice.Key(), lockstep.ScopeIdentity, lockstep.Normal)
		claim := w.claim(alice.Key())
		w.ok(w.Succeed(w.Context(), claim, lockstep.Succession{From: oldAlice, To: alice, Generation: 1}))
		if _, err := w.Account(w.Context(), oldAlice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("the former account: %v", err)
		}
		r := w.account(alice)
		equal(w, "created at", r.CreatedAt, created)
		equal(w, "licenses", len(r.Licenses), 1)
		equal(w, "license's account", r.Licenses[0].Account, alice)
		equal(w, "subscriptions", len(r.Subscriptions), 1)
		r.Licenses, r.Subscriptions = nil, nil
		equal(w, "record", withoutTimes(r), lockstep.Record{Account: alice, State: lockstep.AccountActive,
			CustomerID: "cus_1", CustomerEmail: "c@example.com",
			CustomerGeneration: 3, EntitledBy: "sub_1", Entitlements: []string{"export"}, Misnamed: true, InstanceGeneration: 1,
			Further: []lockstep.Link{{CustomerID: "cus_0", Account: alice, Trust: lockstep.Proven, Deleted: true}}})
		for _, customer := range []string{"cus_0", "cus_1"} {
			w.linkedTo(customer, alice)
		}
		successor, err := w.Successor(w.Context(), oldAlice)
		w.ok(err)
		equal(w, "successor", successor, alice)
		assigned, err := w.AssignmentOf(w.Context(), checkoutKey("cs_2"))
		w.ok(err)
		equal(w, "assigned to", assigned, alice)
		notices, err := w.Notices(w.Context(), alice)
		w.ok(err)
		equal(w, "notices", len(notices), 1)
		w.eventIs("evt_1", alice.Key(), lockstep.EventPending, "")
		w.done(claim)
		equal(w, "to be looked at wholly", w.among(alice.Key()).Scope.Has(
			lockstep.ScopePayments|lockstep.ScopeSubscriptions), true)
	},
	"a run of the former account cannot bring it back": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.move("ins_2")
		former := w.hold(oldAlice.Key())
		w.ok(w.succeed(oldAlice, alice, 1))
		err := w.Save(w.Context(), former, lockstep.AccountUpdate{Record: lockstep.Record{Account: oldAlice,
			CustomerID: "cus_1"}})
		if !errors.Is(err, lockstep.ErrLeaseLost) {
			w.Errorf("save: %v, want ErrLeaseLost", err)
		}
		w.linkedTo("cus_1", alice)
	},
	"keys that wait for the former account are woken": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice})
		w.move("ins_2")
		claim := w.hold(cus2)
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Parked, WaitsFor: []lockstep.Key{oldAlice.Key()}})
		w.ok(w.succeed(oldAlice, alice, 1))
		equal(w, "pending", w.work(cus2).Pending(), true)
	},
	"an account of the accepted instance has no successor": func(w *world) {
		w.save(lockstep.Record{Account: bob, CustomerID: "cus_1"})
		w.move("ins_2")
		w.save(lockstep.Record{Account: bob, CustomerID: "cus_1", InstanceGeneration: 1})
		before := w.account(bob)
		w.refused(w.succeed(bob, alice, 1), lockstep.ErrInUse, bob, before)
		if err := w.succeed(carol, alice, 1); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("an unknown account: %v, want ErrNotFound", err)
		}
		if err := w.succeed(acme, alice, 1); !errors.Is(err, lockstep.ErrInvalid) {
			w.Errorf("another kind: %v, want ErrInvalid", err)
		}
	},
	"further customers move with their trust, and a displaced primary becomes a further one": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.link(oldAlice, "cus_3", lockstep.Claimed)
		w.link(oldAlice, "cus_4", lockstep.Proven)
		w.drain()
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", InstanceGeneration: 1})
		w.ok(w.succeed(oldAlice, alice, 1))
		r := w.account(alice)
		equal(w, "customer", r.CustomerID, "cus_1")
		trust := map[string]lockstep.Trust{}
		for _, l := range r.Further {
			equal(w, "account of "+l.CustomerID, l.Account, alice)
			trust[l.CustomerID] = l.Trust
		}
		equal(w, "further customers", trust, map[string]lockstep.Trust{"cus_2": lockstep.Proven, "cus_3": lockstep.Claimed,
			"cus_4": lockstep.Proven})
	},
	"a claimed customer's subscription does not prevent a succession": func(w *world) {
		w.business(oldAlice)
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", InstanceGeneration: 1})
		w.link(alice, "cus_3", lockstep.Claimed)
		r := w.account(alice)
		r.Subscriptions = []lockstep.Subscription{subscription("sub_3", "cus_3", "active")}
		w.save(r)
		w.ok(w.succeed(oldAlice, alice, 1))
		r = w.account(alice)
		equal(w, "customer", r.CustomerID, "cus_1")
		equal(w, "subscriptions", len(r.Subscriptions), 2)
	},
	"a customer without a subscription gives way to the former account's customer": func(w *world) {
		w.business(oldAlice)
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", InstanceGeneration: 1})
		w.ok(w.succeed(oldAlice, alice, 1))
		equal(w, "customer", w.account(alice).CustomerID, "cus_1")
		w.linkedTo("cus_2", alice)
	},
	"a customer with a subscription stays the primary one beside a customer without": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", InstanceGeneration: 1,
			Subscriptions: []lockstep.Subscription{subscription("sub_2", "cus_2", "active")}})
		w.ok(w.succeed(oldAlice, alice, 1))
		equal(w, "customer", w.account(alice).CustomerID, "cus_2")
		equal(w, "misnamed", w.account(alice).Misnamed, false)
		w.linkedTo("cus_1", alice)
	},
	"two customers with running subscriptions are both kept": func(w *world) {
		w.business(oldAlice)
		w.link(oldAlice, "cus_3", lockstep.Claimed)
		w.drain()
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, CustomerID: "cus_2", CustomerEmail: "b@example.com", InstanceGeneration: 1,
			Subscriptions: []lockstep.Subscription{subscription("sub_2", "cus_2", "past_due")}})
		w.ok(w.succeed(oldAlice, alice, 1))
		customers := w.customers(alice)
		slices.Sort(customers[1:])
		equal(w, "customers", customers, []string{"cus_2", "cus_0 proven deleted", "cus_1 proven", "cus_3 claimed"})
		r := w.account(alice)
		equal(w, "subscriptions", len(r.Subscriptions), 2)
		equal(w, "licenses", len(r.Licenses), 1)
		equal(w, "what the primary customer was given", r.CustomerEmail, "b@example.com")
		equal(w, "misnamed", r.Misnamed, false)
		for _, customer := range []string{"cus_0", "cus_1", "cus_2", "cus_3"} {
			w.linkedTo(customer, alice)
		}
	},
	"no succession happens while a customer is being created": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, Intent: &lockstep.Intent{Key: "k", At: time.UnixMilli(1700000000000).UTC()},
			InstanceGeneration: 1})
		before := w.account(oldAlice)
		w.refused(w.succeed(oldAlice, alice, 1), lockstep.ErrBusy, oldAlice, before)
	},
	"accounts move to a new instance and back": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.move("ins_2")
		w.ok(w.succeed(oldAlice, alice, 1))
		w.move("ins_3")
		w.ok(w.succeed(alice, carol, 2))
		successor, err := w.Successor(w.Context(), oldAlice)
		w.ok(err)
		equal(w, "successor of the first", successor, carol)
		w.move("ins_first")
		w.ok(w.succeed(carol, oldAlice, 3))
		w.linkedTo("cus_1", oldAlice)
		if _, err := w.Successor(w.Context(), oldAlice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("who is back has a successor: %v", err)
		}
		for _, a := range []lockstep.Account{alice, carol} {
			successor, err := w.Successor(w.Context(), a)
			w.ok(err)
			equal(w, "successor", successor, oldAlice)
		}
	},
	"a user's payments for organizations move too": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice})
		sold := subscription("sub_1", "cus_1", "active")
		sold.PaidBy = oldAlice.ID
		w.save(lockstep.Record{Account: acme, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{sold}})
		w.move("ins_2")
		w.ok(w.succeed(oldAlice, alice, 1))
		equal(w, "pays for", len(w.account(alice).PaysFor), 1)
	},
	"an operator's order is kept until it is carried out": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, CustomerID: "cus_1"})
		w.save(lockstep.Record{Account: acme})
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, InstanceGeneration: 1})
		for _, wrong := range []struct {
			from, to lockstep.Account
			want     error
		}{{carol, alice, lockstep.ErrNotFound}, {oldAlice, carol, lockstep.ErrNotFound}, {alice, oldAlice,
			lockstep.ErrInUse}, {acme, alice, lockstep.ErrInvalid}, {alice, alice, lockstep.ErrInvalid}} {
			if err := w.OrderSuccession(w.Context(), wrong.from, wrong.to); !errors.Is(err, wrong.want) {
				w.Errorf("%s to %s: %v, want %v", wrong.from, wrong.to, err, wrong.want)
			}
		}
		w.ok(w.OrderSuccession(w.Context(), oldAlice, alice))
		equal(w, "scope", w.work(alice.Key()).Scope, lockstep.ScopeIdentity|lockstep.ScopeSuccession)
		ordered, err := w.OrderedPredecessors(w.Context(), alice)
		w.ok(err)
		equal(w, "ordered", ordered, []lockstep.Account{oldAlice})
		if _, err := w.Successor(w.Context(), oldAlice); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("before it is carried out: %v", err)
		}
		w.ok(w.succeed(oldAlice, alice, 1))
		ordered, err = w.OrderedPredecessors(w.Context(), alice)
		w.ok(err)
		equal(w, "ordered", ordered, nil)
	},
	"former accounts are listed and found by address": func(w *world) {
		w.save(lockstep.Record{Account: oldAlice, Email: "a@example.com", CustomerID: "cus_1"})
		w.save(lockstep.Record{Account: bob, Email: "b@example.com"})
		w.save(lockstep.Record{Account: carol, Email: "a@example.com", State: lockstep.AccountDeleted})
		list := func(after lockstep.FormerAccount, limit int) []lockstep.FormerAccount {
			found, err := w.FormerAccounts(w.Context(), after, limit)
			w.ok(err)
			return found
		}
		equal(w, "before the first instance", list(lockstep.FormerAccount{}, 10), nil)
		w.move("ins_2")
		w.save(lockstep.Record{Account: alice, Email: "a@example.com", InstanceGeneration: 1})
		all := []lockstep.FormerAccount{{Account: bob}, {Account: oldAlice, CustomerID: "cus_1"}}
		equal(w, "all", list(lockstep.FormerAccount{}, 10), all)
		equal(w, "first", list(lockstep.FormerAccount{}, 1), all[:1])
		equal(w, "second", list(all[0], 1), all[1:])
		found, err := w.FormerByEmail(w.Context(), lockstep.User, "a@example.com")
		w.ok(err)
		equal(w, "by address", found, []lockstep.Account{oldAlice})
		found, err = w.FormerByEmail(w.Context(), lockstep.User, "")
		w.ok(err)
		equal(w, "without one", found, nil)
	},
}

func withoutInstanceTimes(i lockstep.Instance) lockstep.Instance {
	i.AcceptedAt, i.WaitingSince = time.Time{}, time.Time{}
	return i
}
