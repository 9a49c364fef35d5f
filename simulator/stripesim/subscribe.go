package stripesim

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// chosen is a price and how many of it.
type chosen struct {
	price    *Price
	quantity int64
}

// start is what a new subscription is made of.
type start struct {
	customer         *Customer
	items            []chosen
	metadata         map[string]string
	description      string
	method           *PaymentMethod // becomes the subscription's default; nil: the customer's
	trialEnd         time.Time
	trialEndBehavior string
}

// begin stores a subscription with its first period, without events. It is
// trialing or active; whoever collects the first payment changes that.
func (s *Stripe) begin(from start) *Subscription {
	now := s.now()
	sub := &Subscription{ID: s.world.NewID("sub_1", 23), Created: now, StartDate: now, Customer: from.customer.ID, Status: "active",
		Currency: from.items[0].price.Currency, Anchor: now, Description: from.description, Metadata: maps.Clone(from.metadata),
		TrialEndBehavior: from.trialEndBehavior}
	if from.method != nil {
		sub.DefaultPaymentMethod = from.method.ID
	}
	for _, item := range from.items {
		sub.Items = append(sub.Items, SubscriptionItem{ID: s.world.NewID("si_", 14), Created: now, Price: item.price.ID, Quantity: item.quantity})
	}
	s.state.Subscriptions.Add(sub)
	if !from.trialEnd.After(now) {
		s.beginPeriod(sub, now)
		return sub
	}
	sub.Status, sub.TrialStart, sub.TrialEnd, sub.Anchor = "trialing", now, from.trialEnd, from.trialEnd
	for i := range sub.Items {
		sub.Items[i].PeriodStart, sub.Items[i].PeriodEnd = now, from.trialEnd
	}
	sub.Features = s.featuresOf(sub.Items)
	s.at(from.trialEnd, timerPeriod, sub.ID)
	s.at(latest(now, from.trialEnd.Add(-trialNotice)), timerTrialEnds, sub.ID)
	return sub
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// createSubscription is the API's way: events in the order created, then the
// invoice's.
func (s *Stripe) createSubscription(c *call) (object, error) {
	from, behaviour, err := s.readStart(c)
	if err != nil {
		return nil, err
	}
	method := cmp.Or(from.method, s.state.PaymentMethods.Get(from.customer.DefaultPaymentMethod))
	trialing := from.trialEnd.After(s.now())
	if method == nil && !trialing && behaviour != "default_incomplete" && total(from.items) > 0 {
		return nil, invalidCode("resource_missing", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	}
	if behaviour == "error_if_incomplete" && !trialing && total(from.items) > 0 {
		if failure := method.foresee(!offSession); failure != nil {
			return nil, failure
		}
	}
	sub := s.begin(from)
	s.applyCancel(c, sub)
	invoice := s.draft(sub, "subscription_create", s.linesOf(sub))
	sub.LatestInvoice = invoice.ID
	if !trialing && invoice.Total() > 0 {
		sub.Status = "incomplete"
		s.at(s.now().Add(incompleteLimit), timerIncomplete, sub.ID)
	}
	s.emit("customer.subscription.created", s.showSubscription(sub), nil)
	s.emitCreated(invoice)
	s.finalize(invoice)
	switch {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
		s.refreshEntitlements(sub.Customer)
	case behaviour == "default_incomplete":
		s.openPayment(invoice)
	default:
		_ = s.attempt(invoice, method, !offSession, s.attemptFailed) // a declined card leaves it incomplete, which is the answer
	}
	return s.showSubscription(sub), nil
}

func total(items []chosen) int64 {
	var sum int64
	for _, item := range items {
		sum += item.price.Amount * item.quantity
	}
	return sum
}

func (s *Stripe) readStart(c *call) (start, string, error) {
	customerID := c.required("customer")
	from := start{metadata: c.metadata(nil), description: c.text("description"), items: s.readItems(c.params, "items")}
	from.method = s.readPaymentMethod(c.params, "default_payment_method")
	from.trialEnd = s.readTrial(c.params)
	from.trialEndBehavior = readTrialEnd(c.params)
	behaviour := c.enum("payment_behavior", "allow_incomplete", "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
	if c.enum("collection_method", "charge_automatically", "charge_automatically", "send_invoice") == "send_invoice" {
		c.fail(malformed("", "collection_method", "Invoices that are sent are not simulated."))
	}
	if len(from.items) == 0 {
		c.fail(missingParam("items"))
	}
	for _, item := range from.items {
		if !item.price.recurring() {
			c.fail(invalid("items", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."))
		}
	}
	if failure := c.failed(); failure != nil {
		return start{}, "", failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return start{}, "", err
	}
	if failure := s.clockTakes(customer); failure != nil {
		return start{}, "", failure
	}
	from.customer = customer
	return from, behaviour, nil
}

// readItems reads prices and quantities. All of one subscription must have the
// same interval: mixed ones are not simulated.
func (s *Stripe) readItems(p params, field string) []chosen {
	var items []chosen
	for _, sent := range p.list(field) {
		quantity := sent.integer("quantity", 1)
		if quantity < 0 {
			sent.fail(malformed("parameter_invalid_integer", sent.name("quantity"), "This value must be greater than or equal to 0."))
		}
		price := s.readChosenPrice(sent)
		if price == nil {
			return nil
		}
		items = append(items, chosen{price: price, quantity: quantity})
	}
	if s.mixed(items) {
		p.fail(invalid(field, "The simulator supports only items with the same interval and currency in one subscription."))
	}
	return items
}

func (s *Stripe) readChosenPrice(sent params) *Price {
	if sent.has("price_data") {
		data := sent.sub("price_data").only("currency", "product", "product_data", "recurring", "tax_behavior", "unit_amount", "unit_amount_decimal")
		price, inline := s.readPrice(data), Product{}
		if price.Product == "" {
			inline = readInlineProduct(data, "product_data")
		}
		if sent.failed() != nil {
			return nil
		}
		price.Active = false // Stripe keeps inline prices inactive
		return s.addPriceOf(price, inline)
	}
	id := sent.required("price")
	price := s.state.Prices.Get(id)
	switch {
	case id == "":
	case price == nil:
		sent.fail(noSuch("price", id, sent.name("price")))
	case !price.Active:
		sent.fail(invalid(sent.name("price"), "The price specified is inactive. This field only accepts active prices."))
	}
	return price
}

func (s *Stripe) mixed(items []chosen) bool {
	recurring := slices.DeleteFunc(slices.Clone(items), func(item chosen) bool { return !item.price.recurring() })
	for _, item := range recurring {
		first := recurring[0].price
		if item.price.Interval != first.Interval || item.price.count() != first.count() || item.price.Currency != first.Currency {
			return true
		}
	}
	return false
}

func (s *Stripe) readTrial(p params) time.Time {
	if p.text("trial_end") == "now" {
		return time.Time{}
	}
	if days := p.integer("trial_period_days", 0); days > 0 {
		return s.now().Add(time.Duration(days) * 24 * time.Hour)
	}
	return p.time("trial_end")
}

func readTrialEnd(p params) string {
	if !p.has("trial_settings") {
		return ""
	}
	return p.sub("trial_settings").sub("end_behavior").enum("missing_payment_method", "create_invoice", "create_invoice", "cancel", "pause")
}
