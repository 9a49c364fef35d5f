package watch

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestARecordIsReadFromMemory(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, alice, 1)
		for range 1000 {
			p.times(alice)
			time.Sleep(time.Second) // nothing changes, so nothing is reloaded
		}
		if n := p.source.reads.Load(); n != 1 {
			p.Errorf("the account was read from the database %d times", n)
		}
		record, err := p.watch.Record(p.Context(), alice)
		if err != nil || record.Name != "" {
			p.Errorf("a name is kept in memory: %+v, %v", record, err)
		}
	})
}

func TestAWriteOfAnotherProcessIsSeen(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, bob, 1)
		for n := range int64(10) {
			save(p.T, p.other, alice, n)
			time.Sleep(defaultPoll)
			if got := p.times(alice); got != n {
				p.Errorf("after write %d the record is that of %d", n, got)
			}
			p.times(bob)
		}
		if n := p.source.reads.Load(); n != 10+1 {
			p.Errorf("%d reads of two accounts, one of them written ten times", n)
		}
	})
}

func TestOurOwnWriteIsSeenAtOnce(t *testing.T) {
	inBubble(t, func(p *place) {
		store := p.watch.Store(p.ours)
		for n := range int64(10) {
			save(p.T, store, alice, n)
			if got := p.times(alice); got != n { // and no time passes
				p.Errorf("after write %d the record is that of %d", n, got)
			}
		}
	})
}

// TestAReadThatAChangeOvertakesIsNotKept holds a read between the database and the memory until a poll has
// seen the change.
func TestAReadThatAChangeOvertakesIsNotKept(t *testing.T) {
	for _, missed := range []string{"one change", "more changes than a poll reads"} {
		t.Run(missed, func(t *testing.T) {
			inBubble(t, func(p *place) {
				save(p.T, p.ours, alice, 1)
				save(p.T, p.ours, bob, 1)
				p.times(bob) // the first poll

				atGate, gate := make(chan struct{}), make(chan struct{})
				p.source.read = func(account lockstep.Account) {
					if account == alice {
						close(atGate)
						<-gate
					}
				}
				slow := make(chan int64)
				go func() { slow <- p.times(alice) }()
				<-atGate
				p.source.read = nil

				save(p.T, p.other, alice, 2)
				if missed != "one change" {
					p.watch.mu.Lock()
					p.watch.last = -1 // as if the last poll were long ago
					p.watch.mu.Unlock()
				}
				time.Sleep(defaultPoll)
				p.times(bob) // another reader polls the change
				close(gate)
				if got := <-slow; got != 1 {
					p.Fatalf("the slow read saw %d: the test is not about what it says", got)
				}
				if got := p.times(alice); got != 2 {
					p.Errorf("the record from before the change was kept: %d", got)
				}
				if len(p.watch.loading) != 0 {
					p.Error("a read that has ended is still under way")
				}
			})
		})
	}
}

func TestMemoryIsBelievedForAMomentWithoutTheDatabase(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, alice, 1)
		p.times(alice)
		gone := errors.New("gone")
		p.source.broken.Store(&gone)
		save(p.T, p.other, alice, 2)

		time.Sleep(defaultTrust - time.Millisecond)
		if got := p.times(alice); got != 1 || p.source.reads.Load() != 1 {
			p.Errorf("within the trust the database was read %d times, for %d", p.source.reads.Load(), got)
		}
		time.Sleep(time.Millisecond)
		for range 3 {
			if got := p.times(alice); got != 2 {
				p.Errorf("a memory that nobody could look after is believed: %d", got)
			}
		}
		if n := p.source.reads.Load(); n != 4 {
			p.Errorf("%d reads, want one before and three after the trust", n)
		}
		if n := strings.Count(p.log.String(), "gone"); n != 1 {
			p.Errorf("it was logged %d times", n)
		}
		p.source.broken.Store(nil)
		if got := p.times(alice); got != 2 {
			p.Errorf("when the database is back: %d", got)
		}
	})
}

// TestOurOwnWriteIsSeenThoughLookingFails: after a failed poll, a read still returns what this process wrote.
func TestOurOwnWriteIsSeenThoughLookingFails(t *testing.T) {
	inBubble(t, func(p *place) {
		store := p.watch.Store(p.ours)
		save(p.T, store, alice, 1)
		p.times(alice)
		gone := errors.New("gone")
		p.source.broken.Store(&gone)
		save(p.T, store, alice, 2)
		if got := p.times(alice); got != 2 {
			p.Errorf("got %d", got)
		}
	})
}

func TestAnAccountThatAppearsIsSeen(t *testing.T) {
	inBubble(t, func(p *place) {
		for range 5 {
			if _, err := p.watch.Record(p.Context(), alice); !errors.Is(err, lockstep.ErrNotFound) {
				p.Fatalf("got %v", err)
			}
		}
		if n := p.source.reads.Load(); n != 1 {
			p.Errorf("that nobody knows it was read %d times", n)
		}
		save(p.T, p.other, alice, 1)
		time.Sleep(defaultPoll)
		if got := p.times(alice); got != 1 {
			p.Errorf("got %d", got)
		}
	})
}

// TestADatabaseThatWasRestoredIsSeen: the numbers of a restored backup are lower.
func TestADatabaseThatWasRestoredIsSeen(t *testing.T) {
	inBubble(t, func(p *place) {
		for n := range int64(5) {
			save(p.T, p.ours, alice, n)
		}
		p.times(alice)
		backup := open(p.T, p.TempDir()+"/backup.db")
		save(p.T, backup, alice, 1)
		p.source.Store = backup
		time.Sleep(defaultPoll)
		if got := p.times(alice); got != 1 {
			p.Errorf("got %d", got)
		}
	})
}

// TestALookIsAsOldAsItsQuestion: a slow answer counts from when it was requested.
func TestALookIsAsOldAsItsQuestion(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, alice, 1)
		p.times(alice)
		time.Sleep(time.Second)
		p.source.lag.Store(int64(time.Second))
		first := make(chan int64)
		go func() { first <- p.times(alice) }()
		pass(defaultPoll) // the poll has started, and its answer is on the way
		save(p.T, p.other, alice, 2)
		if got := p.times(alice); got != 2 { // waits for the first poll, and polls again
			p.Errorf("a read that began after the write sees %d", got)
		}
		<-first
	})
}

func TestManyWhoReadLookOnce(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, alice, 1)
		p.source.lag.Store(int64(time.Millisecond))
		var readers sync.WaitGroup
		for range 20 {
			readers.Go(func() { p.times(alice) })
		}
		readers.Wait()
		if n := p.source.looks.Load(); n != 1 {
			p.Errorf("twenty readers looked %d times", n)
		}
	})
}

func TestALookWithoutEndHoldsUpNobodyForLong(t *testing.T) {
	inBubble(t, func(p *place) {
		save(p.T, p.ours, alice, 1)
		p.watch.lock <- struct{}{} // a poll is running, and the database does not respond
		began := time.Now()
		if got := p.times(alice); got != 1 {
			p.Errorf("got %d", got)
		}
		if waited := time.Since(began); waited != defaultTrust {
			p.Errorf("it waited %s for the other", waited)
		}
		<-p.watch.lock
		synctest.Wait()
	})
}
