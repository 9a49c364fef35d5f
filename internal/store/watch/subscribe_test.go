package watch

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhoWaitsIsToldOfWritesOfAnotherProcess(t *testing.T) {
	inBubble(t, func(p *place) {
		changed, others := p.subscribe(alice), p.subscribe(bob)
		save(p.T, p.other, alice, 1)
		pass(defaultPoll)
		if !told(changed) {
			p.Error("the subscriber was not notified")
		}
		pass(time.Minute)
		if told(changed) || told(others) {
			p.Error("a subscriber was notified without a change")
		}
	})
}

func TestWhoWaitsIsToldOfOurOwnWritesAtOnce(t *testing.T) {
	inBubble(t, func(p *place) {
		changed := p.subscribe(alice)
		save(p.T, p.watch.Store(p.ours), alice, 1)
		synctest.Wait() // and no time passes
		if !told(changed) {
			p.Error("it waits for the clock")
		}
	})
}

func TestWhoIsSlowHoldsUpNobody(t *testing.T) {
	inBubble(t, func(p *place) {
		slow, quick := p.subscribe(alice), p.subscribe(alice)
		for n := range int64(20) {
			save(p.T, p.other, alice, n)
			pass(defaultPoll)
			if !told(quick) {
				p.Fatalf("the subscriber was not notified of write %d", n)
			}
		}
		if !told(slow) || told(slow) {
			p.Error("what nobody received is not one")
		}
	})
}

// TestNobodyLooksWhenNobodyWaits: the bubble would not end while the goroutine runs.
func TestNobodyLooksWhenNobodyWaits(t *testing.T) {
	inBubble(t, func(p *place) {
		for range 3 {
			first, cancel := p.watch.Subscribe(alice)
			second, cancelSecond := p.watch.Subscribe(alice)
			cancel()
			cancel()
			synctest.Wait()
			told(first)
			told(second)
			save(p.T, p.other, alice, 1)
			pass(defaultPoll)
			if told(first) || !told(second) {
				p.Error("of two, not just the one who still waits was told")
			}
			cancelSecond()
		}
		if len(p.watch.subscribers) != 0 || p.watch.stop != nil {
			p.Error("something is left of who waited")
		}
	})
}

func TestWhatHappenedWhileTheDatabaseFailedIsTold(t *testing.T) {
	inBubble(t, func(p *place) {
		changed := p.subscribe(alice)
		gone := errors.New("gone")
		p.source.broken.Store(&gone)
		save(p.T, p.other, alice, 1)
		pass(time.Minute)
		if told(changed) {
			p.Error("told by a database that does not answer")
		}
		p.source.broken.Store(nil)
		pass(defaultPoll)
		if !told(changed) {
			p.Error("it was lost")
		}
	})
}
