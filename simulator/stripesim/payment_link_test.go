package stripesim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// paymentLink creates a payment link.
func (b *bench) paymentLink(price, form string) map[string]any {
	b.T.Helper()
	response, link := b.Send("POST", simharness.StripeHost+"/v1/payment_links", nil,
		"line_items[0][price]="+price+"&line_items[0][quantity]=1&"+form)
	if response.StatusCode != http.StatusOK {
		b.T.Fatalf("payment link: %v", link)
	}
	return link
}

func TestEachVisitOfAPaymentLinkBeginsASession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		link := b.paymentLink(b.Monthly(), "metadata[campaign]=spring&subscription_data[metadata][plan]=pro&subscription_data[trial_period_days]=7")
		address := link["url"].(string)
		_, first, _ := b.Get(address + "?client_reference_id=user_1&prefilled_email=ada%40example.com&utm_source=x")
		_, second, _ := b.Get(address + "?client_reference_id=user%201&prefilled_email=ada%40gmile")
		sessions := b.CheckoutSessions()
		if len(sessions) != 2 || first == second || !strings.HasSuffix(first, sessions[0].ID) {
			t.Fatalf("two visits lead to %s and %s, with %d sessions", first, second, len(sessions))
		}
		if sessions[1].ClientReferenceID != "" || sessions[1].PrefilledEmail != "" {
			t.Errorf("what Stripe drops was kept: %+v", sessions[1])
		}
		page := b.Visited(first)
		if page.Value("#email", "value") != "ada@example.com" || has(page.All("#email")[0], "readonly") {
			t.Errorf("the e-mail field is %v", page.All("#email")[0].Attrs)
		}
		if status, to, text := b.Submit(first, with(card("4242424242424242"),
			"email=typed@example.com")); status != http.StatusSeeOther || !strings.HasSuffix(to, sessions[0].ID) {
			t.Fatalf("paying answers %d to %s: %s", status, to, text)
		}
		if heading := b.Visited(first).Says("h1"); heading != "Thanks for your payment" {
			t.Errorf("the page then says %q", heading)
		}
		done := b.sessionOf(sessions[0].ID)
		sub := b.Subscriptions()[0]
		if done.PaymentLink == nil || done.PaymentLink.ID != link["id"] || done.ClientReferenceID != "user_1" ||
			done.CustomerDetails.Email != "typed@example.com" ||
			done.Metadata["campaign"] != "spring" || sub.Metadata["plan"] != "pro" || sub.Status != "trialing" ||
			b.Customers()[0].Email != "typed@example.com" {
			t.Errorf("the session is %+v, the subscription %+v", done, sub)
		}
	})
}

func TestAPaymentLinkSellsOnceToGuestsAndCustomers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		once := b.AddPlan(simulator.Plan{ProductName: "Once", Amount: 900})
		for _, creation := range []string{"if_required", "always"} {
			link := b.paymentLink(once, "customer_creation="+creation+"&after_completion[type]=redirect&after_completion[redirect][url]="+url.QueryEscape("http://app.test/thanks?id={CHECKOUT_SESSION_ID}"))
			session, err := b.VisitPaymentLink(link["url"].(string), "locked_prefilled_email=ada%40example.com")
			if err != nil {
				t.Fatal(err)
			}
			status, to, _ := b.Submit(simharness.StripeHost+"/c/pay/"+session, goodCard)
			if status != http.StatusSeeOther || to != "http://app.test/thanks?id="+session {
				t.Errorf("paying leads to %d %s", status, to)
			}
			done := b.sessionOf(session)
			if (done.Customer != nil) != (creation == "always") || done.CustomerDetails.Email != "ada@example.com" ||
				done.PaymentStatus != "paid" {
				t.Errorf("%s: the session is %+v", creation, done)
			}
		}
	})
}

func TestAPaymentLinkIsChangedAndSwitchedOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		price := b.Monthly()
		link := b.paymentLink(price, "allow_promotion_codes=true")
		b.promotion("HALF")
		session, err := b.VisitPaymentLink(link["id"].(string), "prefilled_promo_code=HALF")
		if err != nil {
			t.Fatal(err)
		}
		if total := b.sessionOf(session).AmountTotal; total != 1450 {
			t.Errorf("with the code it costs %d", total)
		}
		_, lines := b.Send("GET", simharness.StripeHost+"/v1/payment_links/"+link["id"].(string)+"/line_items", nil, "")
		if data := lines["data"].([]any); len(data) != 1 {
			t.Errorf("line_items are %v", lines)
		}
		b.Send("POST", simharness.StripeHost+"/v1/payment_links/"+link["id"].(string), nil, "active=false&inactive_message=Sold+out")
		if status, _, page := b.Get(link["url"].(string)); status != http.StatusGone || !strings.Contains(page, "Sold out") {
			t.Errorf("a link that is off answers %d: %s", status, page)
		}
		b.Send("POST", simharness.StripeHost+"/v1/payment_links/"+link["id"].(string), nil, "active=true")
		b.Send("POST", simharness.StripeHost+"/v1/prices/"+price, nil, "active=false")
		if status, _, _ := b.Get(link["url"].(string)); status != http.StatusGone {
			t.Errorf("a link with an inactive price answers %d", status)
		}
		if status, _, _ := b.Get(simharness.StripeHost + "/b/test_none"); status != http.StatusNotFound {
			t.Errorf("an unknown link answers %d", status)
		}
		links, err := b.Stripe.V1PaymentLinks.Retrieve(t.Context(), link["id"].(string),
			&stripe.PaymentLinkRetrieveParams{Expand: []*string{stripe.String("line_items")}})
		if err != nil || len(links.LineItems.Data) != 1 {
			t.Errorf("with its line items: %+v, %v", links, err)
		}
		if got := b.EventsSince(""); !strings.Contains(strings.Join(got, " "), "payment_link.created") ||
			!strings.Contains(strings.Join(got, " "), "payment_link.updated") {
			t.Errorf("the events are %v", got)
		}
	})
}
