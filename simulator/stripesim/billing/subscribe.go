package billing

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Start describes a new subscription.
type Start struct {
	Customer         *state.Customer
	Items            []Chosen
	Metadata         map[string]string
	Description      string
	Method           *state.PaymentMethod // the subscription's default; nil for the customer's
	TrialEnd         time.Time
	TrialEndBehavior string
	anchor           time.Time // zero for now
	anchorConfig     *state.AnchorConfig
	BillingMode      string
	collectionMethod string
	daysUntilDue     int64
	saveMethod       bool
	discounts        []state.Grant
}

// Begin stores a subscription with its first period, without events. It is
// trialing or active; the caller collects the first payment and may change the
// status.
func (s *Billing) Begin(from Start) *state.Subscription {
	now := s.Now()
	sub := &state.Subscription{ID: s.World.NewID("sub_1", 23), Created: now, StartDate: now, Customer: from.Customer.ID,
		Status: "active", Currency: from.Items[0].Price.Currency, Anchor: now, AnchorConfig: from.anchorConfig,
		BillingMode: cmp.Or(from.BillingMode, "flexible"), Description: from.Description, Metadata: from.Metadata,
		TrialEndBehavior: from.TrialEndBehavior, CollectionMethod: from.collectionMethod, DaysUntilDue: from.daysUntilDue,
		SaveDefaultMethod: from.saveMethod}
	if from.Method != nil {
		sub.DefaultPaymentMethod = from.Method.ID
	}
	if !from.anchor.IsZero() {
		sub.Anchor = from.anchor
	}
	for _, item := range from.Items {
		sub.Items = append(sub.Items, state.SubscriptionItem{ID: s.World.NewID("si_", 14), Created: now,
			Price: item.Price.ID, Quantity: item.Quantity, Metadata: item.metadata})
	}
	s.indexItems(s.State.Subscriptions.Add(sub))
	if !from.TrialEnd.After(now) {
		s.beginPeriod(sub, now)
		return sub
	}
	s.beginTrial(sub, from.TrialEnd)
	return sub
}

// beginTrial makes the current period a trial. Its end becomes the anchor.
func (s *Billing) beginTrial(sub *state.Subscription, end time.Time) {
	if sub.Status != "trialing" {
		sub.Status, sub.TrialStart = "trialing", s.Now()
		for i := range sub.Items {
			sub.Items[i].PeriodStart = s.Now()
		}
	}
	sub.TrialEnd, sub.Anchor = end, end
	for i := range sub.Items {
		sub.Items[i].PeriodEnd = end
	}
	s.At(end, account.TimerPeriod, sub.ID)
	s.At(state.Latest(s.Now(), end.Add(-trialNotice)), account.TimerTrialEnds, sub.ID)
	s.beganPeriod(sub)
}

// creation is what the API says about a new subscription beyond Start.
type creation struct {
	Start
	extra      []state.InvoiceItem
	behaviour  string
	proration  string
	offSession bool
}

// createSubscription creates a subscription. Its events come first, then those
// of its invoice.
func (s *Billing) createSubscription(c *api.Call) (api.Object, error) {
	from, err := s.readStart(c)
	if err != nil {
		return nil, err
	}
	sub, err := s.subscribe(from, func(sub *state.Subscription) { s.readCancel(c.Params, sub) }, c.Failed)
	if err != nil {
		return nil, err
	}
	return s.ShowSubscription(sub), nil
}

// subscribe creates a subscription with its first invoice and collects the
// money. adjust changes the subscription before any event shows it. refused may
// then still reject it.
func (s *Billing) subscribe(from creation, adjust func(*state.Subscription),
	refused func() *api.Error) (*state.Subscription, error) {
	method := cmp.Or(from.Method, s.State.PaymentMethods.Get(from.Customer.DefaultPaymentMethod))
	sends := from.collectionMethod == "send_invoice"
	costs := !from.TrialEnd.After(s.Now()) && !sends && s.costs(from)
	if failure := refuseStart(from, costs, method); failure != nil {
		return nil, failure
	}
	sub := s.Begin(from.Start)
	adjust(sub)
	if failure := refused(); failure != nil {
		s.State.Subscriptions.Remove(sub.ID) // no event mentions it yet
		return nil, failure
	}
	invoice := s.draftFirst(sub, from)
	if costs && invoice.Total()+from.Customer.Balance > 0 {
		sub.Status = "incomplete"
		s.At(s.Now().Add(incompleteLimit), account.TimerIncomplete, sub.ID)
	}
	if sends {
		s.scheduleFinalization(invoice)
	}
	before := s.ShowCustomer(from.Customer)
	from.Customer.Currency = sub.Currency
	s.Events.Emit("customer.subscription.created", s.ShowSubscription(sub), nil)
	s.Events.EmitUpdate("customer.updated", before, s.ShowCustomer(from.Customer))
	s.EmitCreated(invoice)
	if sub.Status != "incomplete" {
		defer s.Catalog.RefreshEntitlements(sub.Customer)
	}
	if sends && invoice.Total() > 0 {
		return sub, nil // an hour later it is finalized and sent
	}
	s.collectFirst(invoice, from, method)
	return sub, nil
}

// refuseStart returns the error of a subscription whose first payment would fail
// now, or nil.
func refuseStart(from creation, costs bool, method *state.PaymentMethod) *api.Error {
	switch {
	case !costs:
		return nil
	case method == nil && from.behaviour != "default_incomplete":
		return api.InvalidCode("resource_missing", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	case from.behaviour == "error_if_incomplete":
		return method.Foresee(from.offSession)
	}
	return nil
}

// draftFirst drafts the first invoice of a subscription, with its discounts and
// extra items.
func (s *Billing) draftFirst(sub *state.Subscription, from creation) *state.Invoice {
	if from.Method != nil {
		s.Customers.Attach(from.Method, from.Customer.ID)
	}
	s.Discounts.DiscountSubscription(sub, from.discounts)
	for i := range from.extra {
		from.extra[i].Customer, from.extra[i].Subscription = sub.Customer, sub.ID
	}
	s.addProrations(from.extra)
	invoice := s.draft(sub, "subscription_create", s.firstLines(sub, from.proration))
	sub.LatestInvoice = invoice.ID
	return invoice
}

// collectFirst asks for the money of a subscription's first invoice.
func (s *Billing) collectFirst(invoice *state.Invoice, from creation, method *state.PaymentMethod) {
	s.finalize(invoice)
	switch {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case from.behaviour == "default_incomplete":
		s.openPayment(invoice)
	default:
		// A declined card leaves the subscription incomplete.
		_ = s.attempt(invoice, method, from.offSession, s.attemptFailed)
	}
}

// costs reports whether the first invoice has an amount due.
func (s *Billing) costs(from creation) bool {
	var lines []state.Discounted
	for _, item := range from.Items {
		if from.anchor.IsZero() || from.proration != "none" {
			lines = append(lines, state.Discounted{Amount: item.Price.Amount * item.Quantity, Product: item.Price.Product})
		}
	}
	for _, item := range from.extra {
		line := state.Discounted{Amount: item.Amount}
		if price := s.State.Prices.Get(item.Price); price != nil {
			line.Product = price.Product
		}
		lines = append(lines, line)
	}
	reductions := make([]state.Terms, len(from.discounts))
	for i, given := range from.discounts {
		reductions[i] = given.Terms
	}
	var total int64
	for i, taken := range state.Reduce(lines, reductions, from.Items[0].Price.Currency) {
		total += lines[i].Amount - state.Sum(taken)
	}
	return total > 0
}

// purchaseOf returns what new discounts of a subscription are checked against.
func (s *Billing) purchaseOf(sub *state.Subscription) discounts.Purchase {
	from := Start{Customer: s.State.Customers.Get(sub.Customer)}
	for _, item := range sub.Items {
		from.Items = append(from.Items, Chosen{Price: s.State.Prices.Get(item.Price), Quantity: item.Quantity})
	}
	return from.purchase()
}

// purchase returns what the discounts of a new subscription are checked
// against.
func (from Start) purchase() discounts.Purchase {
	in := discounts.Purchase{Customer: from.Customer}
	for _, item := range from.Items {
		in.Currency = item.Price.Currency
		in.Amount += item.Price.Amount * item.Quantity
		in.Products = append(in.Products, item.Price.Product)
	}
	return in
}

// firstLines returns the lines of the first period. If the anchor cuts it
// short, a line costs its share, or nothing without prorations.
func (s *Billing) firstLines(sub *state.Subscription, proration string) []state.InvoiceLine {
	lines := s.LinesOf(sub)
	if sub.Status == "trialing" {
		return lines
	}
	for n := range lines {
		line := &lines[n]
		at := slices.IndexFunc(sub.Items, func(item state.SubscriptionItem) bool { return item.ID == line.Item })
		item := sub.Items[at]
		length, whole := item.PeriodEnd.Sub(item.PeriodStart), s.wholePeriod(sub, item)
		switch {
		case length == whole:
		case proration == "none":
			line.Amount = 0
		default:
			line.Amount, line.Proration = share(line.Amount, length, whole), true
		}
	}
	return lines
}

func (s *Billing) readStart(c *api.Call) (creation, error) {
	customerID := c.Required("customer")
	from := creation{Start: Start{Metadata: c.Metadata(nil), Description: c.Text("description"),
		BillingMode: ReadBillingMode(c.Params)}}
	from.Items = s.readSubscriptionItems(c.Params, "items", from.BillingMode == "flexible")
	from.Method = s.Customers.ReadMethodOf(c.Params, "default_payment_method", customerID)
	from.TrialEnd = s.readTrial(c.Params)
	from.TrialEndBehavior = ReadTrialEnd(c.Params)
	from.anchor, from.anchorConfig = s.readAnchor(c.Params)
	from.collectionMethod, from.daysUntilDue = readCollection(c.Params, "charge_automatically", 0)
	from.saveMethod = readPaymentSettings(c.Params, false)
	from.extra = s.readExtraItems(c.Params)
	from.offSession = c.Boolean("off_session", !OffSession)
	from.proration = readProration(c.Params)
	from.behaviour = readPaymentBehavior(c.Params)
	if from.behaviour == "pending_if_incomplete" {
		c.Fail(api.Invalid("payment_behavior", "`pending_if_incomplete` can only be used when updating a subscription."))
	}
	if c.Failed() == nil {
		s.checkStart(c, from)
	}
	if failure := c.Failed(); failure != nil {
		return creation{}, failure
	}
	customer, err := s.LiveCustomer(customerID, "customer")
	if err != nil {
		return creation{}, err
	}
	if failure := s.Customers.RefuseOnClock(customer); failure != nil {
		return creation{}, failure
	}
	if failure := s.RefuseCurrency(customer, from.Items[0].Price.Currency); failure != nil {
		return creation{}, failure
	}
	from.Customer = customer
	from.discounts = s.Discounts.ReadDiscounts(c.Params, nil, "coupon", "promotion_code")
	if failure := c.Failed(); failure != nil {
		return creation{}, failure
	}
	if failure := s.Discounts.Admissible(from.discounts, from.purchase()); failure != nil {
		return creation{}, failure
	}
	return from, nil
}

// checkStart refuses parameters that contradict each other.
func (s *Billing) checkStart(c *api.Call, from creation) {
	if currency := c.Text("currency"); currency != "" && currency != from.Items[0].Price.Currency {
		c.Fail(api.Invalid("currency", "The price specified supports currencies of `%s`. This doesn't match the expected currency: `%s`.", from.Items[0].Price.Currency, currency))
	}
	if from.anchor.IsZero() {
		return
	}
	if from.TrialEnd.After(s.Now()) {
		c.Fail(api.Invalid("billing_cycle_anchor", "The simulator does not combine a trial with billing_cycle_anchor: the trial's end is the anchor."))
	}
	for _, item := range from.Items {
		if from.anchor.After(state.After(s.Now(), s.Now(), item.Price.Interval, item.Price.Count())) {
			c.Fail(api.Invalid("billing_cycle_anchor", "billing_cycle_anchor cannot be later than next natural billing date for the price."))
		}
	}
}
