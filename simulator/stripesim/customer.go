package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Customer is a customer object. A deleted one stays, because retrieving it
// answers 200 with deleted: true.
type Customer struct {
	ID                   string            `json:"id"`
	Created              time.Time         `json:"created"`
	Email                string            `json:"email"`
	Name                 string            `json:"name"`
	Description          string            `json:"description"`
	Phone                string            `json:"phone"`
	Address              *Address          `json:"address"`
	Shipping             *Recipient        `json:"shipping"`
	Locales              []string          `json:"preferred_locales"`
	TaxExempt            string            `json:"tax_exempt"` // "" is none
	Currency             string            `json:"currency"`
	Metadata             map[string]string `json:"metadata"`
	DefaultPaymentMethod string            `json:"default_payment_method"`
	InvoicePrefix        string            `json:"invoice_prefix"`
	NextInvoice          int64             `json:"next_invoice_sequence"`
	Balance              int64             `json:"balance"` // negative is credit for the next invoices
	Delinquent           bool              `json:"delinquent"`
	Discount             string            `json:"discount"`   // on everything that it pays
	TestClock            string            `json:"test_clock"` // on which it lives
	Deleted              bool              `json:"deleted"`
}

// longestName is how many characters a customer's name can have.
const longestName = 256

// Key is the id.
func (c *Customer) Key() string { return c.ID }

// Owner is the e-mail address, by which customers are looked up most.
func (c *Customer) Owner() string { return c.Email }

func (c *Customer) clone() Customer {
	copied := *c
	copied.Metadata, copied.Locales = maps.Clone(c.Metadata), slices.Clone(c.Locales)
	return copied
}

// Accepted and without effect: tax, invoice_settings except the default payment
// method. Kept and shown, and without further effect: address, shipping,
// preferred_locales, tax_exempt. A source is a card of the old kind: the
// simulator makes it the default payment method. coupon is of API versions before basil.
const customerParams = "coupon email name description phone metadata invoice_settings address balance preferred_locales shipping tax tax_exempt source"

func (s *Stripe) customerRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/customers", customerParams+" payment_method test_clock", s.createCustomer),
		op(http.MethodGet, "/v1/customers", "email created test_clock"+paging, s.listCustomers),
		op(http.MethodGet, "/v1/customers/{}", "", s.retrieveCustomer),
		op(http.MethodPost, "/v1/customers/{}", customerParams, s.updateCustomer),
		op(http.MethodGet, "/v1/customers/{}/subscriptions", paging, s.listCustomerSubscriptions),
		op(http.MethodGet, "/v1/customers/{}/subscriptions/{}", "", s.retrieveCustomerSubscription),
	}
}

func (s *Stripe) createCustomer(c *call) (object, error) {
	fresh := &Customer{NextInvoice: 1, TestClock: s.readClock(c.params)}
	method := s.readCustomer(c.params, fresh)
	given := s.readCustomerDiscount(c)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer := s.addCustomer(fresh, method)
	if given != nil {
		s.discountCustomer(customer, given)
	}
	return s.showCustomer(customer), nil
}

// readCustomer fills in what the parameters say and returns the payment method to attach.
func (s *Stripe) readCustomer(p params, to *Customer) *PaymentMethod {
	to.Email = p.email("email", to.Email)
	to.Name = p.limited("name", to.Name, longestName)
	to.Description = p.textOr("description", to.Description)
	to.Phone = p.limited("phone", to.Phone, 20)
	to.Balance = p.integer("balance", to.Balance)
	to.Metadata = p.metadata(to.Metadata)
	to.Address, to.Shipping = p.postal(to.Address), p.recipient("shipping", to.Shipping)
	to.Locales = p.textsOr("preferred_locales", to.Locales)
	to.TaxExempt = p.enum("tax_exempt", to.TaxExempt, "none", "exempt", "reverse")
	method := s.readMethodOf(p, "payment_method", to.ID)
	if chosen := s.readMethodOf(p.sub("invoice_settings").only("custom_fields", "default_payment_method", "footer",
		"rendering_options"), "default_payment_method", to.ID); chosen != nil {
		method = chosen
	}
	if source := s.readMethodOf(p, "source", to.ID); source != nil {
		method = source
	}
	return method
}

// addCustomer stores a new customer with its payment method, if any.
func (s *Stripe) addCustomer(fresh *Customer, method *PaymentMethod) *Customer {
	fresh.ID = s.world.NewID("cus_", 14)
	fresh.Created = s.now()
	fresh.InvoicePrefix = strings.ToUpper(s.world.NewID("", 8))
	customer := s.state.Customers.Add(fresh)
	balance := customer.Balance
	customer.Balance = 0
	s.moveBalance(customer, BalanceTransaction{Amount: balance, Type: "initial"})
	s.joinClock(customer)
	if method != nil {
		s.attach(method, customer.ID)
		customer.DefaultPaymentMethod = method.ID
	}
	s.emit("customer.created", s.showCustomer(customer), nil)
	return customer
}

func (s *Stripe) updateCustomer(c *call) (object, error) {
	customer, err := s.liveCustomer(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := customer.clone()
	method := s.readCustomer(c.params, &changed)
	given := s.readCustomerDiscount(c)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if method != nil {
		s.attach(method, customer.ID)
		changed.DefaultPaymentMethod = method.ID
	}
	s.changeCustomer(customer, func() {
		moved := changed.Balance - customer.Balance
		changed.Balance = customer.Balance
		*customer = changed
		s.moveBalance(customer, BalanceTransaction{Amount: moved, Type: "adjustment"})
	})
	if given != nil || c.has("coupon") {
		s.discountCustomer(customer, given)
	}
	return s.showCustomer(customer), nil
}

// changeCustomer applies a change and writes customer.updated if anything shows.
func (s *Stripe) changeCustomer(customer *Customer, change func()) {
	before, email := s.showCustomer(customer), customer.Owner()
	change()
	s.state.Customers.Moved(customer, email)
	s.emitUpdate("customer.updated", before, s.showCustomer(customer))
}

func (s *Stripe) retrieveCustomer(c *call) (object, error) {
	customer := s.state.Customers.Get(c.path[0])
	if customer == nil {
		return nil, noSuch("customer", c.path[0], "id")
	}
	return s.showCustomer(customer), nil
}

func (s *Stripe) removeCustomer(c *call) (object, error) {
	customer, err := s.liveCustomer(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	s.deleteCustomer(customer)
	return s.showCustomer(customer), nil
}

// deleteCustomer cancels the live subscriptions, then deletes.
func (s *Stripe) deleteCustomer(customer *Customer) {
	for _, subscription := range s.state.Subscriptions.Of(customer.ID) {
		if subscription.live() {
			s.cancelNow(subscription, "")
		}
	}
	whole := s.showCustomer(customer)
	whole["deleted"] = true
	customer.Deleted = true
	s.emit("customer.deleted", whole, nil)
}

func (s *Stripe) listCustomers(c *call) (object, error) {
	email, clock, within := c.text("email"), c.text("test_clock"), createdFilter(c)
	candidates := s.state.Customers.Newest()
	if email != "" {
		theirs := s.state.Customers.Of(email) // who came to the address later stands last, however old
		slices.SortStableFunc(theirs, func(a, b *Customer) int { return a.Created.Compare(b.Created) })
		candidates = newestOf(theirs)
	}
	return paginate(c, candidates, func(customer *Customer) bool {
		return !customer.Deleted && customer.TestClock == clock && within(customer.Created)
	}, s.showCustomer)
}

// liveCustomer finds a customer that is not deleted.
func (s *Stripe) liveCustomer(id, param string) (*Customer, error) {
	customer := s.state.Customers.Get(id)
	if customer == nil || customer.Deleted {
		return nil, noSuch("customer", id, param)
	}
	return customer, nil
}

func (s *Stripe) showCustomer(c *Customer) object {
	if c.Deleted {
		return object{"id": c.ID, "object": "customer", "deleted": true}
	}
	return object{
		"id": c.ID, "object": "customer", "created": c.Created.Unix(), "livemode": false,
		"address": showAddress(c.Address), "balance": c.Balance, "currency": orNull(c.Currency), "customer_account": nil,
		"default_source": nil,
		"delinquent":     c.Delinquent, "description": orNull(c.Description),
		"discount":       shownOrNull(shownIf(s.state.Discounts.Get(c.Discount), s.showDiscount)),
		"email":          orNull(c.Email),
		"invoice_prefix": c.InvoicePrefix,
		"invoice_settings": object{"custom_fields": nil, "default_payment_method": orNull(c.DefaultPaymentMethod),
			"footer": nil, "rendering_options": nil},
		"metadata": shown(c.Metadata), "name": orNull(c.Name), "next_invoice_sequence": c.NextInvoice,
		"phone": orNull(c.Phone), "preferred_locales": append([]string{}, c.Locales...),
		"shipping": showRecipient(c.Shipping), "tax_exempt": cmp.Or(c.TaxExempt, "none"), "test_clock": orNull(c.TestClock),
	}
}

func (s *Stripe) customerSubscriptions(id string) any {
	var data []any
	for _, subscription := range slices.Backward(s.state.Subscriptions.Of(id)) {
		if subscription.live() {
			data = append(data, s.showSubscription(subscription))
		}
	}
	return list("/v1/customers/"+id+"/subscriptions", data, false)
}

// listCustomerSubscriptions lists what is alive, as the subscriptions of an
// expanded customer do.
func (s *Stripe) listCustomerSubscriptions(c *call) (object, error) {
	customer, err := s.liveCustomer(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	return paginate(c, newestOf(s.state.Subscriptions.Of(customer.ID)),
		func(sub *Subscription) bool { return sub.live() }, s.showSubscription)
}

func (s *Stripe) retrieveCustomerSubscription(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[1])
	if sub == nil || sub.Customer != c.path[0] {
		return nil, noSuch("subscription", c.path[1], "id")
	}
	return s.showSubscription(sub), nil
}
