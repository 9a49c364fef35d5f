package explain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Store is what an explanation reads.
type Store interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
	Events(ctx context.Context, filter lockstep.EventFilter) (lockstep.EventPage, error)
	Runs(ctx context.Context, filter lockstep.RunFilter) (lockstep.RunPage, error)
	Notices(ctx context.Context, account lockstep.Account) ([]lockstep.Notice, error)
	AuditEntries(ctx context.Context, filter lockstep.AuditFilter) (lockstep.AuditPage, error)
	Instance(ctx context.Context, provider lockstep.Source) (lockstep.Instance, error)

	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error)
	LicenseOfPayment(ctx context.Context, paymentID string) (lockstep.License, error)
}

// Explainer explains accounts.
type Explainer struct {
	Store   Store
	Catalog lockstep.Catalog
}

// The most of each list that an explanation reads. A run names up to 20 events, so 100 events cover several
// bursts.
const (
	mostEvents  = 100
	mostRuns    = 50
	mostAudited = 40
	mostParked  = 10
)

// reading is everything that an explanation is made from.
type reading struct {
	words
	key     lockstep.Key
	account lockstep.Account // zero: the subject has none
	work    lockstep.Work    // zero: no run was ever asked for
	record  lockstep.Record
	access  lockstep.Access
	events  []lockstep.Event
	runs    []lockstep.Run
	notices []lockstep.Notice
	audited []lockstep.AuditEntry
	parked  []lockstep.Event // the newest parked events of all keys; read only if there is no access
	foreign []lockstep.Instance
	earlier bool // there are more events or runs
}

// Account explains an account, with the times in a zone. ErrNotFound if Lockstep does not know it.
func (e *Explainer) Account(ctx context.Context, account lockstep.Account, zone *time.Location) (Explanation, error) {
	r := reading{words: words{time.Now(), zone}, key: account.Key(), account: account}
	// The work before the record: in the other order, a run between the two reads would show the old record with
	// nothing pending.
	if err := e.history(ctx, &r, lockstep.RunFilter{Account: account}); err != nil {
		return Explanation{}, err
	}
	var err error
	if r.record, err = e.Store.Account(ctx, account); err != nil {
		return Explanation{}, err
	}
	r.access = e.Catalog.Access(r.record, r.now)
	if r.notices, err = e.Store.Notices(ctx, account); err != nil {
		return Explanation{}, err
	}
	audited, err := e.Store.AuditEntries(ctx, lockstep.AuditFilter{Account: account, Limit: mostAudited})
	if err != nil {
		return Explanation{}, err
	}
	r.audited = audited.Entries
	if !r.access.Active {
		parked, err := e.Store.Events(ctx, lockstep.EventFilter{Status: lockstep.EventParked, Limit: mostParked,
			Bodiless: true})
		if err != nil {
			return Explanation{}, err
		}
		r.parked = parked.Events
	}
	return r.explain(), nil
}

// history reads the work, the events and the runs of the key.
func (e *Explainer) history(ctx context.Context, r *reading, runs lockstep.RunFilter) (err error) {
	if r.work, err = e.Store.Work(ctx, r.key); err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	events, err := e.Store.Events(ctx, lockstep.EventFilter{Key: r.key, Limit: mostEvents, Bodiless: true})
	if err != nil {
		return err
	}
	runs.Limit = mostRuns
	ran, err := e.Store.Runs(ctx, runs)
	if err != nil {
		return err
	}
	r.events, r.runs, r.earlier = events.Events, ran.Runs, events.Next != "" || ran.Next != ""
	for _, provider := range []lockstep.Source{lockstep.Clerk, lockstep.Stripe} {
		instance, err := e.Store.Instance(ctx, provider)
		switch {
		case err == nil && instance.Waiting != "":
			r.foreign = append(r.foreign, instance)
		case err != nil && !errors.Is(err, lockstep.ErrNotFound):
			return err
		}
	}
	return nil
}

// unowned explains a customer or payment without an account.
func (e *Explainer) unowned(ctx context.Context, key lockstep.Key, zone *time.Location) (Explanation, error) {
	r := reading{words: words{time.Now(), zone}, key: key}
	if err := e.history(ctx, &r, lockstep.RunFilter{Key: key}); err != nil {
		return Explanation{}, err
	}
	if r.work.Key.IsZero() && len(r.events) == 0 && len(r.runs) == 0 {
		return Explanation{}, fmt.Errorf("%s: %w", key, lockstep.ErrNotFound)
	}
	return r.explain(), nil
}

// explain makes the explanation.
func (r *reading) explain() Explanation {
	x := Explanation{Subject: r.key.String(), At: r.now.UTC(), Offset: r.now.In(r.zone).Format("-07:00")}
	if !r.account.IsZero() {
		x.Account, x.Access = r.account.String(), &r.access
	}
	x.Causes, x.Chain, x.Next, x.Operated = r.causes(), r.chain(), r.next(), r.operated()
	x.Summary = r.summary()
	x.Timeline, x.Earlier = r.timeline()
	return x
}
