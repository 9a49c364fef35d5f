package ingest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// bubble runs a test with a slow disk.
func bubble(t *testing.T, test func(*kit)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.disk.slow = make(chan struct{})
		k.reopen()
		test(k)
		k.answers.Wait()
		if c := &k.endpoint.Intake.commits; c.running != 0 || len(c.waiting[0])+len(c.waiting[1]) != 0 {
			t.Errorf("%d transactions run and %v wait when all is over", c.running, c.waiting)
		}
	})
}

// commit lets one transaction continue, and waits for the consequences.
func (k *kit) commit() {
	k.disk.slow <- struct{}{}
	synctest.Wait()
}

// goOn lets all transactions continue, and waits for all answers.
func (k *kit) goOn() {
	close(k.disk.slow)
	close(k.disk.sync)
	k.answers.Wait()
}

func TestDeliveriesDuringACommitShareTheNext(t *testing.T) {
	bubble(t, func(k *kit) {
		began := time.Now()
		for i := range 64 {
			k.send(k.Context(), fmt.Sprint(i), normal, 5000)
			synctest.Wait() // the first one starts at once, alone
		}
		if got := k.disk.started(); !slices.Equal(got, []int{1}) {
			k.Errorf("transactions began with %v deliveries", got)
		}
		if n := k.count(0); n != 64 || len(k.stored()) > 0 {
			k.Errorf("%d of 64 are unanswered before anything is committed", n)
		}
		k.commit()
		if n := k.count(http.StatusOK); n != 1 {
			k.Errorf("%d are answered after the first commit", n)
		}
		k.commit()
		if n := k.count(http.StatusOK); n != 64 || time.Since(began) > 0 {
			k.Errorf("%d are answered after %s", n, time.Since(began))
		}
		if got := k.disk.started(); !slices.Equal(got, []int{1, 63}) {
			k.Errorf("transactions began with %v deliveries", got)
		}
		k.consistent()
	})
}

// As many transactions run at once as the store says. Deliveries that come meanwhile share the next
// one, which starts when one of them ends.
func TestTransactionsOverlapAsTheStoreSays(t *testing.T) {
	for _, overlap := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(overlap), func(t *testing.T) {
			bubble(t, func(k *kit) {
				k.disk.overlap, k.disk.sync = overlap, make(chan struct{})
				k.reopen()
				want := slices.Repeat([]int{1}, overlap)
				for i := range overlap + 5 {
					k.send(k.Context(), fmt.Sprint(i), normal, 0)
					synctest.Wait()
				}
				began := func(when string) {
					if got := k.disk.started(); !slices.Equal(got, want) {
						k.Errorf("%s, transactions began with %v deliveries, want %v", when, got, want)
					}
				}
				began("while all are written")
				for range overlap {
					k.commit()
				}
				began("while all wait for the disk")
				if n := k.count(0); n != overlap+5 {
					k.Errorf("%d were answered before they were on disk", overlap+5-n)
				}
				k.disk.sync <- struct{}{}
				synctest.Wait()
				want = append(want, 5)
				began("when one has ended")
				if n := k.count(http.StatusOK); n != 1 {
					k.Errorf("%d are answered after one transaction has ended", n)
				}
				k.goOn()
				if k.disk.inMost != overlap || k.count(http.StatusOK) != overlap+5 {
					k.Errorf("%d transactions at once, %d stored", k.disk.inMost, k.count(http.StatusOK))
				}
				k.consistent()
			})
		})
	}
}

// A fault of one transaction, before it is on disk, does not touch those that run beside it.
func TestAFaultDoesNotTouchTransactionsBesideIt(t *testing.T) {
	bubble(t, func(k *kit) {
		k.disk.overlap, k.disk.sync, k.disk.unsafe = 4, make(chan struct{}), "unsafe"
		k.reopen()
		for _, id := range []string{"before", "panic late", "unsafe", "after"} {
			k.send(k.Context(), id, normal, 0)
			synctest.Wait()
			k.commit()
		}
		k.send(k.Context(), "waits", normal, 0)
		synctest.Wait()
		if got := k.disk.started(); !slices.Equal(got, []int{1, 1, 1, 1}) {
			k.Errorf("transactions began with %v deliveries", got)
		}
		k.goOn()
		if k.code("unsafe") != http.StatusServiceUnavailable || k.code("panic late") != -1 || k.count(http.StatusOK) != 3 {
			k.Errorf("answers are %v", k.codes)
		}
	})
}

// An event that no transaction accepts fails alone.
func TestAPoisonDeliveryFailsAlone(t *testing.T) {
	bubble(t, func(k *kit) {
		k.disk.spoilt = "5"
		for i := range 12 {
			k.send(k.Context(), fmt.Sprint(i), normal, 0)
			synctest.Wait()
		}
		for k.count(0) > 0 {
			k.commit()
		}
		if k.code("5") != http.StatusServiceUnavailable || k.count(http.StatusOK) != 11 {
			k.Errorf("answers are %v", k.codes)
		}
		k.consistent()
	})
}

// A sender that leaves does not take others along: not while it waits, and not while its request
// runs the others' transaction.
func TestASenderThatLeavesAffectsNoOther(t *testing.T) {
	bubble(t, func(k *kit) {
		leaving, leave := context.WithCancel(k.Context())
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		k.send(leaving, "leader", normal, 0)
		synctest.Wait()
		for i := range 5 {
			k.send(k.Context(), fmt.Sprint(i), normal, 0)
		}
		synctest.Wait()
		k.commit() // now the leader's transaction holds the others
		waits, giveUp := context.WithCancel(k.Context())
		k.send(waits, "waits", normal, 0)
		synctest.Wait()
		leave()
		giveUp()
		synctest.Wait()
		if got := k.disk.started(); !slices.Equal(got, []int{1, 6}) || len(k.stored()) != 1 {
			k.Errorf("transactions began with %v deliveries", got)
		}
		k.commit()
		k.send(k.Context(), "last", normal, 0)
		synctest.Wait()
		k.commit()
		stored := k.stored()
		for i := range 5 {
			if id := fmt.Sprint(i); k.code(id) != http.StatusOK || !stored[id] {
				k.Errorf("%s was answered %d; stored: %v", id, k.code(id), stored[id])
			}
		}
		if !stored["first"] || !stored["leader"] || !stored["last"] || stored["waits"] {
			k.Errorf("stored are %v", stored)
		}
	})
}

// A transaction may outlast the request whose body it holds, so the body's memory is not reused.
func TestABodyIsNotOverwrittenWhileItsSenderHasLeft(t *testing.T) {
	bubble(t, func(k *kit) {
		leaving, leave := context.WithCancel(k.Context())
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		k.send(k.Context(), "leader", normal, 0)
		synctest.Wait()
		for i := range 20 {
			k.send(leaving, fmt.Sprintf("left %d", i), normal, 0)
		}
		synctest.Wait()
		k.commit() // the leader's transaction holds the others
		leave()
		synctest.Wait()
		for i := range 40 {
			k.send(k.Context(), fmt.Sprintf("later %d", i), normal, 0)
		}
		synctest.Wait()
		for k.count(0) > 0 {
			k.commit()
		}
		if n := len(k.stored()); n != 62 {
			k.Errorf("%d are stored", n)
		}
	})
}

// A sender leaves just when its delivery is chosen to lead.
func TestALeaderWhoseSenderLeavesStillLeads(t *testing.T) {
	bubble(t, func(k *kit) {
		c := &k.endpoint.Intake.commits
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		leaving, leave := context.WithCancel(k.Context())
		w := &waiter{delivery: deliveryOf(lockstep.Hint{Event: lockstep.Event{Source: lockstep.Stripe, ID: "leaves",
			Type: normal, CustomerID: "cus_1"}}, lockstep.Delivered, time.Now()), turn: make(chan bool, 1)}
		if leader, err := c.enter(w); leader || err != nil {
			k.Fatal(leader, err)
		}
		k.send(k.Context(), "second", normal, 0)
		synctest.Wait()
		k.commit() // hands leadership to w, which does not look
		leave()
		if leaving.Err() == nil || !c.leave(w) || !<-w.turn {
			k.Fatal("it was not its turn")
		}
		k.answers.Go(func() { c.lead(leaving, w) })
		synctest.Wait()
		k.commit()
		if k.code("second") != http.StatusOK || w.err != nil || !k.stored()["leaves"] {
			k.Errorf("answers are %v, and %v", k.codes, w.err)
		}
	})
}

func TestTooManyWaitingDeliveriesAreRefused(t *testing.T) {
	bubble(t, func(k *kit) {
		k.endpoint.Intake.commits.most = 200
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		for i := range 200 + 3 {
			k.send(k.Context(), fmt.Sprint(i), normal, 0)
		}
		synctest.Wait()
		if n := k.count(http.StatusServiceUnavailable); n != 3 {
			k.Errorf("%d were refused", n)
		}
		for k.count(0) > 0 {
			k.commit()
		}
		for _, n := range k.disk.started() {
			if n > mostTogether {
				k.Errorf("%d deliveries shared a transaction", n)
			}
		}
		k.consistent()
	})
}

func TestInteractiveDeliveriesGoFirst(t *testing.T) {
	bubble(t, func(k *kit) {
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		for i := range 2 * mostTogether {
			k.send(k.Context(), fmt.Sprint(i), normal, 0)
		}
		synctest.Wait()
		k.send(k.Context(), "buyer", interactive, 0)
		synctest.Wait()
		k.commit()
		k.commit()
		if k.code("buyer") != http.StatusOK || k.count(http.StatusOK) != 1+mostTogether {
			k.Errorf("the buyer was answered %d after %d others", k.code("buyer"), k.count(http.StatusOK))
		}
		for k.count(0) > 0 {
			k.commit()
		}
	})
}

// Deliveries wait for a hanging store only until their senders would give up.
func TestTheWaitForAHangingStoreEnds(t *testing.T) {
	bubble(t, func(k *kit) {
		began := time.Now()
		for i := range 5 {
			k.send(k.Context(), fmt.Sprint(i), normal, 0)
		}
		k.answers.Wait()
		if k.count(http.StatusServiceUnavailable) != 5 || time.Since(began) > 2*commitTimeout {
			k.Errorf("answers are %v after %s", k.codes, time.Since(began))
		}
		k.consistent()
		k.send(k.Context(), "later", normal, 0)
		synctest.Wait()
		k.commit()
		if k.code("later") != http.StatusOK {
			k.Errorf("the next one was answered %d", k.code("later"))
		}
	})
}

// A panic of the driver leaves no delivery waiting, and leadership passes on.
func TestAPanicInTheStoreEndsOnlyItsTransaction(t *testing.T) {
	bubble(t, func(k *kit) {
		k.send(k.Context(), "first", normal, 0)
		synctest.Wait()
		k.send(k.Context(), "panic", normal, 0)
		synctest.Wait()
		k.send(k.Context(), "beside", normal, 0)
		synctest.Wait()
		k.commit()
		k.commit()
		if k.code("panic") != -1 || k.code("beside") != http.StatusServiceUnavailable {
			k.Errorf("answers are %v", k.codes)
		}
		k.send(k.Context(), "later", normal, 0)
		synctest.Wait()
		k.commit()
		if k.code("later") != http.StatusOK {
			k.Errorf("the next one was answered %d", k.code("later"))
		}
		k.answers.Wait()
		stored := k.stored()
		if stored["beside"] || !stored["later"] {
			k.Errorf("stored are %v", stored)
		}
	})
}
