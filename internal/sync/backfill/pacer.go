package backfill

import (
	"context"
	"time"
)

// pacer spaces requests evenly, after a burst.
type pacer struct{ next time.Time }

// pacerBurst is how many requests go at once, so that a small business need not wait.
const pacerBurst = 10

// wait waits until a number of requests may be made, at a rate per second.
func (p *pacer) wait(ctx context.Context, rate float64, requests int) error {
	if rate <= 0 {
		return nil
	}
	each := time.Duration(float64(time.Second) / rate)
	now := time.Now()
	if earliest := now.Add(-pacerBurst * each); p.next.Before(earliest) {
		p.next = earliest
	}
	p.next = p.next.Add(each * time.Duration(requests))
	pause := p.next.Sub(now)
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
