package checkout

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// defaultBuyer is the address used when a buyer must enter one and PayCheckout
// was given none.
const defaultBuyer = "buyer@example.com"

// FillBuyer records what a buyer typed on the page. The buyer cannot change an
// e-mail address that the session or its customer sets.
func (s *Checkout) FillBuyer(session *state.CheckoutSession, typed api.Contact) *api.Error {
	if failure := api.RefuseEmail("email", typed.Email); failure != nil {
		return failure
	}
	if session.Options.BillingAddress == "required" &&
		(typed.Address == nil || typed.Address.Line1 == "" || typed.Address.City == "" || typed.Address.PostalCode == "") {
		typed.Address = &api.Address{Line1: "1 Main Street", City: "Springfield", PostalCode: "12345", State: "IL",
			Country: "US"}
	}
	session.BuyerEmail = cmp.Or(s.FixedEmail(session), typed.Email, session.BuyerEmail, session.PrefilledEmail,
		defaultBuyer)
	session.BuyerName, session.BuyerPhone = cmp.Or(typed.Name, session.BuyerName), cmp.Or(typed.Phone, session.BuyerPhone)
	session.BuyerAddress = cmp.Or(typed.Address, session.BuyerAddress, &api.Address{Country: "US"})
	return nil
}

// ReadBuyer reads the buyer's details from the form of the checkout page.
func ReadBuyer(r *http.Request) api.Contact {
	typed := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	buyer := api.Contact{Email: typed("email"), Name: typed("name"), Phone: typed("phone")}
	address := api.Address{Line1: typed("line1"), Line2: typed("line2"), City: typed("city"), State: typed("state"),
		PostalCode: typed("postal_code"), Country: strings.ToUpper(typed("country"))}
	if address != (api.Address{}) {
		address.Country = cmp.Or(address.Country, "US")
		buyer.Address = &address
	}
	return buyer
}
