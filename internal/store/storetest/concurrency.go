package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
)

var concurrency = map[string]func(*world){
	"one event delivered 50 times at once is stored once": func(w *world) {
		var stored atomic.Int32
		var group errgroup.Group
		start := make(chan struct{})
		for range 50 {
			group.Go(func() error {
				<-start
				receipts, err := w.Receive(w.Context(), []lockstep.Delivery{delivery("evt_1", cus1)})
				if err == nil && receipts[0].Stored {
					stored.Add(1)
				}
				return err
			})
		}
		close(start)
		w.ok(group.Wait())
		equal(w, "stored", stored.Load(), int32(1))
		// Concurrent writers may mark once more than needed; a stored event is settled with its mark.
		w.done(w.claim(cus1))
		w.settled(cus1)
		w.eventIs("evt_1", cus1, lockstep.EventDone, "")
	},
	"400 marks and several workers: no overlap, no lost update": func(w *world) {
		const marks, keys, workers = 400, 5, 6
		var marked [keys]atomic.Int64 // the state of the outside world, for each key
		var seen [keys]int64          // what a run saw; written by the run that holds the key
		var inside [keys]atomic.Int32
		var runs atomic.Int32
		index := map[lockstep.Key]int{}
		for i := range keys {
			index[customerKey(fmt.Sprint(i))] = i
		}
		wake, allMarked := make(chan struct{}, workers), make(chan struct{})
		var group errgroup.Group
		for range workers {
			group.Go(func() error {
				for {
					claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 2, Lease: time.Minute,
						MaxPriority: lockstep.Background})
					if err != nil {
						return err
					}
					for _, c := range claims {
						i := index[c.Key]
						if n := inside[i].Add(1); n != 1 {
							return fmt.Errorf("%d runs of %s at once", n, c.Key)
						}
						seen[i] = marked[i].Load()
						runs.Add(1)
						inside[i].Add(-1)
						if err := w.Finish(w.Context(), c, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
							return err
						}
					}
					if len(claims) > 0 {
						continue
					}
					select {
					case <-wake:
					case <-allMarked:
						if _, pending, err := w.NextDue(w.Context(), lockstep.Background); err != nil || !pending {
							return err
						}
					}
				}
			})
		}
		var markers sync.WaitGroup
		for m := range marks {
			markers.Go(func() {
				i := m % keys
				marked[i].Add(1) // the world changes, then the mark reports it
				if err := w.Mark(w.Context(), lockstep.Mark{Key: customerKey(fmt.Sprint(i))}); err != nil {
					w.Error(err)
				}
				select {
				case wake <- struct{}{}:
				default: // all workers are awake already
				}
			})
		}
		markers.Wait()
		close(allMarked)
		w.ok(group.Wait())
		for i := range keys {
			if seen[i] != marks/keys {
				w.Errorf("key %d: the last run saw %d of %d", i, seen[i], marks/keys)
			}
			w.settled(customerKey(fmt.Sprint(i)))
		}
		if n := runs.Load(); n < keys || n > marks {
			w.Errorf("%d runs of %d marks", n, marks)
		}
	},
	"two accounts do not get one customer": func(w *world) {
		w.mark(alice.Key(), 0, lockstep.Normal)
		w.mark(bob.Key(), 0, lockstep.Normal)
		var linked atomic.Int32
		var group errgroup.Group
		for _, c := range w.take(time.Minute) {
			group.Go(func() error {
				account, _ := c.Key.Account()
				err := w.Save(w.Context(), c, lockstep.AccountUpdate{Record: lockstep.Record{Account: account,
					CustomerID: "cus_1"}})
				if errors.Is(err, lockstep.ErrLinked) {
					return nil
				}
				linked.Add(1)
				return err
			})
		}
		w.ok(group.Wait())
		equal(w, "linked", linked.Load(), int32(1))
	},
	"of two customers that are linked at once, one becomes the primary": func(w *world) {
		for i := range 20 {
			account := lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", i)}
			if i%2 > 0 { // the account exists before
				w.save(lockstep.Record{Account: account})
			}
			var group errgroup.Group
			claims := []lockstep.Claim{w.hold(checkoutKey(fmt.Sprintf("cs_%da", i))),
				w.hold(checkoutKey(fmt.Sprintf("cs_%db", i)))}
			for _, claim := range claims {
				group.Go(func() error {
					return w.Link(w.Context(), claim, lockstep.Identity{Account: account}, "cus_of_"+claim.Key.ID, lockstep.Proven)
				})
			}
			w.ok(group.Wait())
			r := w.account(account)
			if r.CustomerID == "" || len(r.Further) != 1 || r.Further[0].CustomerID == r.CustomerID {
				w.Errorf("primary %q, further %v", r.CustomerID, r.Further)
			}
			w.done(w.among(account.Key()))
		}
	},
	"an event that arrives while its customer is being linked is settled": func(w *world) {
		for i := range 40 {
			account, customer := lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", i)}, fmt.Sprintf("cus_%d", i)
			id := "evt_" + customer
			claim := w.hold(account.Key())
			var group errgroup.Group
			group.Go(func() error {
				_, err := w.Receive(w.Context(), []lockstep.Delivery{delivery(id, customerKey(customer))})
				return err
			})
			group.Go(func() error {
				return w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: account,
					CustomerID: customer}})
			})
			w.ok(group.Wait())
			w.done(claim)
			for claims := w.take(time.Minute); len(claims) > 0; claims = w.take(time.Minute) {
				for _, c := range claims {
					if c.Key.Kind == lockstep.KeyCustomer { // like a run that finds the customer linked
						w.mark(account.Key(), c.Scope, lockstep.Normal)
					}
					w.done(c)
				}
			}
			if e := w.event(id); e.Status != lockstep.EventDone {
				w.Errorf("event %s of %s is %s", id, e.Key, e.Status)
			}
		}
	},
	"two runs that mark each other's keys both end": func(w *world) {
		for range 30 {
			w.mark(alice.Key(), 0, lockstep.Normal)
			w.mark(bob.Key(), 0, lockstep.Normal)
			var group errgroup.Group
			for _, c := range w.take(time.Minute) {
				account, _ := c.Key.Account()
				group.Go(func() error {
					err := w.Save(w.Context(), c, lockstep.AccountUpdate{Record: lockstep.Record{Account: account},
						Marks: []lockstep.Mark{{Key: alice.Key()}, {Key: bob.Key()}}})
					return errors.Join(err, w.Finish(w.Context(), c, lockstep.Outcome{Disposition: lockstep.Done}))
				})
			}
			w.ok(group.Wait())
			for _, c := range w.take(time.Minute) {
				w.done(c)
			}
		}
	},
	"concurrent merges into one identity's metadata are all kept": func(w *world) {
		_, err := w.PutIdentity(w.Context(), lockstep.Identity{Account: alice, Email: "a@example.com"})
		w.ok(err)
		want := map[string]any{}
		var group errgroup.Group
		for i := range 20 {
			name := fmt.Sprintf("k%d", i)
			want[name] = "v"
			group.Go(func() error { return w.MergeMetadata(w.Context(), alice, map[string]any{name: "v"}) })
		}
		w.ok(group.Wait())
		identity, err := w.Identity(w.Context(), alice)
		w.ok(err)
		equal(w, "metadata", identity.Metadata, want)
	},
	"many operations at once": func(w *world) {
		var group errgroup.Group
		for i := range 4 {
			group.Go(func() error {
				for j := range 10 {
					id := fmt.Sprintf("%d_%d", i, j)
					if _, err := w.Receive(w.Context(), []lockstep.Delivery{delivery("evt_"+id, customerKey(id))}); err != nil {
						return err
					}
					if _, err := w.Events(w.Context(), lockstep.EventFilter{Limit: 5}); err != nil {
						return err
					}
					if err := w.Ping(w.Context()); err != nil {
						return err
					}
				}
				return nil
			})
		}
		w.ok(group.Wait())
		equal(w, "claims", len(w.take(time.Minute)), 40)
	},
}
