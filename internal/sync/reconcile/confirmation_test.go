package reconcile

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// invoicing is a Stripe that knows invoices.
type invoicing struct {
	lockstep.Billing
	mu            sync.Mutex
	invoice, next lockstep.Invoice
	err           error
	asked         int
}

// becomes changes the invoice while the reconcilers run.
func (b *invoicing) becomes(invoice lockstep.Invoice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invoice = invoice
}

func (b *invoicing) Invoice(context.Context, string) (lockstep.Invoice, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return b.invoice, b.err
}

func (b *invoicing) NextInvoice(context.Context, string) (lockstep.Invoice, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	return b.next, b.err
}

func TestOnlyUnpaidSubscriptionsAreAskedForAConfirmation(t *testing.T) {
	t.Parallel()
	open := func(status string) lockstep.Subscription {
		return lockstep.Subscription{Status: status, InvoiceID: "in_1", TriedAt: time.Unix(1, 0),
			LatestInvoice: lockstep.Invoice{ID: "in_1", Open: true}}
	}
	sent := open("past_due")
	sent.TriedAt = time.Time{}
	paid := open("past_due")
	paid.LatestInvoice.Open = false
	refused := &lockstep.UpstreamError{Provider: "stripe", Status: 400}
	denied := &lockstep.UpstreamError{Provider: "stripe", Status: 403}
	down := &lockstep.UpstreamError{Provider: "stripe", Status: 503}
	for name, c := range map[string]struct {
		sub   lockstep.Subscription
		err   error
		needs bool
		asked int
	}{
		"a first payment":         {open("incomplete"), nil, true, 1},
		"a renewal":               {open("past_due"), nil, true, 1},
		"an active one":           {open("active"), nil, false, 0},
		"a canceled one":          {open("canceled"), nil, false, 0},
		"an invoice that is sent": {sent, nil, false, 0},
		"an invoice that is paid": {paid, nil, false, 0},
		"a refusal":               {open("past_due"), refused, false, 1},
		"a restricted key":        {open("past_due"), denied, false, 1},
		"an unknown invoice":      {open("past_due"), lockstep.ErrNotFound, false, 1},
		"an outage":               {open("past_due"), down, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stripe := &invoicing{invoice: lockstep.Invoice{NeedsAction: true}, err: c.err}
			if c.err != nil {
				stripe.invoice = lockstep.Invoice{}
			}
			subs := []lockstep.Subscription{c.sub}
			err := observeConfirmations(t.Context(), stripe, subs)
			if wantErr := errors.Is(c.err, down) && c.err != nil; (err != nil) != wantErr {
				t.Errorf("got %v", err)
			}
			if subs[0].LatestInvoice.NeedsAction != c.needs || stripe.asked != c.asked {
				t.Errorf("needs action: %v after %d reads, want %v after %d", subs[0].LatestInvoice.NeedsAction,
					stripe.asked, c.needs, c.asked)
			}
		})
	}
}

// withNews runs a test with a notice that the account's run records.
func withNews(t *testing.T, kind lockstep.NoticeKind, stripe *invoicing, test func(p *postOffice, mail func() string)) {
	inOffice(t, func(p *postOffice) {
		n := lockstep.NewNotice(kind, alice, "object", time.Now())
		n.Object, n.Facts = "sub_1", lockstep.Facts{Invoice: "in_1", Status: "past_due"}
		p.news, p.stripe = &n, stripe
		p.mark(alice.Key())
		test(p, func() string {
			mail, err := p.store.EmailDelivery(p.Context(), n.ID, lockstep.ToAccount)
			if errors.Is(err, lockstep.ErrNotFound) {
				return "not yet"
			}
			if err != nil {
				p.Fatal(err)
			}
			return string(mail.State) + " " + mail.Reason
		})
	})
}

// TestAConfirmationIsAskedForIfItIsStillNeeded: not while the customer is at the checkout.
func TestAConfirmationIsAskedForIfItIsStillNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		needs  bool
		emails int
		state  string
	}{
		"it is":  {true, 1, "sent "},
		"it was": {false, 0, "skipped the payment no longer needs to be confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			stripe := &invoicing{invoice: lockstep.Invoice{Open: true, NeedsAction: true}}
			withNews(t, lockstep.NoticePaymentActionRequired, stripe, func(p *postOffice, mail func() string) {
				pass(confirmDelay - time.Minute)
				p.arrived(0, 0)
				stripe.becomes(lockstep.Invoice{Open: true, NeedsAction: c.needs})
				pass(2 * time.Minute)
				p.arrived(c.emails, c.emails)
				if got := mail(); got != c.state {
					p.Errorf("it is %q, want %q", got, c.state)
				}
			})
		})
	}
}

// TestTheNextInvoiceIsInTheEmail: what will be charged, as Stripe foresees it.
func TestTheNextInvoiceIsInTheEmail(t *testing.T) {
	next := lockstep.Invoice{Amount: 2000, Currency: "usd"}
	refused := &lockstep.UpstreamError{Provider: "stripe", Status: 400}
	denied := &lockstep.UpstreamError{Provider: "stripe", Status: 403}
	for name, c := range map[string]struct {
		kind   lockstep.NoticeKind
		err    error
		amount string // empty: no e-mail
	}{
		"a renewal":           {lockstep.NoticeSubscriptionRenewing, nil, "2000usd"},
		"a trial":             {lockstep.NoticeSubscriptionTrialEnding, nil, "2000usd"},
		"canceled since":      {lockstep.NoticeSubscriptionRenewing, lockstep.ErrNotFound, ""},
		"a trial without":     {lockstep.NoticeSubscriptionTrialEnding, lockstep.ErrNotFound, "0"},
		"a preview is denied": {lockstep.NoticeSubscriptionRenewing, refused, "0"},
		"a restricted key":    {lockstep.NoticeSubscriptionTrialEnding, denied, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			stripe := &invoicing{next: next, err: c.err}
			withNews(t, c.kind, stripe, func(p *postOffice, mail func() string) {
				pass(time.Hour)
				if c.amount == "" {
					p.arrived(0, 0)
					if got := mail(); got != "skipped the subscription does not renew" {
						p.Errorf("it is %q", got)
					}
					return
				}
				p.arrived(1, 1)
				if got := p.emails[0].HTML; got != c.amount {
					p.Errorf("it says %q, want %q", got, c.amount)
				}
			})
		})
	}
}
