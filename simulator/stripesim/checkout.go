package stripesim

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	sessionLifetime = 24 * time.Hour
	minLifetime     = 30 * time.Minute
)

// CheckoutSession is a checkout session in mode payment or subscription.
type CheckoutSession struct {
	ID                string            `json:"id"`
	Created           time.Time         `json:"created"`
	ExpiresAt         time.Time         `json:"expires_at"`
	Mode              string            `json:"mode"`
	Status            string            `json:"status"`         // open, complete, expired
	PaymentStatus     string            `json:"payment_status"` // unpaid, paid, no_payment_required
	Customer          string            `json:"customer"`
	CustomerEmail     string            `json:"customer_email"`    // as given at creation
	CustomerCreation  string            `json:"customer_creation"` // always, if_required, "" with a customer
	BuyerEmail        string            `json:"buyer_email"`       // as typed on the page
	ClientReferenceID string            `json:"client_reference_id"`
	Currency          string            `json:"currency"`
	Lines             []SessionLine     `json:"lines"`
	Metadata          map[string]string `json:"metadata"`
	SuccessURL        string            `json:"success_url"`
	CancelURL         string            `json:"cancel_url"`
	Subscription      string            `json:"subscription"`
	PaymentIntent     string            `json:"payment_intent"`
	Invoice           string            `json:"invoice"`

	ChildMetadata       map[string]string `json:"child_metadata"` // of subscription_data or payment_intent_data
	ChildDescription    string            `json:"child_description"`
	TrialDays           int64             `json:"trial_days"`
	TrialEnd            time.Time         `json:"trial_end"`
	TrialEndBehavior    string            `json:"trial_end_behavior"`
	AllowPromotionCodes bool              `json:"allow_promotion_codes"`
	Given               *grant            `json:"discount"` // redeemed when the session is complete
	Tried               string            `json:"tried"`    // the intent of every attempt to pay it
}

// SessionLine is one line of a checkout session.
type SessionLine struct {
	ID       string `json:"id"`
	Price    string `json:"price"`
	Quantity int64  `json:"quantity"`
}

// Key is the id.
func (s *CheckoutSession) Key() string { return s.ID }

func (s *CheckoutSession) clone() CheckoutSession {
	copied := *s
	copied.Lines = slices.Clone(s.Lines)
	copied.Metadata, copied.ChildMetadata = maps.Clone(s.Metadata), maps.Clone(s.ChildMetadata)
	return copied
}

// Accepted and without effect: locale, billing_address_collection,
// payment_method_collection, payment_method_types, submit_type,
// automatic_tax, tax_id_collection,
// custom_text, consent_collection, phone_number_collection, customer_update,
// saved_payment_method_options, adaptive_pricing, payment_method_options.
const sessionParams = "mode line_items success_url cancel_url customer customer_email customer_creation client_reference_id metadata" +
	" subscription_data payment_intent_data expires_at currency ui_mode locale billing_address_collection payment_method_collection" +
	" payment_method_types submit_type allow_promotion_codes discounts automatic_tax tax_id_collection custom_text consent_collection" +
	" phone_number_collection customer_update saved_payment_method_options adaptive_pricing payment_method_options"

var checkoutRoutes = []route{
	op(http.MethodPost, "/v1/checkout/sessions", sessionParams, (*Stripe).createSession),
	op(http.MethodGet, "/v1/checkout/sessions", "customer subscription payment_intent status created"+paging, (*Stripe).listSessions),
	op(http.MethodGet, "/v1/checkout/sessions/{}", "", (*Stripe).retrieveSession),
	op(http.MethodPost, "/v1/checkout/sessions/{}/expire", "", (*Stripe).closeSession),
	op(http.MethodGet, "/v1/checkout/sessions/{}/line_items", paging, (*Stripe).listSessionLines),
}

func (s *Stripe) createSession(c *call) (object, error) {
	session := &CheckoutSession{
		Mode: c.required("mode"), Status: "open", PaymentStatus: "unpaid", Customer: c.text("customer"), CustomerEmail: c.text("customer_email"),
		ClientReferenceID: c.text("client_reference_id"), Metadata: c.metadata(nil), SuccessURL: c.text("success_url"), CancelURL: c.text("cancel_url"),
		CustomerCreation: c.enum("customer_creation", "", "always", "if_required"), ExpiresAt: c.time("expires_at"),
	}
	s.checkSession(c, session)
	s.readChild(c, session)
	items := s.readItems(c.params, "line_items")
	checkLines(c.params, session.Mode, items)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if session.Customer != "" {
		if _, err := s.liveCustomer(session.Customer, "customer"); err != nil {
			return nil, err
		}
	} else if session.CustomerCreation == "" {
		session.CustomerCreation = map[string]string{"payment": "if_required", "subscription": "always"}[session.Mode]
	}
	session.ID, session.Created = s.world.NewID("cs_test_a1", 56), s.now()
	session.Currency = items[0].price.Currency
	for _, item := range items {
		session.Lines = append(session.Lines, SessionLine{ID: s.world.NewID("li_1", 23), Price: item.price.ID, Quantity: item.quantity})
	}
	if session.ExpiresAt.IsZero() {
		session.ExpiresAt = s.now().Add(sessionLifetime)
	}
	if failure := s.readSessionDiscount(c, session); failure != nil {
		return nil, failure
	}
	s.state.Sessions.Add(session)
	s.at(session.ExpiresAt, timerSession, session.ID)
	return s.showSession(session), nil
}

func (s *Stripe) checkSession(c *call, session *CheckoutSession) {
	c.enum("mode", "", "payment", "subscription")
	c.enum("ui_mode", "hosted_page", "hosted_page", "hosted") // embedded pages need Stripe's JavaScript
	c.required("success_url")
	if session.Customer != "" && session.CustomerEmail != "" {
		c.fail(malformed("", "customer_email", "You may only specify one of these parameters: customer, customer_email."))
	}
	if session.CustomerCreation != "" && (session.Mode != "payment" || session.Customer != "") {
		c.fail(malformed("", "customer_creation", "`customer_creation` can only be used in `payment` mode and without `customer`."))
	}
	if len(session.ClientReferenceID) > 200 {
		c.fail(malformed("", "client_reference_id", "client_reference_id can have up to 200 characters."))
	}
	if at := session.ExpiresAt; !at.IsZero() && (at.Before(s.now().Add(minLifetime)) || at.After(s.now().Add(sessionLifetime))) {
		c.fail(invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."))
	}
}

// readChild reads what is for the subscription or the payment intent. The
// session's own metadata is not copied to either.
func (s *Stripe) readChild(c *call, session *CheckoutSession) {
	own, other := "subscription_data", "payment_intent_data"
	if session.Mode == "payment" {
		own, other = other, own
	}
	if c.has(other) {
		c.fail(malformed("", other, "You can not pass `%s` in `%s` mode.", other, session.Mode))
	}
	child := c.sub(own)
	if child.at == nil {
		return
	}
	for _, name := range child.at.order {
		if !slices.Contains([]string{"metadata", "description", "trial_period_days", "trial_end", "trial_settings", "setup_future_usage", "receipt_email", "billing_mode", "proration_behavior"}, name) {
			c.fail(malformed("parameter_unknown", child.name(name), "Received unknown parameter: %s", child.name(name)))
		}
	}
	session.ChildMetadata = child.metadata(nil)
	session.ChildDescription = child.text("description")
	session.TrialDays = child.integer("trial_period_days", 0)
	session.TrialEnd = child.time("trial_end")
	session.TrialEndBehavior = readTrialEnd(child)
}

func checkLines(p params, mode string, items []chosen) {
	recurring := slices.ContainsFunc(items, func(item chosen) bool { return item.price.recurring() })
	switch {
	case len(items) == 0:
		p.fail(missingParam("line_items"))
	case mode == "subscription" && !recurring:
		p.fail(invalid("line_items", "You must provide at least one recurring price in `subscription` mode when using prices."))
	case mode == "payment" && recurring:
		p.fail(invalid("line_items", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices."))
	}
}

func (s *Stripe) retrieveSession(c *call) (object, error) {
	if session := s.state.Sessions.Get(c.path[0]); session != nil {
		return s.showSession(session), nil
	}
	return nil, noSuch("checkout.session", c.path[0], "id")
}

func (s *Stripe) listSessions(c *call) (object, error) {
	customer, subscription, intent, within := c.text("customer"), c.text("subscription"), c.text("payment_intent"), createdFilter(c)
	status := c.enum("status", "", "open", "complete", "expired")
	return paginate(c, s.state.Sessions.Newest(), func(cs *CheckoutSession) bool {
		return (customer == "" || cs.Customer == customer) && (subscription == "" || cs.Subscription == subscription) &&
			(intent == "" || cs.PaymentIntent == intent) && (status == "" || cs.Status == status) && within(cs.Created)
	}, s.showSession)
}

func (s *Stripe) closeSession(c *call) (object, error) {
	session := s.state.Sessions.Get(c.path[0])
	if session == nil {
		return nil, noSuch("checkout.session", c.path[0], "id")
	}
	if session.Status != "open" {
		return nil, invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", session.Status)
	}
	s.expireSession(session)
	return s.showSession(session), nil
}

func (s *Stripe) expireSession(session *CheckoutSession) {
	session.Status, session.ExpiresAt = "expired", s.now()
	s.emit("checkout.session.expired", s.showSession(session), nil)
	if tried := s.state.PaymentIntents.Get(session.Tried); tried != nil {
		s.cancelIntent(tried, "expired")
	}
}

func (s *Stripe) listSessionLines(c *call) (object, error) {
	session := s.state.Sessions.Get(c.path[0])
	if session == nil {
		return nil, noSuch("checkout.session", c.path[0], "id")
	}
	lines := make([]*SessionLine, len(session.Lines))
	for i := range session.Lines {
		lines[i] = &session.Lines[i]
	}
	return paginate(c, slices.Values(lines), func(*SessionLine) bool { return true }, func(line *SessionLine) object { return s.showSessionLine(session, line) })
}

// Key is the id.
func (l *SessionLine) Key() string { return l.ID }
