package stripesim

import (
	"cmp"
	"slices"
	"time"
)

// start is what a new subscription is made of.
type start struct {
	customer         *Customer
	items            []chosen
	metadata         map[string]string
	description      string
	method           *PaymentMethod // becomes the subscription's default; nil: the customer's
	trialEnd         time.Time
	trialEndBehavior string
	anchor           time.Time // zero: now
	anchorConfig     *AnchorConfig
	billingMode      string
	collectionMethod string
	daysUntilDue     int64
	saveMethod       bool
	discounts        []grant
}

// begin stores a subscription with its first period, without events. It is
// trialing or active; whoever collects the first payment changes that.
func (s *Stripe) begin(from start) *Subscription {
	now := s.now()
	sub := &Subscription{ID: s.world.NewID("sub_1", 23), Created: now, StartDate: now, Customer: from.customer.ID,
		Status:   "active",
		Currency: from.items[0].price.Currency, Anchor: now, AnchorConfig: from.anchorConfig,
		BillingMode: cmp.Or(from.billingMode, "flexible"),
		Description: from.description, Metadata: from.metadata, TrialEndBehavior: from.trialEndBehavior,
		CollectionMethod: from.collectionMethod, DaysUntilDue: from.daysUntilDue, SaveDefaultMethod: from.saveMethod}
	if from.method != nil {
		sub.DefaultPaymentMethod = from.method.ID
	}
	if !from.anchor.IsZero() {
		sub.Anchor = from.anchor
	}
	for _, item := range from.items {
		sub.Items = append(sub.Items, SubscriptionItem{ID: s.world.NewID("si_", 14), Created: now, Price: item.price.ID,
			Quantity: item.quantity, Metadata: item.metadata})
	}
	s.indexItems(s.state.Subscriptions.Add(sub))
	if !from.trialEnd.After(now) {
		s.beginPeriod(sub, now)
		return sub
	}
	s.beginTrial(sub, from.trialEnd)
	return sub
}

// beginTrial makes the current period a trial. The anchor follows its end.
func (s *Stripe) beginTrial(sub *Subscription, end time.Time) {
	if sub.Status != "trialing" {
		sub.Status, sub.TrialStart = "trialing", s.now()
		for i := range sub.Items {
			sub.Items[i].PeriodStart = s.now()
		}
	}
	sub.TrialEnd, sub.Anchor = end, end
	for i := range sub.Items {
		sub.Items[i].PeriodEnd = end
	}
	s.at(end, timerPeriod, sub.ID)
	s.at(latest(s.now(), end.Add(-trialNotice)), timerTrialEnds, sub.ID)
	s.beganPeriod(sub)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// creation is what the API's call says about a new subscription besides start.
type creation struct {
	start
	extra      []InvoiceItem
	behaviour  string
	proration  string
	offSession bool
}

// createSubscription is the API's way: events in the order created, then the
// invoice's.
func (s *Stripe) createSubscription(c *call) (object, error) {
	from, err := s.readStart(c)
	if err != nil {
		return nil, err
	}
	sub, err := s.subscribe(from, func(sub *Subscription) { s.readCancel(c.params, sub) }, c.failed)
	if err != nil {
		return nil, err
	}
	return s.showSubscription(sub), nil
}

// subscribe makes a subscription with its first invoice and asks for the money.
// adjust changes it before anybody sees it; refused may then still say no.
func (s *Stripe) subscribe(from creation, adjust func(*Subscription), refused func() *Error) (*Subscription, error) {
	method := cmp.Or(from.method, s.state.PaymentMethods.Get(from.customer.DefaultPaymentMethod))
	trialing := from.trialEnd.After(s.now())
	sends := from.collectionMethod == "send_invoice"
	costs := !trialing && !sends && s.costs(from)
	if costs && method == nil && from.behaviour != "default_incomplete" {
		return nil, invalidCode("resource_missing", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
	}
	if costs && from.behaviour == "error_if_incomplete" {
		if failure := method.foresee(from.offSession); failure != nil {
			return nil, failure
		}
	}
	sub := s.begin(from.start)
	adjust(sub)
	if failure := refused(); failure != nil {
		s.state.Subscriptions.Remove(sub.ID) // nothing was written about it yet
		return nil, failure
	}
	if from.method != nil {
		s.attach(from.method, from.customer.ID)
	}
	s.discountSubscription(sub, from.discounts)
	for i := range from.extra {
		from.extra[i].Customer, from.extra[i].Subscription = sub.Customer, sub.ID
	}
	s.addProrations(from.extra)
	invoice := s.draft(sub, "subscription_create", s.firstLines(sub, from.proration))
	sub.LatestInvoice = invoice.ID
	if costs && invoice.Total()+from.customer.Balance > 0 {
		sub.Status = "incomplete"
		s.at(s.now().Add(incompleteLimit), timerIncomplete, sub.ID)
	}
	if sends {
		s.scheduleFinalization(invoice)
	}
	before := s.showCustomer(from.customer)
	from.customer.Currency = sub.Currency
	s.emit("customer.subscription.created", s.showSubscription(sub), nil)
	s.emitUpdate("customer.updated", before, s.showCustomer(from.customer))
	s.emitCreated(invoice)
	if sub.Status != "incomplete" {
		defer s.refreshEntitlements(sub.Customer)
	}
	if sends && invoice.Total() > 0 {
		return sub, nil // it is finalized and mailed an hour later
	}
	s.finalize(invoice)
	switch {
	case invoice.Due == 0:
		s.invoicePaid(invoice)
	case from.behaviour == "default_incomplete":
		s.openPayment(invoice)
	default:
		// a declined card leaves it incomplete, which is the answer
		_ = s.attempt(invoice, method, from.offSession, s.attemptFailed)
	}
	return sub, nil
}

// costs says whether the first invoice will ask for money.
func (s *Stripe) costs(from creation) bool {
	var lines []discounted
	for _, item := range from.items {
		if from.anchor.IsZero() || from.proration != "none" {
			lines = append(lines, discounted{amount: item.price.Amount * item.quantity, product: item.price.Product})
		}
	}
	for _, item := range from.extra {
		line := discounted{amount: item.Amount}
		if price := s.state.Prices.Get(item.Price); price != nil {
			line.product = price.Product
		}
		lines = append(lines, line)
	}
	reductions := make([]terms, len(from.discounts))
	for i, given := range from.discounts {
		reductions[i] = given.Terms
	}
	var total int64
	for i, taken := range reduce(lines, reductions, from.items[0].price.Currency) {
		total += lines[i].amount - sum(taken)
	}
	return total > 0
}

// purchaseOf is what new discounts of a subscription are checked against.
func (s *Stripe) purchaseOf(sub *Subscription) purchase {
	from := start{customer: s.state.Customers.Get(sub.Customer)}
	for _, item := range sub.Items {
		from.items = append(from.items, chosen{price: s.state.Prices.Get(item.Price), quantity: item.Quantity})
	}
	return from.purchase()
}

// purchase is what the discounts of a new subscription are checked against.
func (from start) purchase() purchase {
	in := purchase{customer: from.customer}
	for _, item := range from.items {
		in.currency = item.price.Currency
		in.amount += item.price.Amount * item.quantity
		in.products = append(in.products, item.price.Product)
	}
	return in
}

// firstLines returns the lines of the first period. One that the anchor cuts
// short costs its part, or nothing when there are no prorations.
func (s *Stripe) firstLines(sub *Subscription, proration string) []InvoiceLine {
	lines := s.linesOf(sub)
	if sub.Status == "trialing" {
		return lines
	}
	for n := range lines {
		line := &lines[n]
		at := slices.IndexFunc(sub.Items, func(item SubscriptionItem) bool { return item.ID == line.Item })
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

func (s *Stripe) readStart(c *call) (creation, error) {
	customerID := c.required("customer")
	from := creation{start: start{metadata: c.metadata(nil), description: c.text("description"),
		billingMode: readBillingMode(c.params)}}
	from.items = s.readSubscriptionItems(c.params, "items", from.billingMode == "flexible")
	from.method = s.readMethodOf(c.params, "default_payment_method", customerID)
	from.trialEnd = s.readTrial(c.params)
	from.trialEndBehavior = readTrialEnd(c.params)
	from.anchor, from.anchorConfig = s.readAnchor(c.params)
	from.collectionMethod, from.daysUntilDue = readCollection(c.params, "charge_automatically", 0)
	from.saveMethod = readPaymentSettings(c.params, false)
	from.extra = s.readExtraItems(c.params)
	from.offSession = c.boolean("off_session", !offSession)
	from.proration = readProration(c.params)
	from.behaviour = readPaymentBehavior(c.params)
	if from.behaviour == "pending_if_incomplete" {
		c.fail(invalid("payment_behavior", "`pending_if_incomplete` can only be used when updating a subscription."))
	}
	if c.failed() == nil {
		s.checkStart(c, from)
	}
	if failure := c.failed(); failure != nil {
		return creation{}, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return creation{}, err
	}
	if failure := s.clockTakes(customer); failure != nil {
		return creation{}, failure
	}
	if failure := s.refuseCurrency(customer, from.items[0].price.Currency); failure != nil {
		return creation{}, failure
	}
	from.customer = customer
	from.discounts = s.readDiscounts(c.params, nil, "coupon", "promotion_code")
	if failure := c.failed(); failure != nil {
		return creation{}, failure
	}
	if failure := s.admissible(from.discounts, from.purchase()); failure != nil {
		return creation{}, failure
	}
	return from, nil
}

// checkStart refuses what does not go together.
func (s *Stripe) checkStart(c *call, from creation) {
	if currency := c.text("currency"); currency != "" && currency != from.items[0].price.Currency {
		c.fail(invalid("currency", "The price specified supports currencies of `%s`. This doesn't match the expected currency: `%s`.", from.items[0].price.Currency, currency))
	}
	if from.anchor.IsZero() {
		return
	}
	if from.trialEnd.After(s.now()) {
		c.fail(invalid("billing_cycle_anchor", "The simulator does not combine a trial with billing_cycle_anchor: the anchor is the trial's end."))
	}
	for _, item := range from.items {
		if from.anchor.After(after(s.now(), s.now(), item.price.Interval, item.price.count())) {
			c.fail(invalid("billing_cycle_anchor", "billing_cycle_anchor cannot be later than next natural billing date for the price."))
		}
	}
}
