package customers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// longestName is the longest customer name, in characters.
const longestName = 256

// Accepted without effect: tax, and invoice_settings except the default payment
// method. Only stored and shown: address, shipping, preferred_locales,
// tax_exempt. A source is a card in the old API; the simulator makes it the
// default payment method. coupon exists before basil only.
const customerParams = "coupon email name description phone metadata invoice_settings address balance preferred_locales shipping tax tax_exempt source"

func (s *Customers) customerRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/customers", customerParams+" payment_method test_clock", s.createCustomer),
		api.Op(http.MethodGet, "/v1/customers", "email created test_clock"+api.Paging, s.listCustomers),
		api.Op(http.MethodGet, "/v1/customers/{}", "", s.retrieveCustomer),
		api.Op(http.MethodPost, "/v1/customers/{}", customerParams, s.updateCustomer),
		api.Op(http.MethodGet, "/v1/customers/{}/subscriptions", api.Paging, s.listCustomerSubscriptions),
		api.Op(http.MethodGet, "/v1/customers/{}/subscriptions/{}", "", s.retrieveCustomerSubscription),
	}
}

func (s *Customers) createCustomer(c *api.Call) (api.Object, error) {
	fresh := &state.Customer{NextInvoice: 1, TestClock: s.readClock(c.Params)}
	method := s.readCustomer(c.Params, fresh)
	given := s.Discounts.ReadCustomerDiscount(c)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	customer := s.AddCustomer(fresh, method)
	if given != nil {
		s.Discounts.DiscountCustomer(customer, given)
	}
	return s.ShowCustomer(customer), nil
}

// readCustomer reads the parameters of a customer and returns the payment
// method to attach.
func (s *Customers) readCustomer(p api.Params, to *state.Customer) *state.PaymentMethod {
	to.Email = p.Email("email", to.Email)
	to.Name = p.Limited("name", to.Name, longestName)
	to.Description = p.TextOr("description", to.Description)
	to.Phone = p.Limited("phone", to.Phone, 20)
	to.Balance = p.Integer("balance", to.Balance)
	to.Metadata = p.Metadata(to.Metadata)
	to.Address, to.Shipping = p.Postal(to.Address), p.Recipient("shipping", to.Shipping)
	to.Locales = p.TextsOr("preferred_locales", to.Locales)
	to.TaxExempt = p.Enum("tax_exempt", to.TaxExempt, "none", "exempt", "reverse")
	method := s.ReadMethodOf(p, "payment_method", to.ID)
	if chosen := s.ReadMethodOf(p.Sub("invoice_settings").Only("custom_fields", "default_payment_method", "footer",
		"rendering_options"), "default_payment_method", to.ID); chosen != nil {
		method = chosen
	}
	if source := s.ReadMethodOf(p, "source", to.ID); source != nil {
		method = source
	}
	return method
}

// AddCustomer stores a new customer and its payment method, if any.
func (s *Customers) AddCustomer(fresh *state.Customer, method *state.PaymentMethod) *state.Customer {
	fresh.ID = s.World.NewID("cus_", 14)
	fresh.Created = s.Now()
	fresh.InvoicePrefix = strings.ToUpper(s.World.NewID("", 8))
	customer := s.State.Customers.Add(fresh)
	balance := customer.Balance
	customer.Balance = 0
	s.MoveBalance(customer, state.BalanceTransaction{Amount: balance, Type: "initial"})
	s.joinClock(customer)
	if method != nil {
		s.Attach(method, customer.ID)
		customer.DefaultPaymentMethod = method.ID
	}
	s.Events.Emit("customer.created", s.ShowCustomer(customer), nil)
	return customer
}

func (s *Customers) updateCustomer(c *api.Call) (api.Object, error) {
	customer, err := s.LiveCustomer(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := customer.Clone()
	method := s.readCustomer(c.Params, &changed)
	given := s.Discounts.ReadCustomerDiscount(c)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if method != nil {
		s.Attach(method, customer.ID)
		changed.DefaultPaymentMethod = method.ID
	}
	s.ChangeCustomer(customer, func() {
		moved := changed.Balance - customer.Balance
		changed.Balance = customer.Balance
		*customer = changed
		s.MoveBalance(customer, state.BalanceTransaction{Amount: moved, Type: "adjustment"})
	})
	if given != nil || c.Has("coupon") {
		s.Discounts.DiscountCustomer(customer, given)
	}
	return s.ShowCustomer(customer), nil
}

// ChangeCustomer applies a change and emits customer.updated if the object
// shows a difference.
func (s *Customers) ChangeCustomer(customer *state.Customer, change func()) {
	before, email := s.ShowCustomer(customer), customer.Owner()
	change()
	s.State.Customers.Moved(customer, email)
	s.Events.EmitUpdate("customer.updated", before, s.ShowCustomer(customer))
}

func (s *Customers) retrieveCustomer(c *api.Call) (api.Object, error) {
	customer := s.State.Customers.Get(c.Path[0])
	if customer == nil {
		return nil, api.NoSuch("customer", c.Path[0], "id")
	}
	return s.ShowCustomer(customer), nil
}

func (s *Customers) listCustomers(c *api.Call) (api.Object, error) {
	email, clock, within := c.Text("email"), c.Text("test_clock"), api.CreatedFilter(c)
	candidates := s.State.Customers.Newest()
	if email != "" {
		theirs := s.State.Customers.Of(email) // ordered by when they got the address, not by age
		slices.SortStableFunc(theirs, func(a, b *state.Customer) int { return a.Created.Compare(b.Created) })
		candidates = api.NewestOf(theirs)
	}
	return api.Paginate(c, candidates, func(customer *state.Customer) bool {
		return !customer.Deleted && customer.TestClock == clock && within(customer.Created)
	}, s.ShowCustomer)
}

// CustomerSubscriptions shows the subscriptions of an expanded customer.
func (s *Customers) CustomerSubscriptions(id string) any {
	var data []any
	for _, subscription := range slices.Backward(s.State.Subscriptions.Of(id)) {
		if subscription.Live() {
			data = append(data, s.ShowSubscription(subscription))
		}
	}
	return api.List("/v1/customers/"+id+"/subscriptions", data, false)
}

// listCustomerSubscriptions lists live subscriptions, like the subscriptions of
// an expanded customer.
func (s *Customers) listCustomerSubscriptions(c *api.Call) (api.Object, error) {
	customer, err := s.LiveCustomer(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	return api.Paginate(c, api.NewestOf(s.State.Subscriptions.Of(customer.ID)),
		func(sub *state.Subscription) bool { return sub.Live() }, s.ShowSubscription)
}

func (s *Customers) retrieveCustomerSubscription(c *api.Call) (api.Object, error) {
	sub := s.State.Subscriptions.Get(c.Path[1])
	if sub == nil || sub.Customer != c.Path[0] {
		return nil, api.NoSuch("subscription", c.Path[1], "id")
	}
	return s.ShowSubscription(sub), nil
}
