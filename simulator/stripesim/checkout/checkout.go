package checkout

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/customers"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/payments"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Checkout runs checkout sessions and the payment links that open them.
type Checkout struct {
	*account.Account

	Billing   *billing.Billing
	Catalog   *catalog.Catalog
	Customers *customers.Customers
	Discounts *discounts.Discounts
	Events    *events.Events
	Payments  *payments.Payments
}

const (
	sessionLifetime = 24 * time.Hour
	minLifetime     = 30 * time.Minute
)

const sessionParams = "mode line_items success_url cancel_url customer customer_email customer_creation client_reference_id metadata" +
	" subscription_data payment_intent_data setup_intent_data expires_at currency ui_mode payment_method_collection" +
	" payment_method_types allow_promotion_codes discounts" + optionParams

func (s *Checkout) checkoutRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/checkout/sessions", sessionParams, s.createSession),
		api.Op(http.MethodPost, "/v1/checkout/sessions/{}", "metadata", s.updateSession),
		api.Op(http.MethodGet, "/v1/checkout/sessions", "customer customer_details subscription payment_intent status created"+api.Paging, s.listSessions),
		api.Op(http.MethodGet, "/v1/checkout/sessions/{}", "", s.retrieveSession),
		api.Op(http.MethodPost, "/v1/checkout/sessions/{}/expire", "", s.closeSession),
		api.Op(http.MethodGet, "/v1/checkout/sessions/{}/line_items", api.Paging, s.listSessionLines),
	}
}

func (s *Checkout) createSession(c *api.Call) (api.Object, error) {
	session := &state.CheckoutSession{
		Mode: c.Required("mode"), Status: "open", PaymentStatus: "unpaid", Customer: c.Text("customer"),
		CustomerEmail: c.Email("customer_email", ""), ClientReferenceID: c.Text("client_reference_id"),
		Metadata: c.Metadata(nil), SuccessURL: c.Text("success_url"), CancelURL: c.Text("cancel_url"),
		CustomerCreation: c.Enum("customer_creation", "", "always", "if_required"), ExpiresAt: c.Time("expires_at"),
		MethodCollection: c.Enum("payment_method_collection", "", "always", "if_required"), Types: c.ReadTypes(nil),
		Options: readOptions(c.Params)}
	s.checkSession(c, session)
	s.readChild(c, session)
	lines, currency := s.readLines(c, session.Mode)
	session.Lines, session.Currency = lines, cmp.Or(currency, session.Currency)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if session.Customer != "" {
		customer, err := s.LiveCustomer(session.Customer, "customer")
		if err != nil {
			return nil, err
		}
		if failure := s.Billing.RefuseCurrency(customer, session.Currency); failure != nil && session.Mode == "subscription" {
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
	return s.ShowSession(session), nil
}

func (s *Checkout) addSession(session *state.CheckoutSession) {
	session.ID, session.Created = s.World.NewID("cs_test_a1", 56), s.Now()
	for i := range session.Lines {
		session.Lines[i].ID = s.World.NewID("li_1", 23)
	}
	if session.ExpiresAt.IsZero() {
		session.ExpiresAt = s.Now().Add(sessionLifetime)
	}
	s.State.Sessions.Add(session)
	s.At(session.ExpiresAt, account.TimerSession, session.ID)
	if session.Mode == "setup" {
		session.PaymentStatus = "no_payment_required"
		session.SetupIntent = s.Payments.NewSetupIntent(state.SetupIntent{Customer: session.Customer,
			Description: session.ChildDescription, Metadata: session.ChildMetadata, Types: session.Types,
			Session: session.ID}).ID
	}
}

// updateSession changes metadata. Only embedded pages, which are not simulated,
// can change lines and shipping options.
func (s *Checkout) updateSession(c *api.Call) (api.Object, error) {
	session := s.State.Sessions.Get(c.Path[0])
	if session == nil {
		return nil, api.NoSuch("checkout.session", c.Path[0], "id")
	}
	metadata := c.Metadata(session.Metadata)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	session.Metadata = metadata
	return s.ShowSession(session), nil
}

func (s *Checkout) checkSession(c *api.Call, session *state.CheckoutSession) {
	c.Enum("mode", "", "payment", "subscription", "setup")
	c.Enum("ui_mode", "hosted_page", "hosted_page", "hosted") // embedded pages need Stripe's JavaScript
	c.Required("success_url")
	if session.Customer != "" && session.CustomerEmail != "" {
		c.Fail(api.Malformed("", "customer_email", "You may only specify one of these parameters: customer, customer_email."))
	}
	if session.CustomerCreation != "" && (session.Mode == "subscription" || session.Customer != "") {
		c.Fail(api.Malformed("", "customer_creation", "`customer_creation` can only be used in `payment` and `setup` mode and without `customer`."))
	}
	if session.MethodCollection != "" && session.Mode != "subscription" {
		c.Fail(api.Malformed("", "payment_method_collection",
			"You can only set `payment_method_collection` if the mode is `subscription`."))
	}
	if session.Mode == "setup" && session.Types == nil {
		session.Currency = c.Required("currency") // determines which payment methods Stripe offers
	}
	if len(session.ClientReferenceID) > 200 {
		c.Fail(api.Malformed("", "client_reference_id", "client_reference_id can have up to 200 characters."))
	}
	if at := session.ExpiresAt; !at.IsZero() && (at.Before(s.Now().Add(minLifetime)) ||
		at.After(s.Now().Add(sessionLifetime))) {
		c.Fail(api.Invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."))
	}
}

// readChild reads what goes to the subscription or the intent that the session
// creates. The session's own metadata is not copied.
func (s *Checkout) readChild(c *api.Call, session *state.CheckoutSession) {
	of := map[string]string{"subscription": "subscription_data", "payment": "payment_intent_data",
		"setup": "setup_intent_data"}
	for mode, other := range of {
		if mode != session.Mode && c.Has(other) {
			c.Fail(api.Malformed("", other, "You can not pass `%s` in `%s` mode.", other, session.Mode))
		}
	}
	child := c.Sub(of[session.Mode])
	session.ChildMetadata = child.Metadata(nil)
	session.ChildDescription = child.Text("description")
	switch session.Mode {
	case "setup":
		child.Only("metadata", "description")
	case "payment":
		child.Only("metadata", "description", "setup_future_usage", "receipt_email", "shipping", "capture_method",
			"statement_descriptor", "statement_descriptor_suffix")
		session.FutureUsage, session.ReceiptEmail = child.Enum("setup_future_usage", "", "on_session", "off_session"),
			child.Email("receipt_email", "")
		session.Shipping = child.Shipping(nil)
		session.Descriptor, session.Suffix = child.Text("statement_descriptor"), child.Text("statement_descriptor_suffix")
		child.Enum("capture_method", "", "automatic", "automatic_async") // manual is refused: a session captures at once
	case "subscription":
		s.readTrialOf(child, session)
	}
}

// readTrialOf reads the rest of subscription_data. proration_behavior has no
// effect, as a new subscription starts with a whole period.
func (s *Checkout) readTrialOf(child api.Params, session *state.CheckoutSession) {
	child.Only("metadata", "description", "trial_period_days", "trial_end", "trial_settings", "billing_mode",
		"proration_behavior")
	session.BillingMode = billing.ReadBillingMode(child)
	child.Enum("proration_behavior", "", "create_prorations", "none")
	session.TrialDays = child.Positive("trial_period_days")
	session.TrialEnd = child.Time("trial_end")
	session.TrialEndBehavior = billing.ReadTrialEnd(child)
	switch {
	case session.TrialDays > 0 && !session.TrialEnd.IsZero():
		child.Fail(api.Invalid(child.Name("trial_end"), "You may only specify one of these parameters: trial_period_days, trial_end."))
	case !session.TrialEnd.IsZero() && session.TrialEnd.Before(s.Now().Add(48*time.Hour)):
		child.Fail(api.Invalid(child.Name("trial_end"), "The `trial_end` date has to be at least 2 days in the future."))
	}
}

func (s *Checkout) retrieveSession(c *api.Call) (api.Object, error) {
	if session := s.State.Sessions.Get(c.Path[0]); session != nil {
		return s.ShowSession(session), nil
	}
	return nil, api.NoSuch("checkout.session", c.Path[0], "id")
}

func (s *Checkout) listSessions(c *api.Call) (api.Object, error) {
	customer, subscription, intent, within := c.Text("customer"), c.Text("subscription"), c.Text("payment_intent"),
		api.CreatedFilter(c)
	status := c.Enum("status", "", "open", "complete", "expired")
	email := c.Sub("customer_details").Only("email").Text("email")
	return api.Paginate(c, s.State.Sessions.Newest(), func(cs *state.CheckoutSession) bool {
		return (email == "" || s.EmailOf(cs) == email) && (customer == "" || cs.Customer == customer) &&
			(subscription == "" || cs.Subscription == subscription) &&
			(intent == "" || cs.PaymentIntent == intent) && (status == "" || cs.Status == status) && within(cs.Created)
	}, s.ShowSession)
}

func (s *Checkout) closeSession(c *api.Call) (api.Object, error) {
	session := s.State.Sessions.Get(c.Path[0])
	if session == nil {
		return nil, api.NoSuch("checkout.session", c.Path[0], "id")
	}
	if session.Status != "open" {
		return nil, api.Invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", session.Status)
	}
	s.expireSession(session)
	return s.ShowSession(session), nil
}

// sessionExpires expires an open session whose time is over.
func (s *Checkout) sessionExpires(id string) {
	session := s.State.Sessions.Get(id)
	if session.Status == "open" && !session.ExpiresAt.After(s.Now()) {
		s.expireSession(session)
	}
}

func (s *Checkout) expireSession(session *state.CheckoutSession) {
	session.Status, session.ExpiresAt = "expired", s.Now()
	s.Events.Emit("checkout.session.expired", s.ShowSession(session), nil)
	if tried := s.State.PaymentIntents.Get(session.Tried); tried != nil {
		s.Payments.CancelIntent(tried, "expired")
	}
	if setup := s.State.SetupIntents.Get(session.SetupIntent); setup != nil {
		s.Payments.CancelSetup(setup, "abandoned")
	}
}

func (s *Checkout) listSessionLines(c *api.Call) (api.Object, error) {
	session := s.State.Sessions.Get(c.Path[0])
	if session == nil {
		return nil, api.NoSuch("checkout.session", c.Path[0], "id")
	}
	return s.pageOfLines(c, session)
}

// pageOfLines lists the lines of a session or a payment link.
func (s *Checkout) pageOfLines(c *api.Call, session *state.CheckoutSession) (api.Object, error) {
	lines := make([]*state.SessionLine, len(session.Lines))
	for i := range session.Lines {
		lines[i] = &session.Lines[i]
	}
	return api.Paginate(c, slices.Values(lines), func(*state.SessionLine) bool { return true },
		func(line *state.SessionLine) api.Object { return s.ShowSessionLine(session, line) })
}

// Routes returns the operations of this package.
func (s *Checkout) Routes() []api.Route {
	return slices.Concat(
		s.checkoutRoutes(),
		s.paymentLinkRoutes(),
	)
}

// Timers returns what this package does when a timer is due, by kind.
func (s *Checkout) Timers() map[string]func(id string) {
	return map[string]func(id string){
		account.TimerSession: s.sessionExpires,
	}
}
