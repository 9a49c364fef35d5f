package stripebilling_test

import (
	"errors"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestOneTimePaymentFromCheckoutToDispute(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	ctx := t.Context()
	c := create(t, client, user)
	id := bought(t, sim, client, "lifetime", lockstep.CheckoutRequest{Account: user, CustomerID: c.ID})

	got, err := client.Checkout(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mode != "payment" || got.Status != "complete" || got.PaymentStatus != "paid" || got.CustomerID != c.ID ||
		got.Reference != "user_1" ||
		got.Metadata["clerkUserId"] != "user_1" || got.PaymentID == "" || got.Amount != 19900 || got.Currency != "usd" ||
		got.CreatedAt.IsZero() ||
		got.Refunded || got.Disputed || len(got.Items) != 1 || got.Items[0].LookupKey != "lifetime" ||
		got.Items[0].Quantity != 1 || got.Items[0].ProductID == "" {
		t.Errorf("%+v", got)
	}
	if _, ok := lockstep.LicenseOf(got, user); !ok {
		t.Error("it makes no license")
	}
	of, err := client.CheckoutOfPayment(ctx, got.PaymentID)
	if err != nil || of.ID != id {
		t.Errorf("of the payment: %+v %v", of, err)
	}
	if _, err := client.CheckoutOfPayment(ctx, "pi_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("of no payment: %v", err)
	}
	if all, err := client.Checkouts(ctx, c.ID); err != nil || len(all) != 1 || all[0].ID != id ||
		all[0].PaymentID != got.PaymentID {
		t.Errorf("of the customer: %+v %v", all, err)
	}

	paidAt := got.PaidAt
	if paidAt.IsZero() {
		t.Error("it does not say when it was paid")
	}
	look := func(what string, amount int64, refunded, disputed bool) {
		t.Helper()
		got, err := client.Checkout(ctx, id)
		if err != nil || got.Refunded != refunded || got.RefundedAmount != amount || got.Disputed != disputed ||
			!got.PaidAt.Equal(paidAt) {
			t.Errorf("%s: refunded %v (%d), disputed %v, paid %s, %v", what, got.Refunded, got.RefundedAmount, got.Disputed,
				got.PaidAt, err)
		}
	}
	dispute, err := sim.Dispute(sim.Charges()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	look("dispute open", 0, false, true)
	if err := sim.CloseDispute(dispute, true); err != nil {
		t.Fatal(err)
	}
	look("dispute won", 0, false, false)
	if err := sim.Refund(got.PaymentID, 100); err != nil {
		t.Fatal(err)
	}
	look("a part refunded", 100, false, false)
	if err := sim.Refund(got.PaymentID, 0); err != nil {
		t.Fatal(err)
	}
	look("refunded", got.Amount, true, false)
	if _, err := client.Checkout(ctx, "cs_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func TestCheckoutOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	ctx := t.Context()
	price, err := client.PriceByLookupKey(ctx, "pro")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PriceByLookupKey(ctx, "never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("lookup key: %v", err)
	}
	if _, err := client.Price(ctx, "price_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("price: %v", err)
	}
	never := lockstep.CheckoutRequest{Account: user, CustomerID: "cus_never", Price: price,
		SuccessURL: "http://127.0.0.1/"}
	if _, err := client.StartCheckout(ctx, never); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("customer: %v", err)
	}
	var upstream *lockstep.UpstreamError
	if err := client.CloseCheckout(ctx, "cs_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("close: %v", err)
	}
	done := bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: create(t, client, user).ID})
	if err := client.CloseCheckout(ctx, done); !errors.As(err, &upstream) || !upstream.Rejected() {
		t.Errorf("close what was paid: %v", err)
	}
	if _, err := client.StartPortal(ctx, lockstep.PortalRequest{CustomerID: "cus_never"}); !errors.Is(err,
		lockstep.ErrNotFound) {
		t.Errorf("portal: %v", err)
	}
	if _, err := client.Product(ctx, "prod_never"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("product: %v", err)
	}
	c := create(t, client, user)
	if url, err := client.StartPortal(ctx, lockstep.PortalRequest{CustomerID: c.ID,
		ReturnURL: "http://127.0.0.1/back"}); err != nil || url == "" {
		t.Errorf("portal: %q %v", url, err)
	}
}
