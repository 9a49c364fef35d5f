package sweep

import (
	"context"
	"errors"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// Polled says which webhooks polling replaces. Its zero value: none.
type Polled struct {
	Events    time.Duration // how often to read Stripe's event list; 0: never
	Directory bool          // list users and organizations every [Intervals].DirectoryPoll
}

// sweepPoll reads Stripe's newest events. It is not one of [Keys]: it runs only if polling is
// configured.
var sweepPoll = lockstep.Key{Kind: lockstep.KeySweep, ID: "poll"}

// Marks returns the marks that start polling.
func (p Polled) Marks() []lockstep.Mark {
	if p.Events == 0 {
		return nil
	}
	return []lockstep.Mark{{Key: sweepPoll, Priority: lockstep.Interactive}}
}

// sighted returns the priority of an account that has changed in the directory's list. Without
// webhooks we learn of sign-ups by the list, so they must not wait behind other sweeps.
func (p Polled) sighted() lockstep.Priority {
	if p.Directory {
		return lockstep.Normal
	}
	return lockstep.Background
}

// PollsDirectory returns how often users and organizations are listed without webhooks.
func (i Intervals) PollsDirectory() time.Duration { return i.withDefaults().DirectoryPoll }

const (
	// pollOverlap is how far a poll reaches back over the last one, because Stripe's list may show
	// an event late. The gap scan finds what shows up even later: it reaches back by eventOverlap
	// and has its own cursor.
	pollOverlap = time.Minute
	// pollBackoffMax is the longest pause after failed polls, so that buyers do not wait for minutes
	// after an outage.
	pollBackoffMax = 30 * time.Second
	// directoryRest limits polling of a large directory: the pause after a list is at least this
	// many times as long as the list took.
	directoryRest = 4
)

// poll does the next page of polling, and marks its own key for the next one. A mark keeps the
// priority, which the follow-up of a finished run would lose: a buyer waits for this key, so it must
// not queue behind other work.
func (s *Sweeps) poll(ctx context.Context, claim lockstep.Claim) (runner.Result, error) {
	every := s.Polled.Events
	if every == 0 {
		return runner.Result{}, nil // polling was turned off
	}
	result, err := sweep(ctx, s, claim, every, s.pollEvents)
	var upstream *lockstep.UpstreamError
	if errors.As(err, &upstream) {
		wait := max(min(runner.Backoff(claim.Attempt), pollBackoffMax), every, upstream.RetryAfter)
		return result, &lockstep.DelayError{Reason: err.Error(), After: wait}
	}
	return result, err
}

// pollEvents reads a page of Stripe's list since the last poll, plus the overlap. A page without new
// events does not end a poll: an event that the list shows late may follow it.
func (s *Sweeps) pollEvents(ctx context.Context, _ lockstep.Claim, at eventScan) (swept[eventScan], error) {
	if at.Page == "" {
		at.Began = time.Now().Unix()
		if at.Since == 0 {
			at.Since = at.Began // the gap scan reads what happened before the first start
		}
	}
	at, _, err := s.takePage(ctx, at, pollOverlap)
	if err != nil {
		return swept[eventScan]{}, err
	}
	again := lockstep.Mark{Key: sweepPoll, Priority: lockstep.Interactive}
	if at.Page == "" {
		at.Since, again.Delay = at.Began, s.Polled.Events
	}
	return swept[eventScan]{at, []lockstep.Mark{again}, at.Page != ""}, nil
}

// directory does the next page of the list of users or organizations. If the directory is polled,
// the pause after a slow list is longer.
func (s *Sweeps) directory(ctx context.Context, claim lockstep.Claim, intervals Intervals,
	page pageFunc[roll]) (runner.Result, error) {
	every := intervals.Directory
	if s.Polled.Directory {
		every = min(every, intervals.DirectoryPoll)
	}
	var round int64
	result, err := sweep(ctx, s, claim, every,
		func(ctx context.Context, claim lockstep.Claim, at roll) (swept[roll], error) {
			round = at.Round
			return page(ctx, claim, at)
		})
	if s.Polled.Directory && result.After == every && round != 0 {
		took := time.Since(time.UnixMilli(round))
		result.After = max(every, min(directoryRest*took, intervals.Directory))
	}
	return result, err
}
