package reconcile

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// refunding is a Stripe that answers a list of refunds, and a store in which nobody has the customer.
type refunding struct {
	PaymentReader
	PaymentStore
	err error
}

func (r refunding) Refunds(context.Context, string) ([]lockstep.Refund, error) { return nil, r.err }

// TestRefusedRefundsCostOnlyTheirNotice: the license is saved by then. A key that may not read refunds
// must not keep the payment's key in the queue forever.
func TestRefusedRefundsCostOnlyTheirNotice(t *testing.T) {
	t.Parallel()
	license := lockstep.License{ID: "cs_1", Account: alice, PaymentID: "pi_1", RefundedAmount: 500}
	for status, fails := range map[int]bool{400: false, 403: false, 503: true} {
		stripe := refunding{err: &lockstep.UpstreamError{Provider: "stripe", Status: status}}
		p := &Payments{Billing: stripe, Store: stripe}
		err := p.recordLicenseRefunds(t.Context(), lockstep.Claim{Attempt: 1}, lockstep.License{}, license,
			lockstep.Checkout{CreatedAt: time.Now()})
		err = errors.Join(err, p.recordInvoiceRefunds(t.Context(), lockstep.Claim{Attempt: 1}, "pi_1"))
		if (err != nil) != fails {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

// oneRecord is a store with one account.
type oneRecord struct {
	PaymentStore
	record lockstep.Record
}

func (b oneRecord) Account(context.Context, lockstep.Account) (lockstep.Record, error) {
	return b.record, nil
}

// TestARefundIsOfABuyerOnlyIfThereIsOne: a payment does not say for which of several subscriptions it
// was, so the e-mail must not go to the buyer of any of them.
func TestARefundIsOfABuyerOnlyIfThereIsOne(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	for name, c := range map[string]struct {
		buyers []string
		want   string
	}{
		"one subscription":         {[]string{"user_1"}, "user_1"},
		"two of the same buyer":    {[]string{"user_1", "user_1"}, "user_1"},
		"two of different buyers":  {[]string{"user_1", "user_2"}, ""},
		"the first one is unknown": {[]string{"", "user_2"}, ""},
		"a third one":              {[]string{"user_1", "user_2", "user_2"}, ""},
	} {
		r := lockstep.Record{Account: org, CustomerID: "cus_1"}
		for _, buyer := range c.buyers {
			r.Subscriptions = append(r.Subscriptions,
				lockstep.Subscription{CustomerID: "cus_1", Status: "active", PaidBy: buyer})
		}
		p := &Payments{Store: oneRecord{record: r}}
		purchase, err := p.invoiced(t.Context(), org, "cus_1")
		if err != nil || purchase.facts.PaidBy != c.want {
			t.Errorf("%s: bought by %q, want %q: %v", name, purchase.facts.PaidBy, c.want, err)
		}
	}
}
