package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
)

// BackfillStore is what a backfill needs of the store.
type BackfillStore interface {
	lockstep.Backfills
	lockstep.SweepStore
	AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
}

// Backfill links the customers of a business that is older than Lockstep. It lists Stripe
// and the directory into the database, decides about each customer by the ladder, and only
// then links and lets accounts go on. Each page is a transaction that also moves the
// cursor, so that a backfill goes on where it was, whatever ended it.
type Backfill struct {
	Store        BackfillStore
	Billing      lockstep.Billing
	Directory    lockstep.Directory
	Owners       *Owners
	Catalog      lockstep.Catalog
	Book         *pricebook.Book
	CustomerKey  string // the metadata key under which we write an account's customer
	AdoptByEmail bool
	Entitled     bool // features come from Stripe's entitlements, which no list tells
	// Generation returns that of the accepted Clerk instance; nil: there never was another.
	Generation func(ctx context.Context) (int64, error)
	// StripeRate and ClerkRate are how many requests a second it makes; 0: as many as it can.
	StripeRate, ClerkRate float64
	Log                   *slog.Logger

	stripe, clerk pacer
}

// The sizes of pages and how long a run goes on, well within a lease. A page writes at most
// about a thousand rows.
const (
	resolvePage  = 200
	linkPage     = 50
	paymentPage  = 100
	releasePage  = 200
	unstageLimit = 200
	backfillTurn = 20 * time.Second
)

// backfillOrder is the order of the phases.
var backfillOrder = []lockstep.BackfillPhase{lockstep.BackfillCustomers, lockstep.BackfillSubscriptions,
	lockstep.BackfillCheckouts,
	lockstep.BackfillUsers, lockstep.BackfillOrganizations, lockstep.BackfillResolving, lockstep.BackfillLinking,
	lockstep.BackfillPayments, lockstep.BackfillCleaning, lockstep.BackfillReleasing, lockstep.BackfillDone}

// NewBackfill is the state of a backfill that begins now.
func NewBackfill(first, dryRun bool) lockstep.Backfill {
	return lockstep.Backfill{Phase: backfillOrder[0], First: first, DryRun: dryRun, StartedAt: time.Now().Unix()}
}

// Reconcile does pages until it is time to give the run's slot back.
func (b *Backfill) Reconcile(ctx context.Context, claim lockstep.Claim) (Result, error) {
	at, err := BackfillState(ctx, b.Store)
	if err != nil {
		return Result{}, fmt.Errorf("read the state of the backfill: %w", err)
	}
	for began := time.Now(); at.Phase != "" && at.Phase != lockstep.BackfillDone; {
		next, err := b.page(ctx, claim, at)
		var upstream *lockstep.UpstreamError
		switch {
		case errors.As(err, &upstream) && upstream.Rejected():
			return Result{}, runner.Retryable(err)
		case err != nil:
			return Result{}, fmt.Errorf("backfill, %s: %w", at.Phase, err)
		}
		switch at = next; {
		case at.Waiting:
			return Result{}, b.again(ctx, claim, at, time.Second)
		case time.Since(began) > backfillTurn && at.Phase != lockstep.BackfillDone:
			return Result{}, b.again(ctx, claim, at, 0)
		}
	}
	return Result{}, nil
}

// again has the next run come after a delay, with the priority of things that happened: a
// run that asks for another look by its result gets it in the background, behind the runs
// of all the accounts that the backfill has marked.
func (b *Backfill) again(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill, delay time.Duration) error {
	_, err := b.save(ctx, claim, at, []lockstep.Mark{{Key: claim.Key, Priority: lockstep.Normal, Delay: delay}})
	return err
}

// page does a page of the phase.
func (b *Backfill) page(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error) {
	generation := at.Generation
	if b.Generation != nil {
		var err error
		if generation, err = b.Generation(ctx); err != nil {
			return at, err
		}
	}
	if generation != at.Generation && !linkedAll(at) {
		return b.restart(ctx, claim, at, generation)
	}
	switch at.Phase {
	case lockstep.BackfillCustomers:
		return b.listCustomers(ctx, claim, at)
	case lockstep.BackfillSubscriptions:
		return b.listSubscriptions(ctx, claim, at)
	case lockstep.BackfillCheckouts:
		return b.listCheckouts(ctx, claim, at)
	case lockstep.BackfillUsers:
		return b.listIdentities(ctx, claim, at, lockstep.User)
	case lockstep.BackfillOrganizations:
		return b.listIdentities(ctx, claim, at, lockstep.Organization)
	case lockstep.BackfillResolving:
		return b.resolveCustomers(ctx, claim, at)
	case lockstep.BackfillLinking:
		return b.linkCustomers(ctx, claim, at)
	case lockstep.BackfillPayments:
		return b.markPayments(ctx, claim, at)
	case lockstep.BackfillCleaning:
		return b.clean(ctx, claim, at)
	case lockstep.BackfillReleasing:
		return b.release(ctx, claim, at)
	}
	return at, lockstep.Terminal(fmt.Errorf("the phase %q is not one of this version", at.Phase))
}

// restart begins the lists again under another Clerk instance: the ids that were listed are
// those of the former one, where nobody would find their accounts. What was linked under them
// belongs to former accounts, which new ones succeed.
func (b *Backfill) restart(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	generation int64) (lockstep.Backfill, error) {
	more, err := b.Store.Unstage(ctx, claim, unstageLimit)
	if err != nil || more {
		return at, err
	}
	next := NewBackfill(at.First, at.DryRun)
	next.Generation = generation
	return b.save(ctx, claim, next, nil)
}

// linkedAll reports whether a backfill has decided about all that it listed.
func linkedAll(at lockstep.Backfill) bool {
	return slices.Index(backfillOrder, at.Phase) > slices.Index(backfillOrder, lockstep.BackfillLinking)
}

// following returns the state in which the phase continues at a page; empty: the next phase
// begins.
func following(at lockstep.Backfill, page string) lockstep.Backfill {
	if at.Page = page; page != "" {
		return at
	}
	at.PhaseCount, at.Reached = 0, 0
	at.Phase = backfillOrder[slices.Index(backfillOrder, at.Phase)+1]
	if at.Phase == lockstep.BackfillDone {
		at.FinishedAt = time.Now().Unix()
	}
	return at
}

// count adds a page of objects to the totals. last is when the page's last object was created.
func count(at *lockstep.Backfill, total *int64, page int, last time.Time) {
	*total += int64(page)
	at.PhaseCount += int64(page)
	if !last.IsZero() {
		at.Reached = last.Unix()
	}
}

// EncodeBackfill is the cursor of a state.
func EncodeBackfill(at lockstep.Backfill) string {
	text, err := json.Marshal(at)
	if err != nil {
		panic("reconcile: a backfill's state does not marshal: " + err.Error()) // only strings, numbers and booleans
	}
	return string(text)
}

func (b *Backfill) save(ctx context.Context, claim lockstep.Claim, next lockstep.Backfill,
	marks []lockstep.Mark) (lockstep.Backfill, error) {
	return next, b.Store.SaveCursor(ctx, claim, lockstep.BackfillSweep, EncodeBackfill(next), marks)
}

func (b *Backfill) stage(ctx context.Context, claim lockstep.Claim, next lockstep.Backfill,
	page lockstep.BackfillPage) (lockstep.Backfill, error) {
	return next, b.Store.Stage(ctx, claim, EncodeBackfill(next), page)
}

func (b *Backfill) listCustomers(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.CustomersPage(ctx, at.Page)
	if err != nil {
		return at, err
	}
	if at.Page == "" && next != "" { // more than a page: how far it is to the end is worth some calls
		oldest, err := b.Billing.OldestCustomer(ctx)
		if err != nil {
			return at, err
		}
		at.Oldest = max(oldest.Unix(), 0)
	}
	var last time.Time
	if len(page) > 0 {
		last = page[len(page)-1].CreatedAt
	}
	count(&at, &at.Report.Customers, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Customers: page})
}

func (b *Backfill) listSubscriptions(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.SubscriptionsPage(ctx, at.Page)
	if err != nil {
		return at, err
	}
	var last time.Time
	if len(page) > 0 {
		last = page[len(page)-1].CreatedAt
	}
	count(&at, &at.Report.Subscriptions, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Subscriptions: page})
}

func (b *Backfill) listCheckouts(ctx context.Context, claim lockstep.Claim,
	at lockstep.Backfill) (lockstep.Backfill, error) {
	if err := b.stripe.wait(ctx, b.StripeRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Billing.CompletedCheckouts(ctx, at.Page)
	if err != nil {
		return at, err
	}
	var last time.Time
	for i := range page {
		page[i].Metadata, last = b.Owners.readable(page[i].Metadata), page[i].CreatedAt
	}
	count(&at, &at.Report.Checkouts, len(page), last)
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Checkouts: page})
}

// listIdentities lists those to whom customers could belong. Without a customer or a
// session there is nothing to link, and the directory's sweep lists them anyway.
func (b *Backfill) listIdentities(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill,
	kind lockstep.Kind) (lockstep.Backfill, error) {
	if at.Report.Customers == 0 && at.Report.Checkouts == 0 {
		return b.save(ctx, claim, following(at, ""), nil)
	}
	if err := b.clerk.wait(ctx, b.ClerkRate, 1); err != nil {
		return at, err
	}
	page, next, err := b.Directory.Identities(ctx, kind, at.Page)
	if errors.Is(err, lockstep.ErrNotFound) && at.Page != "" {
		at.Page = "" // the identity to read on from is gone: list this kind again
		return b.save(ctx, claim, at, nil)
	}
	if err != nil {
		return at, err
	}
	for i := range page {
		page[i].CustomerIDs = namedCustomers(page[i], b.CustomerKey)
	}
	total := &at.Report.Users
	if kind == lockstep.Organization {
		total = &at.Report.Organizations
	}
	count(&at, total, len(page), time.Time{})
	return b.stage(ctx, claim, following(at, next), lockstep.BackfillPage{Identities: page})
}

// clean removes what was listed, personal data among it.
func (b *Backfill) clean(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error) {
	more, err := b.Store.Unstage(ctx, claim, unstageLimit)
	if err != nil || more {
		return at, err
	}
	return b.save(ctx, claim, following(at, ""), nil)
}

// release marks every known account, since the hold has ended, and starts the sweeps that
// waited. It reads the accounts only after the phase was stored, so
// that a run which still saw its account held is marked again, or sees the phase itself.
func (b *Backfill) release(ctx context.Context, claim lockstep.Claim, at lockstep.Backfill) (lockstep.Backfill, error) {
	if !at.First {
		b.report(at)
		return b.save(ctx, claim, following(at, ""), nil)
	}
	var after lockstep.Account
	if at.Page != "" {
		var err error
		if after, err = lockstep.ParseAccount(at.Page); err != nil {
			return at, lockstep.Terminal(err)
		}
	}
	accounts, err := b.Store.AccountsAfter(ctx, after, releasePage)
	if err != nil {
		return at, fmt.Errorf("list accounts: %w", err)
	}
	var marks []lockstep.Mark
	for _, a := range accounts {
		marks = append(marks, lockstep.Mark{Key: a.Key(), Priority: lockstep.Background})
	}
	if len(accounts) == releasePage {
		return b.save(ctx, claim, following(at, accounts[len(accounts)-1].String()), marks)
	}
	for _, key := range []lockstep.Key{sweepUsers, sweepOrganizations, sweepAccounts} {
		marks = append(marks, lockstep.Mark{Key: key, Priority: lockstep.Background})
	}
	b.report(at)
	return b.save(ctx, claim, following(at, ""), marks)
}

// report says in the log how it ended.
func (b *Backfill) report(at lockstep.Backfill) {
	r := at.Report
	level := slog.LevelInfo
	if r.Ambiguous.Count > 0 {
		level = slog.LevelWarn
	}
	b.Log.Log(context.Background(), level, "backfill finished", "customers", r.Customers, "linked", r.Linked.Count,
		"unlinked", r.Unlinked.Count, "ambiguous", r.Ambiguous.Count, "several", r.Several.Count)
}

// pacer spaces requests evenly, after a few at once.
type pacer struct{ next time.Time }

// pacerBurst is how many requests go at once: a small business need not wait.
const pacerBurst = 10

// wait waits for the turn of so many requests, at a rate a second.
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
