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
		err := p.tellLicenseRefunds(t.Context(), lockstep.Claim{Attempt: 1}, lockstep.License{}, license,
			lockstep.Checkout{CreatedAt: time.Now()})
		err = errors.Join(err, p.tellInvoiceRefunds(t.Context(), lockstep.Claim{Attempt: 1}, "pi_1"))
		if (err != nil) != fails {
			t.Errorf("status %d: %v", status, err)
		}
	}
}
