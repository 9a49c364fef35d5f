package storetest

import (
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
		equal(w, "generation", w.work(cus1).Generation, int64(1))
	},
	"400 marks and several workers: no overlap, no lost update": func(w *world) {
		const marks, keys, workers = 400, 5, 6
		var marked [keys]atomic.Int64 // what there is to see, per key
		var seen [keys]int64          // what a run saw; written by whoever holds the key
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
					claims, err := w.Claim(w.Context(), lockstep.ClaimRequest{Limit: 2, Lease: time.Minute, MaxPriority: lockstep.Background})
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
				marked[i].Add(1) // the world changes, then we are told
				if err := w.Mark(w.Context(), lockstep.Mark{Key: customerKey(fmt.Sprint(i))}); err != nil {
					w.Error(err)
				}
				select {
				case wake <- struct{}{}:
				default: // all are awake already
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
				if w.Save(w.Context(), c, lockstep.Change{Record: lockstep.Record{Account: account, CustomerID: "cus_1"}}) == nil {
					linked.Add(1)
				}
				return nil
			})
		}
		w.ok(group.Wait())
		equal(w, "linked", linked.Load(), int32(1))
	},
	"many things at once": func(w *world) {
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
