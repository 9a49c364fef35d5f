package stripesim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

var (
	aPayer        = step{"customer", "POST /v1/customers payment_method=pm_card_visa invoice_settings[default_payment_method]=pm_card_visa"}
	aProduct      = step{"product", "POST /v1/products name=myproduct description=(created+by+Stripe+CLI)"}
	aPrice        = step{"price", "POST /v1/prices product={product} unit_amount=3000 currency=usd recurring[interval]=month"}
	anotherPrice  = step{"other", "POST /v1/prices product={product} unit_amount=9000 currency=usd recurring[interval]=month"}
	aYear         = step{"year", "POST /v1/prices product={product} unit_amount=30000 currency=usd recurring[interval]=year"}
	aSubscription = step{"subscription", "POST /v1/subscriptions customer={customer} items[0][price]={price}"}
)

// The requests of the Stripe CLI for each subscription trigger.
func TestTheSubscriptionTriggersOfTheStripeCLIWriteTheirEvents(t *testing.T) {
	t.Parallel()
	made := []step{aPayer, aProduct, aPrice, aSubscription}
	card := func(token string) []step {
		return []step{{"method", "POST /v1/payment_methods type=card card[token]=" + token},
			{"customer", "POST /v1/customers name=SubscriptionTestCustomer"},
			{"", "POST /v1/payment_methods/{method}/attach customer={customer}"},
			{"", "POST /v1/customers/{customer} invoice_settings[default_payment_method]={method}"},
			aProduct, aPrice, aSubscription}
	}
	for event, steps := range map[string][]step{
		"customer.subscription.created": made,
		"customer.subscription.deleted": append(slices.Clone(made), step{"", "DELETE /v1/subscriptions/{subscription}"}),
		"customer.subscription.updated": append(slices.Clone(made),
			step{"", "POST /v1/subscriptions/{subscription} metadata[foo]=bar"}),
		"customer.subscription.paused": {aCustomer, aProduct, aPrice, {"subscription", aSubscription.request +
			" trial_period_days=7 trial_settings[end_behavior][missing_payment_method]=pause"},
			{"", "POST /v1/subscriptions/{subscription} trial_end=now"}},
		"customer.subscription.trial_will_end": {aCustomer, aProduct, aPrice,
			{"subscription", aSubscription.request + " trial_period_days=1"}},
		"invoice.payment_failed":    card("tok_chargeCustomerFail"),
		"invoice.payment_succeeded": card("tok_visa"),
	} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				b.trigger(steps...)
				b.Settle()
				if kinds := b.EventsSince(""); !slices.Contains(kinds, event) {
					t.Errorf("the events are %v", kinds)
				}
			})
		})
	}
}

// amounts returns the line amounts of the newest invoice.
func (b *bench) amounts() []int64 {
	invoices := b.Invoices()
	var amounts []int64
	for _, line := range invoices[len(invoices)-1].Lines {
		amounts = append(amounts, line.Amount)
	}
	return amounts
}

func TestAChangeOfPlanIsProratedByTheSecond(t *testing.T) {
	t.Parallel()
	// The period is April, which has 30 days: after ten days two thirds remain.
	april := func(b *bench, steps ...step) map[string]any {
		b.Advance(91 * simharness.Day) // 1 April 2000
		b.trigger(aPayer, aProduct, aPrice, anotherPrice, aSubscription)
		b.Advance(10 * simharness.Day)
		item := b.Subscriptions()[0].Items[0]
		for i := range steps {
			steps[i].request = strings.NewReplacer("{subscription}", b.Subscriptions()[0].ID, "{item}", item.ID, "{other}",
				b.Prices()[1].ID).Replace(steps[i].request)
		}
		return b.trigger(steps...)
	}
	t.Run("create_prorations waits for the renewal", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			april(b, step{"", "POST /v1/subscriptions/{subscription} items[0][id]={item} items[0][price]={other}"})
			if len(b.Invoices()) != 1 {
				t.Fatalf("%d invoices after the change, want the first only", len(b.Invoices()))
			}
			b.Advance(20*simharness.Day + time.Hour)
			if diff := cmp.Diff([]int64{6000, -2000, 9000}, b.amounts()); diff != "" {
				t.Errorf("lines of the renewal (-want +got):\n%s", diff)
			}
			if charges := b.Charges(); charges[len(charges)-1].Amount != 13000 {
				t.Errorf("charged %d", charges[len(charges)-1].Amount)
			}
		})
	})
	t.Run("always_invoice asks at once", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			before := ""
			april(b, step{"", "GET /v1/customers"}, step{"",
				"POST /v1/subscriptions/{subscription} items[0][id]={item} items[0][price]={other} proration_behavior=always_invoice"})
			if diff := cmp.Diff([]int64{6000, -2000}, b.amounts()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			kinds := b.EventsSince(before)
			want := []string{"invoiceitem.created", "invoiceitem.created", "customer.subscription.updated", "invoice.created",
				"invoice.finalized", "payment_intent.created",
				"charge.succeeded", "payment_intent.succeeded", "invoice.paid", "invoice.payment_succeeded", "invoice.updated",
				"invoice_payment.paid"}
			if diff := cmp.Diff(want, kinds[len(kinds)-len(want):]); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if got := b.Subscriptions()[0]; !got.PeriodEnd().Equal(time.Date(2000, 5, 1, 0, 0, 0, 0, time.UTC)) ||
				got.LatestInvoice != b.Invoices()[1].ID || b.Invoices()[1].Reason != "subscription_update" {
				t.Errorf("the period ends %s, latest invoice %s, its reason %s", got.PeriodEnd(), got.LatestInvoice,
					b.Invoices()[1].Reason)
			}
		})
	})
	t.Run("a downgrade becomes credit that the renewal uses", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			april(b, step{"", "POST /v1/subscriptions/{subscription} items[0][id]={item} items[0][quantity]=0 proration_behavior=always_invoice"})
			if got := b.Customers()[0].Balance; got != -2000 {
				t.Errorf("the balance is %d, want -2000", got)
			}
			b.trigger(step{"", "POST /v1/subscriptions/" + b.Subscriptions()[0].ID + " proration_behavior=none items[0][id]=" +
				b.Subscriptions()[0].Items[0].ID + " items[0][quantity]=1"})
		})
	})
	t.Run("none changes only the price", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			april(b, step{"", "POST /v1/subscriptions/{subscription} items[0][id]={item} items[0][price]={other} proration_behavior=none"})
			b.Advance(20*simharness.Day + time.Hour)
			if diff := cmp.Diff([]int64{9000}, b.amounts()); diff != "" {
				t.Errorf("lines of the renewal (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("proration_date moves the line", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			// April 10
			april(b, step{"", "POST /v1/subscriptions/{subscription} items[0][id]={item} items[0][quantity]=2 proration_behavior=always_invoice proration_date=955324800"})
			if diff := cmp.Diff([]int64{4200, -2100}, b.amounts()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("an item more costs its rest of the period", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			answer := april(b, step{"", "POST /v1/subscription_items subscription={subscription} price={other} quantity=1 proration_behavior=always_invoice"})
			if diff := cmp.Diff([]int64{6000}, b.amounts()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			id := answer["id"].(string)
			b.trigger(step{"", "POST /v1/subscription_items/" + id + " quantity=3 proration_behavior=always_invoice"})
			if diff := cmp.Diff([]int64{18000, -6000}, b.amounts()); diff != "" {
				t.Errorf("lines of the larger quantity (-want +got):\n%s", diff)
			}
			list := b.trigger(step{"", "GET /v1/subscription_items?subscription=" + b.Subscriptions()[0].ID})
			if got := len(list["data"].([]any)); got != 2 {
				t.Errorf("%d items", got)
			}
			b.trigger(step{"", "DELETE /v1/subscription_items/" + id + " proration_behavior=none"},
				step{"", "GET /v1/subscription_items/" + id + " -> 404"})
		})
	})
	t.Run("the preview is what happens", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			preview := april(b, step{"", "POST /v1/invoices/create_preview subscription={subscription} subscription_details[items][0][id]={item} subscription_details[items][0][price]={other} subscription_details[proration_behavior]=always_invoice"})
			if preview["amount_due"] != float64(4000) || preview["billing_reason"] != "upcoming" || len(b.Invoices()) != 1 {
				t.Errorf("the preview asks for %v (%v), %d invoices", preview["amount_due"], preview["billing_reason"],
					len(b.Invoices()))
			}
			next := b.trigger(step{"", "POST /v1/invoices/create_preview customer=" + b.Customers()[0].ID})
			if next["amount_due"] != float64(3000) {
				t.Errorf("the next invoice asks for %v", next["amount_due"])
			}
		})
	})
	t.Run("another interval begins a new period at once", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			b.Advance(91 * simharness.Day)
			b.trigger(aPayer, aProduct, aPrice, aYear, aSubscription)
			b.Advance(10 * simharness.Day)
			sub := b.Subscriptions()[0]
			b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " items[0][id]=" + sub.Items[0].ID + " items[0][price]=" +
				b.Prices()[1].ID})
			if diff := cmp.Diff([]int64{-2000, 30000}, b.amounts()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if got := b.Subscriptions()[0].PeriodEnd(); !got.Equal(time.Date(2001, 4, 11, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("the period ends %s", got)
			}
		})
	})
	t.Run("from free to paid begins a new period at once", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			b.trigger(aPayer, aProduct, step{"price", strings.Replace(aPrice.request, "3000", "0", 1)}, anotherPrice,
				aSubscription)
			b.Advance(10 * simharness.Day)
			sub := b.Subscriptions()[0]
			b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " items[0][id]=" + sub.Items[0].ID + " items[0][price]=" +
				b.Prices()[1].ID})
			if got := b.Subscriptions()[0]; !got.Anchor.Equal(b.Now()) || b.Charges()[0].Amount != 9000 {
				t.Errorf("anchor %s, charged %d", got.Anchor, b.Charges()[0].Amount)
			}
		})
	})
}

func TestAnUpdateThatCannotBePaid(t *testing.T) {
	t.Parallel()
	update := func(b *bench, behaviour, answer string) map[string]any {
		b.trigger(aPayer, aProduct, aPrice, anotherPrice, aSubscription)
		if err := b.SetCard(b.Customers()[0].ID, "4000000000000341"); err != nil {
			b.T.Fatal(err)
		}
		sub := b.Subscriptions()[0]
		return b.trigger(step{"", "POST /v1/subscriptions/" + sub.ID + " items[0][id]=" + sub.Items[0].ID +
			" items[0][price]=" + b.Prices()[1].ID +
			" proration_behavior=always_invoice payment_behavior=" + behaviour + answer})
	}
	t.Run("allow_incomplete", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			update(b, "allow_incomplete", "")
			if got := b.Subscriptions()[0]; got.Status != "past_due" || got.Items[0].Price != b.Prices()[1].ID {
				t.Errorf("it is %s with %s", got.Status, got.Items[0].Price)
			}
		})
	})
	t.Run("error_if_incomplete", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			update(b, "error_if_incomplete", " -> 402")
			if got := b.Subscriptions()[0]; got.Status != "active" || got.Items[0].Price != b.Prices()[0].ID ||
				len(b.Invoices()) != 1 {
				t.Errorf("it is %s with %s and %d invoices", got.Status, got.Items[0].Price, len(b.Invoices()))
			}
		})
	})
	t.Run("default_incomplete", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			update(b, "default_incomplete", "")
			if got := b.Subscriptions()[0]; got.Status != "past_due" || b.Invoices()[1].Status != "open" ||
				b.Invoices()[1].Attempts != 0 {
				t.Errorf("it is %s with an invoice %+v", got.Status, b.Invoices()[1])
			}
		})
	})
	t.Run("pending_if_incomplete, then paid", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			answer := update(b, "pending_if_incomplete", "")
			if answer["pending_update"] == nil || b.Subscriptions()[0].Items[0].Price != b.Prices()[0].ID {
				t.Errorf("pending_update is %v, the price %s", answer["pending_update"], b.Subscriptions()[0].Items[0].Price)
			}
			if err := b.SetCard(b.Customers()[0].ID, "4242424242424242"); err != nil {
				t.Fatal(err)
			}
			if err := b.PayInvoice(b.Invoices()[1].ID); err != nil {
				t.Fatal(err)
			}
			if got := b.Subscriptions()[0]; got.PendingUpdate != nil || got.Items[0].Price != b.Prices()[1].ID ||
				!slices.Contains(b.EventsSince(""), "customer.subscription.pending_update_applied") {
				t.Errorf("after payment it is %+v", got)
			}
		})
	})
	t.Run("pending_if_incomplete, never paid", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, b *bench) {
			update(b, "pending_if_incomplete", "")
			b.Advance(23 * time.Hour)
			if got := b.Subscriptions()[0]; got.PendingUpdate != nil || got.Items[0].Price != b.Prices()[0].ID ||
				b.Invoices()[1].Status != "void" ||
				!slices.Contains(b.EventsSince(""), "customer.subscription.pending_update_expired") {
				t.Errorf("after 23 hours it is %+v, the invoice %s", got, b.Invoices()[1].Status)
			}
		})
	})
}

func TestADefaultIncompleteSubscriptionIsConfirmedByItsSecret(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		answer := b.trigger(aCustomer, aProduct, aPrice,
			step{"", aSubscription.request + " payment_behavior=default_incomplete payment_settings[save_default_payment_method]=on_subscription expand[]=latest_invoice.confirmation_secret"})
		secret := answer["latest_invoice"].(map[string]any)["confirmation_secret"].(map[string]any)["client_secret"].(string)
		if !strings.HasPrefix(secret, b.Invoices()[0].PaymentIntent) || answer["status"] != "incomplete" {
			t.Fatalf("the secret is %s, the status %v", secret, answer["status"])
		}
		if err := b.SetCard(b.Customers()[0].ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		if err := b.PayInvoice(b.Invoices()[0].ID); err != nil {
			t.Fatal(err)
		}
		if got := b.Subscriptions()[0]; got.Status != "active" || got.DefaultPaymentMethod == "" {
			t.Errorf("after payment it is %s, paid by default with %q", got.Status, got.DefaultPaymentMethod)
		}
	})
}

func TestAnAnchorInTheFutureMakesTheFirstPeriodAPart(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		// January 1 to January 11 of a period that starts on December 11: 10 of 31
		// days.
		b.trigger(aPayer, aProduct, step{"price", strings.Replace(aPrice.request, "3000", "3100", 1)},
			step{"", aSubscription.request + " billing_cycle_anchor_config[day_of_month]=11"})
		if got := b.Charges()[0].Amount; got != 1000 {
			t.Errorf("the first charge is %d, want 1000", got)
		}
		b.Advance(10*simharness.Day + time.Hour)
		if got := b.Charges()[1].Amount; got != 3100 || !b.Subscriptions()[0].PeriodEnd().Equal(time.Date(2000, 2, 11, 0, 0,
			0, 0, time.UTC)) {
			t.Errorf("the second charge is %d, the period ends %s", got, b.Subscriptions()[0].PeriodEnd())
		}
	})
}

func TestMixedIntervalsRenewEachByItself(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aPayer, aProduct, aPrice, aYear, step{"", aSubscription.request + " items[1][price]={year}"},
			step{"", aSubscription.request + " items[1][price]={year} billing_mode[type]=classic -> 400"})
		b.Advance(31*simharness.Day + time.Hour)
		if diff := cmp.Diff([]int64{3000}, b.amounts()); diff != "" {
			t.Errorf("lines after a month (-want +got):\n%s", diff)
		}
		b.Advance(335*simharness.Day + time.Hour)
		if diff := cmp.Diff([]int64{30000, 3000}, b.amounts()); diff != "" {
			t.Errorf("lines after a year (-want +got):\n%s", diff)
		}
		id := b.Subscriptions()[0].ID
		b.trigger(step{"", "POST /v1/subscriptions/" + id + " cancel_at_period_end=true -> 400"},
			step{"", "POST /v1/subscriptions/" + id + " cancel_at=max_period_end"})
		if got := b.Subscriptions()[0]; !got.CancelAt.Equal(time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("it ends %s", got.CancelAt)
		}
	})
}

func TestASentSubscriptionIsActiveAtOnceAndPastDueLater(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aCustomer, aProduct, aPrice, step{"", aSubscription.request + " collection_method=send_invoice -> 400"},
			step{"", aSubscription.request + " collection_method=send_invoice days_until_due=5"})
		if got := b.Subscriptions()[0].Status; got != "active" || b.Invoices()[0].Status != "draft" {
			t.Errorf("it is %s, the invoice %s; want active, draft", got, b.Invoices()[0].Status)
		}
		b.Advance(time.Hour)
		if kinds := b.EventsSince(""); b.Invoices()[0].Status != "open" || !slices.Contains(kinds, "invoice.sent") {
			t.Errorf("an hour later the invoice is %s; %v", b.Invoices()[0].Status, kinds)
		}
		b.Advance(5 * simharness.Day)
		if got := b.Subscriptions()[0].Status; got != "past_due" {
			t.Errorf("after the due date it is %s", got)
		}
		b.trigger(step{"", "POST /v1/invoices/" + b.Invoices()[0].ID + "/pay paid_out_of_band=true"})
		if got := b.Subscriptions()[0].Status; got != "active" {
			t.Errorf("after payment elsewhere it is %s", got)
		}
	})
}

func TestAFeatureCanBeRenamedAndArchived(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.trigger(aProduct, step{"feature", "POST /v1/entitlements/features name=Export lookup_key=export"},
			step{"", "POST /v1/entitlements/features name=Again lookup_key=export -> 400"},
			step{"link", "POST /v1/products/{product}/features entitlement_feature={feature}"},
			step{"", "GET /v1/products/{product}/features/{link}"},
			step{"", "POST /v1/entitlements/features/{feature} active=false name=Old metadata[a]=b"},
			step{"", "POST /v1/entitlements/features name=Again lookup_key=export"},
			step{"", "POST /v1/entitlements/features/{feature} active=true -> 400"})
	})
}
