package stripesim_test

import (
	"slices"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

func TestACheckoutTakesADiscount(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(lasting("forever", 0))
		license := b.AddPlan(simulator.Plan{LookupKey: "license", ProductName: "License", Amount: 5000})
		for mode, price := range map[string]string{"payment": license, "subscription": b.Monthly()} {
			session := b.Session(mode, price, func(p *stripe.CheckoutSessionCreateParams) {
				p.Discounts = []*stripe.CheckoutSessionCreateDiscountParams{{Coupon: &coupon.ID}}
			})
			want := session.AmountSubtotal * 8 / 10
			if session.AmountTotal != want || session.TotalDetails.AmountDiscount != session.AmountSubtotal-want ||
				session.Discounts[0].Coupon.ID != coupon.ID {
				t.Errorf("%s: %d of %d, %+v", mode, session.AmountTotal, session.AmountSubtotal, session.TotalDetails)
			}
			if err := b.PayCheckout(session.ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
			if charges := b.Charges(); charges[len(charges)-1].Amount != want {
				t.Errorf("%s: charged %d, want %d", mode, charges[len(charges)-1].Amount, want)
			}
			paid, err := b.Stripe.V1CheckoutSessions.Retrieve(t.Context(), session.ID, nil)
			if err != nil || paid.AmountTotal != want {
				t.Errorf("%s: paid, it says %d, %v", mode, paid.AmountTotal, err)
			}
		}
		sub := b.Subscriptions()[0]
		b.Advance(32 * 24 * time.Hour)
		if got := b.totals(sub.ID); !slices.Equal(got, []int64{2320, 2320}) {
			t.Errorf("the subscription's invoices are of %v", got)
		}
		if got, err := b.Stripe.V1Coupons.Retrieve(t.Context(), coupon.ID, nil); err != nil || got.TimesRedeemed != 2 {
			t.Errorf("the coupon was redeemed %d times, %v", got.TimesRedeemed, err)
		}
		_, err := b.Stripe.V1CheckoutSessions.Create(t.Context(),
			&stripe.CheckoutSessionCreateParams{Mode: stripe.String("payment"), SuccessURL: stripe.String("http://app.test/ok"),
				LineItems:           []*stripe.CheckoutSessionCreateLineItemParams{{Price: &license, Quantity: stripe.Int64(1)}},
				AllowPromotionCodes: stripe.Bool(true),
				Discounts:           []*stripe.CheckoutSessionCreateDiscountParams{{Coupon: &coupon.ID}}})
		refused(t, err, "discounts")
	})
}

func TestABuyerTypesAPromotionCode(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(nil)
		code, large := b.promotionCode(coupon.ID, "FRIENDS", nil), b.promotionCode(coupon.ID, "LARGE",
			func(p *stripe.PromotionCodeCreateParams) {
				p.Restrictions = &stripe.PromotionCodeCreateRestrictionsParams{MinimumAmount: stripe.Int64(999999),
					MinimumAmountCurrency: stripe.String("usd")}
			})
		closed := b.Session("subscription", b.Monthly(), nil)
		open := b.Session("subscription", b.Prices()[0].ID,
			func(p *stripe.CheckoutSessionCreateParams) { p.AllowPromotionCodes = stripe.Bool(true) })
		for session, text := range map[string]string{closed.ID: "FRIENDS", open.ID: large.Code, "cs_test_none": "FRIENDS"} {
			if err := b.ApplyPromotionCode(session, text); err == nil {
				t.Errorf("%s was taken by %s", text, session)
			}
		}
		if err := b.ApplyPromotionCode(open.ID, "nobody"); err == nil {
			t.Error("an unknown code was accepted")
		}
		if err := b.PayCheckout(open.ID, "4000000000000002"); err == nil { // an intent for the whole amount exists
			t.Fatal("the card was not declined")
		}
		if err := b.ApplyPromotionCode(open.ID, " friends "); err != nil {
			t.Fatal(err)
		}
		if err := b.PayCheckout(open.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		paid, err := b.Stripe.V1CheckoutSessions.Retrieve(t.Context(), open.ID, nil)
		if err != nil || paid.AmountTotal != 2320 || paid.Discounts[0].PromotionCode.ID != code.ID {
			t.Errorf("paid %+v, %v", paid, err)
		}
		if charges := b.Charges(); charges[len(charges)-1].Amount != 2320 {
			t.Errorf("charged %d", charges[len(charges)-1].Amount)
		}
		if got, err := b.Stripe.V1PromotionCodes.Retrieve(t.Context(), code.ID, nil); err != nil || got.TimesRedeemed != 1 {
			t.Errorf("the code was redeemed %d times, %v", got.TimesRedeemed, err)
		}
	})
}
