package intents

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const setupParams = "customer description metadata payment_method payment_method_data payment_method_types"

// Accepted without effect: use_stripe_sdk.
func (s *Intents) setupRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/setup_intents", setupParams+" confirm usage automatic_payment_methods return_url mandate_data use_stripe_sdk", s.createSetupIntent),
		api.Op(http.MethodGet, "/v1/setup_intents", "customer payment_method created"+api.Paging, s.listSetupIntents),
		api.Op(http.MethodGet, "/v1/setup_intents/{}", "client_secret", s.retrieveSetupIntent),
		api.Op(http.MethodPost, "/v1/setup_intents/{}", setupParams, s.updateSetupIntent),
		api.Op(http.MethodPost, "/v1/setup_intents/{}/confirm",
			"client_secret payment_method payment_method_data return_url mandate_data use_stripe_sdk",
			s.confirmSetupIntent),
		api.Op(http.MethodPost, "/v1/setup_intents/{}/cancel", "cancellation_reason", s.cancelSetupIntent),
	}
}

func (s *Intents) createSetupIntent(c *api.Call) (api.Object, error) {
	fresh := state.SetupIntent{Usage: c.Enum("usage", "off_session", "off_session", "on_session")}
	how := s.readSetup(c, &fresh)
	s.readAutomatic(c.Params, &fresh.Types, &fresh.Redirects)
	confirms := c.Boolean("confirm", false)
	if !confirms && (c.Has("return_url") || c.Has("mandate_data")) {
		c.Fail(api.InvalidCode("setup_intent_invalid_parameter", "confirm",
			"You can only provide `return_url` and `mandate_data` when also setting `confirm` to `true`."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if how.method != nil {
		fresh.Status, fresh.PaymentMethod = "requires_confirmation", how.method.ID
	}
	intent := s.Payments.NewSetupIntent(fresh)
	if confirms {
		if failure := s.setUpWith(intent, how); failure != nil {
			return nil, failure
		}
	}
	return s.ShowSetupIntent(intent), nil
}

// readSetup reads the parameters that creation, update and confirmation share.
func (s *Intents) readSetup(c *api.Call, to *state.SetupIntent) confirmation {
	if c.Has("customer") {
		to.Customer = c.Text("customer")
		if _, err := s.LiveCustomer(to.Customer, "customer"); err != nil && to.Customer != "" {
			c.Fail(api.NoSuch("customer", to.Customer, "customer"))
		}
	}
	to.Description, to.Metadata, to.Types = c.TextOr("description", to.Description), c.Metadata(to.Metadata),
		c.ReadTypes(to.Types)
	carrier := state.PaymentIntent{Customer: to.Customer, ReturnURL: to.ReturnURL}
	how := s.readConfirmation(c, &carrier)
	to.ReturnURL = carrier.ReturnURL
	return how
}

func (s *Intents) setupIntent(c *api.Call) (*state.SetupIntent, error) {
	intent := s.State.SetupIntents.Get(c.Path[0])
	switch {
	case intent == nil:
		return nil, api.NoSuch("setupintent", c.Path[0], "id")
	case c.Has("client_secret") && c.Text("client_secret") != intent.Secret():
		return nil, api.InvalidCode("setup_intent_invalid_parameter", "client_secret",
			"The client_secret provided does not match the client_secret associated with this SetupIntent.")
	}
	return intent, nil
}

func (s *Intents) retrieveSetupIntent(c *api.Call) (api.Object, error) {
	intent, err := s.setupIntent(c)
	if err != nil {
		return nil, err
	}
	return s.ShowSetupIntent(intent), nil
}

func (s *Intents) listSetupIntents(c *api.Call) (api.Object, error) {
	customer, method, within := c.Text("customer"), c.Text("payment_method"), api.CreatedFilter(c)
	return api.Paginate(c, s.State.SetupIntents.Newest(), func(i *state.SetupIntent) bool {
		return (customer == "" || i.Customer == customer) && (method == "" || i.PaymentMethod == method) && within(i.Created)
	}, s.ShowSetupIntent)
}

func (s *Intents) updateSetupIntent(c *api.Call) (api.Object, error) {
	intent, failure := s.ownSetupIntent(c, "update")
	if failure != nil {
		return nil, failure
	}
	changed := *intent
	how := s.readSetup(c, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if how.method != nil {
		intent.Status, intent.PaymentMethod = "requires_confirmation", how.method.ID
	}
	return s.ShowSetupIntent(intent), nil
}

// ownSetupIntent returns the setup intent in the path for a change. It must be
// open and must not belong to a checkout session.
func (s *Intents) ownSetupIntent(c *api.Call, verb string) (*state.SetupIntent, error) {
	intent, err := s.setupIntent(c)
	switch {
	case err != nil:
		return nil, err
	case intent.Session != "":
		return nil, unexpectedSetup(intent, "You cannot %s a SetupIntent that was created by Checkout. The Checkout Session does that.", verb)
	case !slices.Contains(state.Changeable, intent.Status):
		return nil, unexpectedSetup(intent, "You cannot %s this SetupIntent because it has a status of %s. Only a SetupIntent with one of the following statuses may be changed: %s.",
			verb, intent.Status, strings.Join(state.Changeable, ", "))
	}
	return intent, nil
}

func unexpectedSetup(intent *state.SetupIntent, format string, args ...any) *api.Error {
	failure := api.InvalidCode("setup_intent_unexpected_state", "", format, args...)
	failure.SetupIntent = intent.ID
	return failure
}

func (s *Intents) confirmSetupIntent(c *api.Call) (api.Object, error) {
	intent, err := s.ownSetupIntent(c, "confirm")
	if err != nil {
		return nil, err
	}
	changed := *intent
	how := s.readSetup(c, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if failure := s.setUpWith(intent, how); failure != nil {
		return nil, failure
	}
	return s.ShowSetupIntent(intent), nil
}

func (s *Intents) cancelSetupIntent(c *api.Call) (api.Object, error) {
	intent, err := s.ownSetupIntent(c, "cancel")
	if err != nil {
		return nil, err
	}
	reason := c.Enum("cancellation_reason", "", "abandoned", "duplicate", "requested_by_customer")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.Payments.CancelSetup(intent, reason)
	return s.ShowSetupIntent(intent), nil
}
