package stripesim

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	sessionLifetime = 24 * time.Hour
	minLifetime     = 30 * time.Minute
)

// CheckoutSession is a checkout session.
type CheckoutSession struct {
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	ExpiresAt     time.Time `json:"expires_at"`
	Mode          string    `json:"mode"`
	Status        string    `json:"status"`         // open, complete, expired
	PaymentStatus string    `json:"payment_status"` // unpaid, paid, no_payment_required
	Customer      string    `json:"customer"`
	CustomerEmail string    `json:"customer_email"` // as given at creation
	// always, if_required, "" with a customer or in mode subscription
	CustomerCreation  string            `json:"customer_creation"`
	PrefilledEmail    string            `json:"prefilled_email"` // of a payment link's URL; the buyer can change it
	BuyerEmail        string            `json:"buyer_email"`     // as typed on the page, like the next three
	BuyerName         string            `json:"buyer_name"`
	BuyerPhone        string            `json:"buyer_phone"`
	BuyerAddress      *Address          `json:"buyer_address"`
	ClientReferenceID string            `json:"client_reference_id"`
	PaymentLink       string            `json:"payment_link"` // on which it began
	Currency          string            `json:"currency"`
	Lines             []SessionLine     `json:"lines"`
	Metadata          map[string]string `json:"metadata"`
	SuccessURL        string            `json:"success_url"`
	CancelURL         string            `json:"cancel_url"`
	Subscription      string            `json:"subscription"`
	PaymentIntent     string            `json:"payment_intent"`
	SetupIntent       string            `json:"setup_intent"`
	Invoice           string            `json:"invoice"`
	Types             []string          `json:"payment_method_types"`      // nil: whatever the account offers
	MethodCollection  string            `json:"payment_method_collection"` // always, if_required
	Options           SessionOptions    `json:"options"`

	ChildMetadata       map[string]string `json:"child_metadata"` // of subscription_data or payment_intent_data
	ChildDescription    string            `json:"child_description"`
	TrialDays           int64             `json:"trial_days"`
	TrialEnd            time.Time         `json:"trial_end"`
	TrialEndBehavior    string            `json:"trial_end_behavior"`
	BillingMode         string            `json:"billing_mode"`
	FutureUsage         string            `json:"setup_future_usage"`
	ReceiptEmail        string            `json:"receipt_email"`
	Shipping            *Shipping         `json:"shipping"`
	Descriptor          string            `json:"statement_descriptor"`
	Suffix              string            `json:"statement_descriptor_suffix"`
	AllowPromotionCodes bool              `json:"allow_promotion_codes"`
	Given               *grant            `json:"discount"` // redeemed when the session is complete
	Tried               string            `json:"tried"`    // the intent of every attempt to pay it
}

// SessionLine is one line of a checkout session.
type SessionLine struct {
	ID       string            `json:"id"`
	Price    string            `json:"price"`
	Quantity int64             `json:"quantity"`
	Metadata map[string]string `json:"metadata,omitempty"`

	// Adjustable says that the buyer chooses the quantity, from Minimum to Maximum.
	Adjustable bool  `json:"adjustable,omitempty"`
	Minimum    int64 `json:"minimum,omitempty"`
	Maximum    int64 `json:"maximum,omitempty"`
}

// Key is the id.
func (cs *CheckoutSession) Key() string { return cs.ID }

func (cs *CheckoutSession) clone() CheckoutSession {
	copied := *cs
	copied.Lines = cloneLines(cs.Lines)
	copied.Metadata, copied.ChildMetadata = maps.Clone(cs.Metadata), maps.Clone(cs.ChildMetadata)
	return copied
}

const sessionParams = "mode line_items success_url cancel_url customer customer_email customer_creation client_reference_id metadata" +
	" subscription_data payment_intent_data setup_intent_data expires_at currency ui_mode payment_method_collection" +
	" payment_method_types allow_promotion_codes discounts" + optionParams

func (s *Stripe) checkoutRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/checkout/sessions", sessionParams, s.createSession),
		op(http.MethodPost, "/v1/checkout/sessions/{}", "metadata", s.updateSession),
		op(http.MethodGet, "/v1/checkout/sessions", "customer customer_details subscription payment_intent status created"+paging, s.listSessions),
		op(http.MethodGet, "/v1/checkout/sessions/{}", "", s.retrieveSession),
		op(http.MethodPost, "/v1/checkout/sessions/{}/expire", "", s.closeSession),
		op(http.MethodGet, "/v1/checkout/sessions/{}/line_items", paging, s.listSessionLines),
	}
}

func (s *Stripe) createSession(c *call) (object, error) {
	session := &CheckoutSession{
		Mode: c.required("mode"), Status: "open", PaymentStatus: "unpaid", Customer: c.text("customer"),
		CustomerEmail:     c.email("customer_email", ""),
		ClientReferenceID: c.text("client_reference_id"), Metadata: c.metadata(nil), SuccessURL: c.text("success_url"),
		CancelURL:        c.text("cancel_url"),
		CustomerCreation: c.enum("customer_creation", "", "always", "if_required"), ExpiresAt: c.time("expires_at"),
		MethodCollection: c.enum("payment_method_collection", "", "always", "if_required"), Types: c.readTypes(nil),
		Options: readOptions(c.params),
	}
	s.checkSession(c, session)
	s.readChild(c, session)
	lines, currency := s.readLines(c, session.Mode)
	session.Lines, session.Currency = lines, cmp.Or(currency, session.Currency)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if session.Customer != "" {
		customer, err := s.liveCustomer(session.Customer, "customer")
		if err != nil {
			return nil, err
		}
		if failure := s.refuseCurrency(customer, session.Currency); failure != nil && session.Mode == "subscription" {
			return nil, failure
		}
	} else if session.CustomerCreation == "" {
		session.CustomerCreation = map[string]string{"payment": "if_required", "subscription": "always",
			"setup": "if_required"}[session.Mode]
	}
	if failure := s.readSessionDiscount(c, session); failure != nil {
		return nil, failure
	}
	s.addSession(session)
	return s.showSession(session), nil
}

func (s *Stripe) addSession(session *CheckoutSession) {
	session.ID, session.Created = s.world.NewID("cs_test_a1", 56), s.now()
	for i := range session.Lines {
		session.Lines[i].ID = s.world.NewID("li_1", 23)
	}
	if session.ExpiresAt.IsZero() {
		session.ExpiresAt = s.now().Add(sessionLifetime)
	}
	s.state.Sessions.Add(session)
	s.at(session.ExpiresAt, timerSession, session.ID)
	if session.Mode == "setup" {
		session.PaymentStatus = "no_payment_required"
		session.SetupIntent = s.newSetupIntent(SetupIntent{Customer: session.Customer, Description: session.ChildDescription,
			Metadata: session.ChildMetadata,
			Types:    session.Types, Session: session.ID}).ID
	}
}

// updateSession changes metadata. Lines and shipping options can be changed only
// in embedded pages, which are not simulated.
func (s *Stripe) updateSession(c *call) (object, error) {
	session := s.state.Sessions.Get(c.path[0])
	if session == nil {
		return nil, noSuch("checkout.session", c.path[0], "id")
	}
	metadata := c.metadata(session.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	session.Metadata = metadata
	return s.showSession(session), nil
}

func (s *Stripe) checkSession(c *call, session *CheckoutSession) {
	c.enum("mode", "", "payment", "subscription", "setup")
	c.enum("ui_mode", "hosted_page", "hosted_page", "hosted") // embedded pages need Stripe's JavaScript
	c.required("success_url")
	if session.Customer != "" && session.CustomerEmail != "" {
		c.fail(malformed("", "customer_email", "You may only specify one of these parameters: customer, customer_email."))
	}
	if session.CustomerCreation != "" && (session.Mode == "subscription" || session.Customer != "") {
		c.fail(malformed("", "customer_creation", "`customer_creation` can only be used in `payment` and `setup` mode and without `customer`."))
	}
	if session.MethodCollection != "" && session.Mode != "subscription" {
		c.fail(malformed("", "payment_method_collection",
			"You can only set `payment_method_collection` if the mode is `subscription`."))
	}
	if session.Mode == "setup" && session.Types == nil {
		session.Currency = c.required("currency") // by which Stripe chooses what it offers
	}
	if len(session.ClientReferenceID) > 200 {
		c.fail(malformed("", "client_reference_id", "client_reference_id can have up to 200 characters."))
	}
	if at := session.ExpiresAt; !at.IsZero() && (at.Before(s.now().Add(minLifetime)) ||
		at.After(s.now().Add(sessionLifetime))) {
		c.fail(invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."))
	}
}

// readChild reads what is for the subscription or the intent that the session
// makes. The session's own metadata is not copied to it.
func (s *Stripe) readChild(c *call, session *CheckoutSession) {
	of := map[string]string{"subscription": "subscription_data", "payment": "payment_intent_data",
		"setup": "setup_intent_data"}
	for mode, other := range of {
		if mode != session.Mode && c.has(other) {
			c.fail(malformed("", other, "You can not pass `%s` in `%s` mode.", other, session.Mode))
		}
	}
	child := c.sub(of[session.Mode])
	session.ChildMetadata = child.metadata(nil)
	session.ChildDescription = child.text("description")
	switch session.Mode {
	case "setup":
		child.only("metadata", "description")
	case "payment":
		child.only("metadata", "description", "setup_future_usage", "receipt_email", "shipping", "capture_method",
			"statement_descriptor", "statement_descriptor_suffix")
		session.FutureUsage, session.ReceiptEmail = child.enum("setup_future_usage", "", "on_session", "off_session"),
			child.email("receipt_email", "")
		session.Shipping = child.shipping(nil)
		session.Descriptor, session.Suffix = child.text("statement_descriptor"), child.text("statement_descriptor_suffix")
		child.enum("capture_method", "", "automatic", "automatic_async") // manual: money of a session is taken at once
	case "subscription":
		s.readTrialOf(child, session)
	}
}

// readTrialOf reads the rest of subscription_data. proration_behavior has no
// effect: a new subscription begins with a whole period.
func (s *Stripe) readTrialOf(child params, session *CheckoutSession) {
	child.only("metadata", "description", "trial_period_days", "trial_end", "trial_settings", "billing_mode",
		"proration_behavior")
	session.BillingMode = readBillingMode(child)
	child.enum("proration_behavior", "", "create_prorations", "none")
	session.TrialDays = child.positive("trial_period_days")
	session.TrialEnd = child.time("trial_end")
	session.TrialEndBehavior = readTrialEnd(child)
	switch {
	case session.TrialDays > 0 && !session.TrialEnd.IsZero():
		child.fail(invalid(child.name("trial_end"), "You may only specify one of these parameters: trial_period_days, trial_end."))
	case !session.TrialEnd.IsZero() && session.TrialEnd.Before(s.now().Add(48*time.Hour)):
		child.fail(invalid(child.name("trial_end"), "The `trial_end` date has to be at least 2 days in the future."))
	}
}

func (s *Stripe) retrieveSession(c *call) (object, error) {
	if session := s.state.Sessions.Get(c.path[0]); session != nil {
		return s.showSession(session), nil
	}
	return nil, noSuch("checkout.session", c.path[0], "id")
}

func (s *Stripe) listSessions(c *call) (object, error) {
	customer, subscription, intent, within := c.text("customer"), c.text("subscription"), c.text("payment_intent"),
		createdFilter(c)
	status := c.enum("status", "", "open", "complete", "expired")
	email := c.sub("customer_details").only("email").text("email")
	return paginate(c, s.state.Sessions.Newest(), func(cs *CheckoutSession) bool {
		return (email == "" || s.emailOf(cs) == email) && (customer == "" || cs.Customer == customer) &&
			(subscription == "" || cs.Subscription == subscription) &&
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
	if setup := s.state.SetupIntents.Get(session.SetupIntent); setup != nil {
		s.cancelSetup(setup, "abandoned")
	}
}

func (s *Stripe) listSessionLines(c *call) (object, error) {
	session := s.state.Sessions.Get(c.path[0])
	if session == nil {
		return nil, noSuch("checkout.session", c.path[0], "id")
	}
	return s.pageOfLines(c, session)
}

// pageOfLines lists the lines of a session, or of a payment link.
func (s *Stripe) pageOfLines(c *call, session *CheckoutSession) (object, error) {
	lines := make([]*SessionLine, len(session.Lines))
	for i := range session.Lines {
		lines[i] = &session.Lines[i]
	}
	return paginate(c, slices.Values(lines), func(*SessionLine) bool { return true },
		func(line *SessionLine) object { return s.showSessionLine(session, line) })
}

// Key is the id.
func (l *SessionLine) Key() string { return l.ID }
