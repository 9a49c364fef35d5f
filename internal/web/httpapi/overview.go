package httpapi

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/lockstep-dev/lockstep"
)

// overviewFor is how long an overview is reused. So any number of open pages costs one read a second.
const overviewFor = time.Second

// overviewWithin bounds a read.
const overviewWithin = 10 * time.Second

// overviews remembers the last overview.
type overviews struct {
	flight singleflight.Group // one read at a time

	mu   sync.Mutex
	at   time.Time
	last *overviewView
}

// get returns an overview that is at most [overviewFor] old. Callers share it and must not change it.
func (o *overviews) get(ctx context.Context,
	read func(context.Context) (*overviewView, error)) (*overviewView, error) {
	if last := o.fresh(); last != nil {
		return last, nil
	}
	result := o.flight.DoChan("", func() (any, error) {
		if last := o.fresh(); last != nil {
			return last, nil
		}
		// Other callers share this read, so it continues when the first one leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), overviewWithin)
		defer cancel()
		view, err := read(ctx)
		if err != nil {
			return nil, err
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.at, o.last = time.Now(), view
		return view, nil
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		view, _ := r.Val.(*overviewView)
		return view, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fresh returns the last overview; nil if it is too old.
func (o *overviews) fresh() *overviewView {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil || time.Since(o.at) >= overviewFor {
		return nil
	}
	return o.last
}

// CountView is a bounded count.
type CountView struct {
	Count   int64      `json:"count" doc:"At most 10000"`
	AtLeast bool       `json:"at_least,omitempty" doc:"There may be more than count"`
	Oldest  *time.Time `json:"oldest,omitempty" doc:"When the oldest of them began; absent if there is none, or if it is not kept"`
}

type concernView struct {
	CountView
	Reasons map[string]int64 `json:"reasons" doc:"The same count by concern_why"`
	First   []foundView      `json:"first" doc:"Up to five accounts, the longest concern first"`
}

type parkedView struct {
	CountView
	Amounts        []amountView `json:"amounts" doc:"What their events say was paid, each payment once"`
	AmountsAtLeast bool         `json:"amounts_at_least,omitempty" doc:"Not all of their events were read"`
}

type amountView struct {
	Currency string `json:"currency" example:"usd"`
	Amount   int64  `json:"amount" doc:"In the currency's smallest unit"`
}

type pendingView struct {
	CountView
	Lag int64 `json:"lag_ms" doc:"How long the oldest due key has waited"`
}

type overviewView struct {
	Well                 bool           `json:"well" doc:"Nothing waits for a person. Failed payments within their grace, rejected steps of problems and accounts without a standing do not count"`
	At                   time.Time      `json:"at" doc:"When it was read; an answer may be a second old, and its pending work and reasons five"`
	PayersWithoutAccess  concernView    `json:"payers_without_access" doc:"Stripe says they pay, and they have no access"`
	AccessWithoutPayment concernView    `json:"access_without_payment" doc:"They have access that nothing pays for, or whose payment failed"`
	Unclassified         CountView      `json:"unclassified" doc:"Accounts that no run has concluded about since the upgrade to a version that stores standings: the two counts above lack them"`
	ParkedPayments       parkedView     `json:"parked_payments" doc:"Customers, checkouts and payments that wait for a link to an account"`
	HeldDeletions        CountView      `json:"held_deletions" doc:"Deletions that the brake holds"`
	FailedWork           CountView      `json:"failed_work" doc:"Keys that failed, and that no retry can help"`
	PendingWork          *pendingView   `json:"pending_work,omitempty" doc:"Keys that are due now; oldest is when the first became due. Absent if the store does not measure it"`
	Problems             CountView      `json:"problems" doc:"Accounts with a step that a provider rejected"`
	DisabledWebhooks     []string       `json:"disabled_webhooks" doc:"Endpoints of yours to which nothing is sent"`
	InstanceMismatch     bool           `json:"instance_mismatch" doc:"A key belongs to another Clerk instance or Stripe mode than the database; see GET /v1/instance"`
	Reasons              []HealthReason `json:"reasons" doc:"Why /healthz says degraded"`
}

// Payments reads what was paid in the bodies of events.
type Payments struct {
	Types []string // of events that say it
	In    func(body []byte) (lockstep.Paid, bool)
}

type overviewOutput struct {
	Body *overviewView
}

func (a *API) overview(ctx context.Context, _ *struct{}) (*overviewOutput, error) {
	view, err := a.overviews.get(ctx, a.readOverview)
	if err != nil {
		return nil, a.problem(ctx, "read overview", err)
	}
	return &overviewOutput{view}, nil
}

func (a *API) readOverview(ctx context.Context) (*overviewView, error) {
	all, err := a.Store.Attention(ctx, a.Operations.Payments.Types)
	if err != nil {
		return nil, err
	}
	o := &overviewView{At: time.Now().UTC(), PayersWithoutAccess: viewConcern(all.Concerns[lockstep.PayerWithoutAccess]),
		AccessWithoutPayment: viewConcern(all.Concerns[lockstep.AccessWithoutPayment]),
		Unclassified:         viewTally(all.Unclassified), ParkedPayments: a.viewParked(all),
		HeldDeletions: viewTally(all.Held), FailedWork: viewTally(all.Failed), Problems: viewTally(all.Problems)}
	if o.PendingWork, err = a.pendingWork(ctx, o.At); err != nil {
		return nil, err
	}
	if o.DisabledWebhooks, err = a.disabledWebhooks(ctx); err != nil {
		return nil, err
	}
	o.Reasons, err = a.health.condition(ctx, a.reasons)
	if o.Reasons == nil {
		o.Reasons = []HealthReason{}
	}
	o.InstanceMismatch = slices.ContainsFunc(o.Reasons, func(r HealthReason) bool { return r.Code == instancePaused })
	o.Well = o.isWell()
	return o, err
}

// isWell reports whether nothing waits for a person.
func (o *overviewView) isWell() bool {
	grace := o.AccessWithoutPayment.Reasons[string(lockstep.OnlyGrace)]
	return o.PayersWithoutAccess.Count == 0 && o.AccessWithoutPayment.Count <= grace && o.ParkedPayments.Count == 0 &&
		o.HeldDeletions.Count == 0 && o.FailedWork.Count == 0 && len(o.DisabledWebhooks) == 0 && len(o.Reasons) == 0
}

func viewTally(t lockstep.Tally) CountView { return CountView{t.Count, t.More, orNil(t.Oldest)} }

func viewConcern(t lockstep.ConcernTally) concernView {
	v := concernView{viewTally(t.Tally), map[string]int64{}, viewFound(t.First)}
	for why, count := range t.Reasons {
		v.Reasons[string(why)] = count
	}
	return v
}

// viewParked adds up what the events of parked payments say.
func (a *API) viewParked(all lockstep.Attention) parkedView {
	v := parkedView{CountView: viewTally(all.Parked), Amounts: []amountView{}, AmountsAtLeast: all.PaidMore}
	if a.Operations.Payments.In == nil {
		return v
	}
	sums := lockstep.SumPaid(all.Paid, a.Operations.Payments.In)
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		v.Amounts = append(v.Amounts, amountView{currency, sums[currency]})
	}
	return v
}

// pendingWork counts what is due; nil if the store does not measure it.
func (a *API) pendingWork(ctx context.Context, now time.Time) (*pendingView, error) {
	if a.Operations.Conditions.Open == nil {
		return nil, nil
	}
	m, err := a.Operations.Conditions.Open(ctx)
	if err != nil {
		return nil, err
	}
	v, age := &pendingView{}, time.Duration(0)
	for _, due := range m.Due {
		v.Count += due.Count
		v.AtLeast = v.AtLeast || due.Count >= lockstep.MostCounted
		age = max(age, due.Age)
	}
	v.Count, v.AtLeast = min(v.Count, lockstep.MostCounted), v.AtLeast || v.Count > lockstep.MostCounted
	if v.Count > 0 {
		oldest := now.Add(-age)
		v.Oldest, v.Lag = &oldest, age.Milliseconds()
	}
	return v, nil
}

// disabledWebhooks returns the ids of the endpoints to which nothing is sent.
func (a *API) disabledWebhooks(ctx context.Context) ([]string, error) {
	ids := []string{}
	for _, w := range a.Operations.Webhooks {
		e, err := a.Store.WebhookEndpoint(ctx, w.ID)
		if err != nil {
			return nil, err
		}
		if !e.DisabledAt.IsZero() {
			ids = append(ids, w.ID)
		}
	}
	return ids, nil
}
