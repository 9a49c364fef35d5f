package stripesim_test

import (
	"net/http"
	"testing"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestACheckoutCreatesTheCustomerThatTheBuyerDescribes(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"subscription", "payment always", "payment if_required", "setup always"} {
		t.Run(mode, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *bench) {
				var session *stripe.CheckoutSession
				switch mode {
				case "subscription":
					session = b.Session("subscription", b.Monthly(), nil)
				case "setup always":
					session = b.Session("setup", "", func(p *stripe.CheckoutSessionCreateParams) {
						p.LineItems, p.Currency, p.CustomerCreation = nil, stripe.String("usd"), stripe.String("always")
					})
				default:
					session = b.Session("payment", b.AddPlan(simulator.Plan{ProductName: "Once", Amount: 900}),
						func(p *stripe.CheckoutSessionCreateParams) {
							p.CustomerCreation = stripe.String(mode[len("payment "):])
						})
				}
				form := with(card("4242424242424242"), "email=ada@example.com", "name=Ada Lovelace", "country=gb",
					"postal_code=SW1")
				if status, _, text := b.Submit(session.URL, form); status != http.StatusSeeOther {
					t.Fatalf("paying answers %d: %s", status, text)
				}
				done := b.sessionOf(session.ID)
				details := done.CustomerDetails
				if details.Email != "ada@example.com" || details.Name != "Ada Lovelace" || details.Address.Country != "GB" ||
					details.Address.PostalCode != "SW1" {
					t.Errorf("customer_details are %+v, address %+v", details, details.Address)
				}
				if mode == "payment if_required" {
					if done.Customer != nil || len(b.Customers()) != 0 {
						t.Errorf("a guest became customer %+v", done.Customer)
					}
					return
				}
				if len(b.Customers()) != 1 {
					t.Fatalf("there are %d customers", len(b.Customers()))
				}
				if c := b.Customers()[0]; c.ID != done.Customer.ID || c.Email != "ada@example.com" || c.Name != "Ada Lovelace" ||
					c.Address.Country != "GB" {
					t.Errorf("the customer is %+v", c)
				}
			})
		})
	}
}

func (b *bench) sessionOf(session string) *stripe.CheckoutSession {
	b.T.Helper()
	found, err := b.Stripe.V1CheckoutSessions.Retrieve(b.T.Context(), session, nil)
	if err != nil {
		b.T.Fatal(err)
	}
	return found
}

func TestACheckoutForAKnownCustomerTakesOnlyWhatIsAllowed(t *testing.T) {
	t.Parallel()
	buyer := simulator.Contact{Email: "typed@example.com", Name: "Typed Name",
		Address: &simulator.Address{Country: "DE", Line1: "Weg 1"}}
	for name, test := range map[string]struct {
		email              string
		update             *stripe.CheckoutSessionCreateCustomerUpdateParams
		wantEmail, wantAll string
	}{
		"its own address stays":    {email: "known@example.com", wantEmail: "known@example.com"},
		"a missing address is set": {wantEmail: "typed@example.com"},
		"customer_update takes others": {email: "known@example.com",
			update: &stripe.CheckoutSessionCreateCustomerUpdateParams{Name: stripe.String("auto"),
				Address: stripe.String("auto")}, wantEmail: "known@example.com", wantAll: "Typed Name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, b *bench) {
				customer := b.Customer(test.email)
				session := b.Session("subscription", b.Monthly(), func(p *stripe.CheckoutSessionCreateParams) {
					p.Customer,
						p.CustomerUpdate = &customer.ID, test.update
				})
				if err := b.PayCheckoutAs(session.ID, "4242424242424242", buyer); err != nil {
					t.Fatal(err)
				}
				got := b.Customers()[0]
				if got.Email != test.wantEmail || got.Name != test.wantAll || (got.Address != nil) != (test.wantAll != "") {
					t.Errorf("the customer is %+v", got)
				}
				if details := b.sessionOf(session.ID).CustomerDetails; details.Email != test.wantEmail ||
					details.Name != "Typed Name" {
					t.Errorf("customer_details are %+v", details)
				}
			})
		})
	}
}

func TestABuyerWhoTypesAnotherAddressAfterADeclinedCardIsBelieved(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(), nil)
		if err := b.PayCheckoutAs(session.ID, "4000000000000002", simulator.Contact{Email: "first@example.com"}); err == nil {
			t.Fatal("the card was accepted")
		}
		if err := b.PayCheckoutAs(session.ID, "4242424242424242",
			simulator.Contact{Email: "second@example.com"}); err != nil {
			t.Fatal(err)
		}
		if got := b.Customers(); len(got) != 1 || got[0].Email != "second@example.com" {
			t.Errorf("the customers are %+v", got)
		}
	})
}

func TestCustomerDetailsStayAsTheBuyerTypedThem(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		session := b.Session("subscription", b.Monthly(),
			func(p *stripe.CheckoutSessionCreateParams) { p.CustomerEmail = stripe.String("given@example.com") })
		if page := b.Visited(session.URL); page.Value("#email", "value") != "given@example.com" ||
			!has(page.All("#email")[0], "readonly") {
			t.Errorf("the page shows the e-mail field %v", page.All("#email")[0].Attrs)
		}
		if err := b.PayCheckoutAs(session.ID, "4242424242424242", simulator.Contact{Email: "other@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.Send("POST", simharness.StripeHost+"/v1/customers/"+b.Customers()[0].ID, nil, "email=later@example.com")
		if got := b.sessionOf(session.ID).CustomerDetails.Email; got != "given@example.com" {
			t.Errorf("customer_details[email] is %q", got)
		}
	})
}
