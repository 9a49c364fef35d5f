package stripesim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SetupIntent saves a payment method for later without charging it.
type SetupIntent struct {
	ID            string            `json:"id"`
	Created       time.Time         `json:"created"`
	Customer      string            `json:"customer"`
	Status        string            `json:"status"`
	PaymentMethod string            `json:"payment_method"`
	Usage         string            `json:"usage"` // off_session, on_session
	Description   string            `json:"description"`
	Metadata      map[string]string `json:"metadata"`
	Types         []string          `json:"payment_method_types"` // nil: whatever the account offers
	Redirects     string            `json:"allow_redirects"`
	ReturnURL     string            `json:"return_url"`
	Failure       *Error            `json:"failure"`
	CancelReason  string            `json:"cancellation_reason"`
	Session       string            `json:"checkout_session"`
	Portal        string            `json:"portal_session"` // in which the method is added
}

// Key is the id.
func (i *SetupIntent) Key() string { return i.ID }

const setupParams = "customer description metadata payment_method payment_method_data payment_method_types"

// Accepted and without effect: use_stripe_sdk.
func (s *Stripe) setupRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/setup_intents", setupParams+" confirm usage automatic_payment_methods return_url mandate_data use_stripe_sdk", s.createSetupIntent),
		op(http.MethodGet, "/v1/setup_intents", "customer payment_method created"+paging, s.listSetupIntents),
		op(http.MethodGet, "/v1/setup_intents/{}", "client_secret", s.retrieveSetupIntent),
		op(http.MethodPost, "/v1/setup_intents/{}", setupParams, s.updateSetupIntent),
		op(http.MethodPost, "/v1/setup_intents/{}/confirm",
			"client_secret payment_method payment_method_data return_url mandate_data use_stripe_sdk",
			s.confirmSetupIntent),
		op(http.MethodPost, "/v1/setup_intents/{}/cancel", "cancellation_reason", s.cancelSetupIntent),
	}
}

// newSetupIntent stores an intent and writes its event.
func (s *Stripe) newSetupIntent(fresh SetupIntent) *SetupIntent {
	fresh.ID, fresh.Created = s.world.NewID("seti_1", 23), s.real()
	fresh.Status, fresh.Usage = cmp.Or(fresh.Status, "requires_payment_method"), cmp.Or(fresh.Usage, "off_session")
	intent := s.state.SetupIntents.Add(&fresh)
	s.emit("setup_intent.created", s.showSetupIntent(intent), nil)
	return intent
}

func (s *Stripe) createSetupIntent(c *call) (object, error) {
	fresh := SetupIntent{Usage: c.enum("usage", "off_session", "off_session", "on_session")}
	how := s.readSetup(c, &fresh)
	s.readAutomatic(c.params, &fresh.Types, &fresh.Redirects)
	confirms := c.boolean("confirm", false)
	if !confirms && (c.has("return_url") || c.has("mandate_data")) {
		c.fail(invalidCode("setup_intent_invalid_parameter", "confirm",
			"You can only provide `return_url` and `mandate_data` when also setting `confirm` to `true`."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if how.method != nil {
		fresh.Status, fresh.PaymentMethod = "requires_confirmation", how.method.ID
	}
	intent := s.newSetupIntent(fresh)
	if confirms {
		if failure := s.setUpWith(intent, how); failure != nil {
			return nil, failure
		}
	}
	return s.showSetupIntent(intent), nil
}

// readSetup reads what creation, update and confirmation have in common.
func (s *Stripe) readSetup(c *call, to *SetupIntent) confirmation {
	if c.has("customer") {
		to.Customer = c.text("customer")
		if _, err := s.liveCustomer(to.Customer, "customer"); err != nil && to.Customer != "" {
			c.fail(noSuch("customer", to.Customer, "customer"))
		}
	}
	to.Description, to.Metadata, to.Types = c.textOr("description", to.Description), c.metadata(to.Metadata),
		c.readTypes(to.Types)
	carrier := PaymentIntent{Customer: to.Customer, ReturnURL: to.ReturnURL}
	how := s.readConfirmation(c, &carrier)
	to.ReturnURL = carrier.ReturnURL
	return how
}

func (s *Stripe) setupIntent(c *call) (*SetupIntent, error) {
	intent := s.state.SetupIntents.Get(c.path[0])
	switch {
	case intent == nil:
		return nil, noSuch("setupintent", c.path[0], "id")
	case c.has("client_secret") && c.text("client_secret") != intent.secret():
		return nil, invalidCode("setup_intent_invalid_parameter", "client_secret",
			"The client_secret provided does not match the client_secret associated with this SetupIntent.")
	}
	return intent, nil
}

func (s *Stripe) retrieveSetupIntent(c *call) (object, error) {
	intent, err := s.setupIntent(c)
	if err != nil {
		return nil, err
	}
	return s.showSetupIntent(intent), nil
}

func (s *Stripe) listSetupIntents(c *call) (object, error) {
	customer, method, within := c.text("customer"), c.text("payment_method"), createdFilter(c)
	return paginate(c, s.state.SetupIntents.Newest(), func(i *SetupIntent) bool {
		return (customer == "" || i.Customer == customer) && (method == "" || i.PaymentMethod == method) && within(i.Created)
	}, s.showSetupIntent)
}

func (s *Stripe) updateSetupIntent(c *call) (object, error) {
	intent, failure := s.ownSetupIntent(c, "update")
	if failure != nil {
		return nil, failure
	}
	changed := *intent
	how := s.readSetup(c, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if how.method != nil {
		intent.Status, intent.PaymentMethod = "requires_confirmation", how.method.ID
	}
	return s.showSetupIntent(intent), nil
}

// ownSetupIntent finds the intent in a path for a change: it must still be open,
// and not a checkout session's.
func (s *Stripe) ownSetupIntent(c *call, verb string) (*SetupIntent, error) {
	intent, err := s.setupIntent(c)
	switch {
	case err != nil:
		return nil, err
	case intent.Session != "":
		return nil, unexpectedSetup(intent, "You cannot %s a SetupIntent that was created by Checkout. The Checkout Session does that.", verb)
	case !slices.Contains(changeable, intent.Status):
		return nil, unexpectedSetup(intent, "You cannot %s this SetupIntent because it has a status of %s. Only a SetupIntent with one of the following statuses may be changed: %s.",
			verb, intent.Status, strings.Join(changeable, ", "))
	}
	return intent, nil
}

func unexpectedSetup(intent *SetupIntent, format string, args ...any) *Error {
	failure := invalidCode("setup_intent_unexpected_state", "", format, args...)
	failure.SetupIntent = intent.ID
	return failure
}

func (s *Stripe) confirmSetupIntent(c *call) (object, error) {
	intent, err := s.ownSetupIntent(c, "confirm")
	if err != nil {
		return nil, err
	}
	changed := *intent
	how := s.readSetup(c, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if failure := s.setUpWith(intent, how); failure != nil {
		return nil, failure
	}
	return s.showSetupIntent(intent), nil
}

func (s *Stripe) cancelSetupIntent(c *call) (object, error) {
	intent, err := s.ownSetupIntent(c, "cancel")
	if err != nil {
		return nil, err
	}
	reason := c.enum("cancellation_reason", "", "abandoned", "duplicate", "requested_by_customer")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.cancelSetup(intent, reason)
	return s.showSetupIntent(intent), nil
}

func (s *Stripe) cancelSetup(intent *SetupIntent, reason string) {
	intent.Status, intent.CancelReason = "canceled", reason
	s.emit("setup_intent.canceled", s.showSetupIntent(intent), nil)
}

func (i *SetupIntent) secret() string { return i.ID + "_secret_simulated" }

func (s *Stripe) showSetupIntent(i *SetupIntent) object {
	var automatic any
	if i.Redirects != "" {
		automatic = object{"enabled": true, "allow_redirects": i.Redirects}
	}
	return object{"id": i.ID, "object": "setup_intent", "application": nil, "automatic_payment_methods": automatic,
		"cancellation_reason": orNull(i.CancelReason), "client_secret": i.secret(), "created": i.Created.Unix(),
		"customer":         orNull(i.Customer),
		"customer_account": nil, "description": orNull(i.Description), "flow_directions": nil,
		"last_setup_error": s.showFailure(i.Failure),
		"latest_attempt":   nil, "livemode": false, "mandate": nil, "metadata": shown(i.Metadata),
		"next_action": s.showNextAction(i.ID, i.Status, i.ReturnURL), "on_behalf_of": nil,
		"payment_method":                       orNull(i.PaymentMethod),
		"payment_method_configuration_details": nil,
		"payment_method_options": object{"card": object{"mandate_options": nil, "network": nil,
			"request_three_d_secure": "automatic"}},
		"payment_method_types": offered(i.Types, "usd"), "single_use_mandate": nil, "status": i.Status,
		"usage": i.Usage}
}
