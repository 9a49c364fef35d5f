package stripesim_test

import (
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/simulator"
)

// paying creates a customer with a card.
func (b *bench) paying(email string) string {
	b.T.Helper()
	customer := b.Customer(email)
	if err := b.SetCard(customer.ID, "4242424242424242"); err != nil {
		b.T.Fatal(err)
	}
	return customer.ID
}

// discountedSub subscribes a customer with one coupon.
func (b *bench) discountedSub(customer, price, coupon string) *stripe.Subscription {
	b.T.Helper()
	sub, err := b.Stripe.V1Subscriptions.Create(b.T.Context(), &stripe.SubscriptionCreateParams{Params: b.Key(),
		Customer:  &customer,
		Items:     []*stripe.SubscriptionCreateItemParams{{Price: &price}},
		Discounts: []*stripe.SubscriptionCreateDiscountParams{{Coupon: &coupon}}})
	if err != nil {
		b.T.Fatal(err)
	}
	return sub
}

// totals returns the totals of a subscription's invoices, oldest first.
func (b *bench) totals(sub string) []int64 {
	var totals []int64
	for _, invoice := range b.Invoices() {
		if invoice.Subscription == sub {
			totals = append(totals, invoice.Total())
		}
	}
	return totals
}

func lasting(duration string, months int64) func(*stripe.CouponCreateParams) {
	return func(p *stripe.CouponCreateParams) {
		p.Duration = &duration
		if months > 0 {
			p.DurationInMonths = &months
		}
	}
}

func TestADiscountLastsAsLongAsItsCouponSays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		for _, c := range []struct {
			duration string
			months   int64
			first    int // discounts on the subscription after its first invoice
			want     []int64
		}{
			{"forever", 0, 1, []int64{2320, 2320, 2320, 2320}},
			{"once", 0, 0, []int64{2320, 2900, 2900, 2900}},
			{"repeating", 2, 1, []int64{2320, 2320, 2900, 2900}},
		} {
			sub := b.discountedSub(b.paying(c.duration+"@example.com"), price, b.coupon(lasting(c.duration, c.months)).ID)
			if len(sub.Discounts) != c.first {
				t.Errorf("%s: after the first invoice the subscription has %d discounts, want %d", c.duration, len(sub.Discounts),
					c.first)
			}
			b.Advance(95 * 24 * time.Hour)
			if diff := cmp.Diff(c.want, b.totals(sub.ID)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.duration, diff)
			}
			if left := len(b.retrieved(sub.ID).Discounts); left != map[string]int{"forever": 1}[c.duration] {
				t.Errorf("%s: in the end the subscription has %d discounts", c.duration, left)
			}
		}
	})
}

func TestAnInvoiceTellsWhatWasTakenOffAndTheMoneyAgrees(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(lasting("forever", 0))
		sub := b.discountedSub(b.paying("a@example.com"), b.Monthly(), coupon.ID)
		invoice, err := b.Stripe.V1Invoices.Retrieve(t.Context(), sub.LatestInvoice.ID, &stripe.InvoiceRetrieveParams{
			Expand: []*string{stripe.String("discounts.source.coupon")}})
		if err != nil {
			t.Fatal(err)
		}
		if invoice.Subtotal != 2900 || invoice.Total != 2320 || invoice.AmountPaid != 2320 ||
			len(invoice.TotalDiscountAmounts) != 1 || invoice.TotalDiscountAmounts[0].Amount != 580 {
			t.Errorf("invoice: subtotal %d, total %d, paid %d, discounts %v", invoice.Subtotal, invoice.Total,
				invoice.AmountPaid, invoice.TotalDiscountAmounts)
		}
		if line := invoice.Lines.Data[0]; line.Amount != 2900 || line.DiscountAmounts[0].Amount != 580 {
			t.Errorf("line: %d, taken off %v", line.Amount, line.DiscountAmounts)
		}
		if d := invoice.Discounts[0]; d.Source.Coupon.ID != coupon.ID || d.Source.Coupon.PercentOff != 20 ||
			d.Subscription != sub.ID || d.Source.Coupon.TimesRedeemed != 1 {
			t.Errorf("discount %+v of coupon %+v", d, d.Source.Coupon)
		}
		if charges := b.Charges(); charges[len(charges)-1].Amount != 2320 {
			t.Errorf("charged %d", charges[len(charges)-1].Amount)
		}
		kinds := b.EventsSince("")
		for _, kind := range []string{"customer.discount.created", "coupon.updated"} {
			if !slices.Contains(kinds, kind) {
				t.Errorf("no %s in %v", kind, kinds)
			}
		}
	})
}

func TestAFreeFirstPeriodNeedsNoCard(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(func(p *stripe.CouponCreateParams) {
			p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(10000), stripe.String("usd")
		})
		sub := b.discountedSub(b.Customer("a@example.com").ID, b.Monthly(), coupon.ID)
		if sub.Status != "active" || !slices.Equal(b.totals(sub.ID), []int64{0}) {
			t.Errorf("it is %s with invoices of %v", sub.Status, b.totals(sub.ID))
		}
	})
}

func TestADiscountForOneInvoiceWaitsForOneThatCosts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon, price, customer := b.coupon(nil), b.Monthly(), b.paying("a@example.com")
		sub, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer,
			TrialPeriodDays: stripe.Int64(10),
			Items:           []*stripe.SubscriptionCreateItemParams{{Price: &price}},
			Discounts:       []*stripe.SubscriptionCreateDiscountParams{{Coupon: &coupon.ID}}})
		if err != nil || len(sub.Discounts) != 1 {
			t.Fatalf("in its trial it is %+v, %v", sub, err)
		}
		b.Advance(45 * 24 * time.Hour)
		if diff := cmp.Diff([]int64{0, 2320, 2900}, b.totals(sub.ID)); diff != "" {
			t.Errorf("invoices (-want +got):\n%s", diff)
		}
	})
}

func TestDiscountsOfASubscriptionAreReplacedKeptAndCleared(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		forever, once := b.coupon(lasting("forever", 0)), b.coupon(nil)
		sub := b.discountedSub(b.paying("a@example.com"), b.Monthly(), forever.ID)
		kept := sub.Discounts[0].ID
		sub, err := b.Stripe.V1Subscriptions.Update(t.Context(), sub.ID, &stripe.SubscriptionUpdateParams{
			Discounts: []*stripe.SubscriptionUpdateDiscountParams{{Discount: &kept}, {Coupon: &once.ID}}})
		if err != nil || len(sub.Discounts) != 2 || sub.Discounts[0].ID != kept {
			t.Fatalf("with a second one: %+v, %v", sub, err)
		}
		b.Advance(32 * 24 * time.Hour)
		if got := b.totals(sub.ID); !slices.Equal(got, []int64{2320, 1856}) { // 20% off what another 20% left
			t.Errorf("invoices of %v", got)
		}
		mark := b.Mark()
		status, body := b.post("/v1/subscriptions/"+sub.ID, url.Values{"discounts": {""}})
		if discounts, _ := body["discounts"].([]any); status != 200 || len(discounts) != 0 {
			t.Errorf("cleared: %d %v", status, body["discounts"])
		}
		if diff := cmp.Diff([]string{"customer.discount.deleted", "customer.subscription.updated"},
			b.EventsSince(mark)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAPromotionCodeIsHeldToItsRestrictions(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon, price := b.coupon(nil), b.Monthly()
		other := b.Customer("other@example.com").ID
		first := b.promotionCode(coupon.ID, "FIRST", func(p *stripe.PromotionCodeCreateParams) {
			p.Restrictions = &stripe.PromotionCodeCreateRestrictionsParams{FirstTimeTransaction: stripe.Bool(true)}
		})
		large := b.promotionCode(coupon.ID, "LARGE", func(p *stripe.PromotionCodeCreateParams) {
			p.Restrictions = &stripe.PromotionCodeCreateRestrictionsParams{MinimumAmount: stripe.Int64(2901),
				MinimumAmountCurrency: stripe.String("usd")}
		})
		theirs := b.promotionCode(coupon.ID, "THEIRS", func(p *stripe.PromotionCodeCreateParams) { p.Customer = &other })
		single := b.promotionCode(coupon.ID, "SINGLE", func(
			p *stripe.PromotionCodeCreateParams) {
			p.MaxRedemptions = stripe.Int64(1)
		})
		customer := b.paying("a@example.com")
		subscribe := func(code string) error {
			_, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer,
				Items:     []*stripe.SubscriptionCreateItemParams{{Price: &price}},
				Discounts: []*stripe.SubscriptionCreateDiscountParams{{PromotionCode: &code}}})
			return err
		}
		if err := subscribe(first.ID); err != nil {
			t.Errorf("the first transaction: %v", err)
		}
		refused(t, subscribe(first.ID), "discounts")
		refused(t, subscribe(large.ID), "discounts")
		refused(t, subscribe(theirs.ID), "discounts")
		if err := subscribe(single.ID); err != nil {
			t.Errorf("the only redemption: %v", err)
		}
		refused(t, subscribe(single.ID), "discounts")
		if got, err := b.Stripe.V1Coupons.Retrieve(t.Context(), coupon.ID, nil); err != nil || got.TimesRedeemed != 2 {
			t.Errorf("the coupon was redeemed %d times, %v", got.TimesRedeemed, err)
		}
	})
}

func TestADiscountAppliesToItsProductsOnly(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.Monthly()
		seat := b.AddPlan(simulator.Plan{LookupKey: "seat", ProductName: "Seat", Amount: 1000, Interval: "month"})
		prices := b.Prices()
		customer := b.paying("a@example.com")
		coupon := b.coupon(func(p *stripe.CouponCreateParams) {
			p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(1500), stripe.String("usd")
			p.AppliesTo = &stripe.CouponCreateAppliesToParams{Products: []*string{&prices[1].Product}}
		})
		sub, err := b.Stripe.V1Subscriptions.Create(t.Context(), &stripe.SubscriptionCreateParams{Customer: &customer,
			Items:     []*stripe.SubscriptionCreateItemParams{{Price: &prices[0].ID}, {Price: &seat}},
			Discounts: []*stripe.SubscriptionCreateDiscountParams{{Coupon: &coupon.ID}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.totals(sub.ID); !slices.Equal(got, []int64{2900}) {
			t.Errorf("invoices of %v, want the seat free and the plan whole", got)
		}
	})
}

func TestDiscountsOfItemsComeBeforeThoseOfTheInvoice(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer, percent := b.paying("a@example.com"), b.coupon(nil)
		fixed := b.coupon(func(p *stripe.CouponCreateParams) {
			p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(100), stripe.String("usd")
		})
		invoice, err := b.Stripe.V1Invoices.Create(t.Context(), &stripe.InvoiceCreateParams{Customer: &customer,
			Discounts: []*stripe.InvoiceCreateDiscountParams{{Coupon: &percent.ID}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, amount := range []int64{333, 1000} {
			params := &stripe.InvoiceItemCreateParams{Customer: &customer, Invoice: &invoice.ID, Amount: &amount,
				Currency: stripe.String("usd")}
			if amount == 1000 {
				params.Discounts = []*stripe.InvoiceItemCreateDiscountParams{{Coupon: &fixed.ID}}
			}
			if _, err := b.Stripe.V1InvoiceItems.Create(t.Context(), params); err != nil {
				t.Fatal(err)
			}
		}
		invoice, err = b.Stripe.V1Invoices.FinalizeInvoice(t.Context(), invoice.ID, nil)
		if err != nil || invoice.Subtotal != 1333 || invoice.Total != 333-67+900-180 {
			t.Errorf("subtotal %d, total %d, %v", invoice.Subtotal, invoice.Total, err)
		}
	})
}

func TestAProrationIsNotWorthMoreThanWhatWasPaid(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		large := b.AddPlan(simulator.Plan{LookupKey: "large", ProductName: "Large", Amount: 5800, Interval: "month"})
		sub := b.discountedSub(b.paying("a@example.com"), b.Monthly(), b.coupon(lasting("forever", 0)).ID)
		if _, err := b.Stripe.V1Subscriptions.Update(t.Context(), sub.ID,
			&stripe.SubscriptionUpdateParams{ProrationBehavior: stripe.String("always_invoice"),
				Items: []*stripe.SubscriptionUpdateItemParams{{ID: &sub.Items.Data[0].ID, Price: &large}}}); err != nil {
			t.Fatal(err)
		}
		// 4640 for the new plan minus the 2320 that were paid
		if diff := cmp.Diff([]int64{2320, 2320}, b.totals(sub.ID)); diff != "" {
			t.Errorf("invoices (-want +got):\n%s", diff)
		}
	})
}

func TestAFixedAmountIsSpreadWithoutALoss(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.paying("a@example.com")
		coupon := b.coupon(func(p *stripe.CouponCreateParams) {
			p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(100), stripe.String("usd")
		})
		invoice, err := b.Stripe.V1Invoices.Create(t.Context(), &stripe.InvoiceCreateParams{Customer: &customer,
			Discounts: []*stripe.InvoiceCreateDiscountParams{{Coupon: &coupon.ID}}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := b.Stripe.V1InvoiceItems.Create(t.Context(), &stripe.InvoiceItemCreateParams{Customer: &customer,
				Invoice: &invoice.ID, Amount: stripe.Int64(333), Currency: stripe.String("usd")}); err != nil {
				t.Fatal(err)
			}
		}
		invoice, err = b.Stripe.V1Invoices.Retrieve(t.Context(), invoice.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		var taken []int64
		for _, line := range invoice.Lines.Data {
			taken = append(taken, line.DiscountAmounts[0].Amount)
		}
		if invoice.Total != 899 || !slices.Equal(taken, []int64{33, 34, 33}) ||
			invoice.TotalDiscountAmounts[0].Amount != 100 {
			t.Errorf("total %d, taken %v", invoice.Total, taken)
		}
	})
}
