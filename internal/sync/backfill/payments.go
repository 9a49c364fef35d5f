package backfill

import (
	"context"
	"errors"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// markPayments marks a page of one-time payments, so that workers turn them into licenses, and
// waits for them: without its license an account would lose access when the hold ends.
func (b *Reconciler) markPayments(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if at.DryRun {
		return b.save(ctx, claim, following(at, ""), nil)
	}
	page, err := b.Store.StagedPayments(ctx, at.Page, paymentPage)
	if err != nil {
		return at, err
	}
	next := ""
	if len(page) == paymentPage {
		next = page[len(page)-1].CheckoutID
	}
	page = slices.DeleteFunc(page, func(p lockstep.StagedPayment) bool { return !p.Linked && p.Named.ID == "" })
	if !at.Waiting && len(page) > 0 {
		return b.startPayments(ctx, claim, at, page)
	}
	settled, err := b.settled(ctx, page)
	if err != nil {
		return at, err
	}
	if !settled && at.Looks < paymentLooks {
		at.Looks++
		return b.save(ctx, claim, at, nil)
	}
	at.Waiting, at.Looks = false, 0
	at.PhaseCount += int64(len(page))
	return b.save(ctx, claim, following(at, next), nil)
}

// startPayments marks the payments of a page. The next run waits for them.
func (b *Reconciler) startPayments(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	page []lockstep.StagedPayment) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, len(page)); err != nil {
		return at, err
	}
	var marks []lockstep.Mark
	for _, p := range page {
		marks = append(marks, lockstep.Mark{Key: p.Key(), Priority: lockstep.Background})
	}
	at.Waiting = true
	return b.save(ctx, claim, at, marks)
}

// paymentLooks is how often, a second apart, the backfill checks whether a page of payments is
// settled before it continues without the rest.
const paymentLooks = 120

// settled reports whether all payments of a page are settled.
func (b *Reconciler) settled(ctx context.Context, page []lockstep.StagedPayment) (bool, error) {
	for _, p := range page {
		if settled, err := b.settledOne(ctx, p); err != nil || !settled {
			return false, err
		}
	}
	return true, nil
}

// settledOne reports whether a payment has its license by now, or will not get one soon. A payment
// that is parked until its account is known gets it when the account's run has ended.
func (b *Reconciler) settledOne(ctx context.Context, p lockstep.StagedPayment) (bool, error) {
	work, err := b.Store.Work(ctx, p.Key())
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case work.Pending():
		return false, nil
	case work.Disposition != lockstep.Parked || p.Named.ID == "":
		return true, nil
	}
	if p.Named.Kind == "" {
		_, err = b.Store.StagedSlug(ctx, p.Named.ID)
	} else {
		_, err = b.Store.StagedIdentity(ctx, p.Named)
	}
	if errors.Is(err, lockstep.ErrNotFound) {
		return true, nil
	}
	return false, err
}
