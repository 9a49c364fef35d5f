package explain_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/web/explain"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

var (
	ada     = lockstep.Account{Kind: lockstep.User, ID: "user_ada"}
	acme    = lockstep.Account{Kind: lockstep.Organization, ID: "org_acme"}
	now     = time.Now().UTC().Truncate(time.Second)
	catalog = lockstep.Catalog{PastDueGrace: 72 * time.Hour, Plans: []lockstep.Plan{
		{Name: "pro", LookupKeys: []string{"pro_monthly"}, Rank: 1, Features: []string{"export"}},
		{Name: "pass", LookupKeys: []string{"pass"}, Duration: 24 * time.Hour}}}
)

// kit is a store with helpers that write what runs would write.
type kit struct {
	*testing.T
	lockstep.Store
}

func start(t *testing.T) *kit {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &kit{t, store}
}

func (k *kit) ok(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// claim marks a key and claims it.
func (k *kit) claim(key lockstep.Key) lockstep.Claim {
	k.Helper()
	k.ok(k.Mark(k.Context(), lockstep.Mark{Key: key, Scope: lockstep.ScopeAll}))
	claims, err := k.Claim(k.Context(), lockstep.ClaimRequest{Limit: 100, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	k.ok(err)
	at := slices.IndexFunc(claims, func(c lockstep.Claim) bool { return c.Key == key })
	if at < 0 {
		k.Fatalf("%s is not among the claims %v", key, claims)
	}
	return claims[at]
}

// save links the primary customer and saves a record; then its run ends as done.
func (k *kit) save(r lockstep.Record) {
	k.Helper()
	claim := k.claim(r.Account.Key())
	r.State = lockstep.AccountActive
	k.ok(k.Save(k.Context(), claim, lockstep.AccountUpdate{Record: r}))
	k.ok(k.Finish(k.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}))
}

// end ends a run of a key.
func (k *kit) end(key lockstep.Key, o lockstep.Outcome) {
	k.Helper()
	k.ok(k.Finish(k.Context(), k.claim(key), o))
}

func (k *kit) deliver(id, kind string, key lockstep.Key, at time.Time) {
	k.Helper()
	_, err := k.Receive(k.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe,
		ID: id, Type: kind,
		Origin: lockstep.Delivered, OccurredAt: at, ReceivedAt: at, Key: key}, Mark: &lockstep.Mark{Key: key}}})
	k.ok(err)
}

// explain explains what a text names, in UTC.
func (k *kit) explain(text string) explain.Explanation {
	k.Helper()
	x, err := k.explainer().Of(k.Context(), text, time.UTC)
	if err != nil {
		k.Fatalf("explain %s: %v", text, err)
	}
	return x
}

func (k *kit) explainer() *explain.Explainer {
	return &explain.Explainer{Store: k.Store, Catalog: catalog}
}

// sub is a subscription that was paid a day ago for a month.
func sub(status string, change ...func(*lockstep.Subscription)) lockstep.Subscription {
	s := lockstep.Subscription{ID: "sub_1", CustomerID: "cus_1", Status: status, CreatedAt: now.Add(-24 * time.Hour),
		Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", LookupKey: "pro_monthly", Quantity: 1,
			PeriodStart: now.Add(-24 * time.Hour), PeriodEnd: now.AddDate(0, 1, 0)}}}
	for _, c := range change {
		c(&s)
	}
	return s
}

// payer is an account with a subscription.
func payer(s lockstep.Subscription) lockstep.Record {
	return lockstep.Record{Account: ada, CustomerID: "cus_1", Subscriptions: []lockstep.Subscription{s}}
}

func license(status lockstep.LicenseStatus, key string, ago time.Duration) lockstep.License {
	return lockstep.License{ID: "cs_1", Account: ada, PaymentID: "pi_1", Status: status, CreatedAt: now.Add(-ago),
		PaidAt: now.Add(-ago), Amount: 100, Currency: "usd", Items: []lockstep.Item{{ID: "li_1", LookupKey: key,
			Quantity: 1}}}
}

// codes lists the codes of the causes.
func codes(x explain.Explanation) (all []explain.Code) {
	for _, c := range x.Causes {
		all = append(all, c.Code)
	}
	return all
}

// counted counts the reads of an explanation.
type counted struct {
	explain.Store
	reads *atomic.Int64
	rows  *atomic.Int64
}

func (c counted) Account(ctx context.Context, a lockstep.Account) (lockstep.Record, error) {
	c.reads.Add(1)
	return c.Store.Account(ctx, a)
}

func (c counted) Work(ctx context.Context, k lockstep.Key) (lockstep.Work, error) {
	c.reads.Add(1)
	return c.Store.Work(ctx, k)
}

func (c counted) Events(ctx context.Context, f lockstep.EventFilter) (lockstep.EventPage, error) {
	c.reads.Add(1)
	page, err := c.Store.Events(ctx, f)
	c.rows.Add(int64(len(page.Events)))
	if !f.Bodiless {
		err = errors.New("it reads bodies")
	}
	return page, err
}

func (c counted) Runs(ctx context.Context, f lockstep.RunFilter) (lockstep.RunPage, error) {
	c.reads.Add(1)
	page, err := c.Store.Runs(ctx, f)
	c.rows.Add(int64(len(page.Runs)))
	return page, err
}

func (c counted) Notices(ctx context.Context, a lockstep.Account) ([]lockstep.Notice, error) {
	c.reads.Add(1)
	return c.Store.Notices(ctx, a)
}

func (c counted) AuditEntries(ctx context.Context, f lockstep.AuditFilter) (lockstep.AuditPage, error) {
	c.reads.Add(1)
	return c.Store.AuditEntries(ctx, f)
}

func (c counted) Instance(ctx context.Context, p lockstep.Source) (lockstep.Instance, error) {
	c.reads.Add(1)
	return c.Store.Instance(ctx, p)
}
