package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// NoticeStore is the part of the store that handing over notices needs.
type NoticeStore interface {
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Mark(ctx context.Context, marks ...lockstep.Mark) error
}

// Channel returns the keys under which a channel sends a notice, none if it does not send it.
// Each key is retried on its own.
type Channel func(lockstep.Notice) []lockstep.Key

// Notices hands each notice to its channels after the directory's metadata agrees with it. A
// channel gets only notices that are recorded after it was configured.
type Notices struct {
	Store    NoticeStore
	Channels []Channel
}

// patience is how long a notice waits for its account's run. After that it is sent anyway:
// customers hear of their payment even if the directory refuses our writes.
const patience = 24 * time.Hour

// Reconcile hands over the notice of the claim.
func (o *Notices) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	n, err := o.Store.Notice(ctx, claim.Key.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, lockstep.Terminal(fmt.Errorf("notice %s not found", claim.Key.ID))
	}
	if err != nil {
		return Result{}, err
	}
	var marks []lockstep.Mark
	for _, channel := range o.Channels {
		for _, key := range channel(n) {
			marks = append(marks, lockstep.Mark{Key: key, Priority: lockstep.Normal})
		}
	}
	if len(marks) == 0 {
		return Result{}, nil
	}
	if err := o.await(ctx, n, time.Now()); err != nil {
		return Result{}, err
	}
	if err := o.Store.Mark(ctx, marks...); err != nil {
		return Result{}, fmt.Errorf("hand over notice: %w", err)
	}
	return Result{}, nil
}

// await returns an error while the notice must wait for its account. The wait grows with the
// notice's age, so that an outage costs few reads and little delay.
func (o *Notices) await(ctx context.Context, n lockstep.Notice, now time.Time) error {
	work, err := o.Store.Work(ctx, n.Account.Key())
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	age := now.Sub(n.CreatedAt)
	if work.DoneGeneration >= n.Generation || age >= patience {
		return nil
	}
	wait := min(max(age/4, time.Second), 5*time.Minute, patience-age)
	return &lockstep.DelayError{Reason: "waits until " + n.Account.String() + " is in step", After: wait}
}
