package intents

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// intentParams create and update an intent; confirmParams confirm it. Accepted
// without effect: use_stripe_sdk, and the contents of mandate_data.
const (
	intentParams = "amount currency customer description metadata receipt_email setup_future_usage shipping" +
		" statement_descriptor statement_descriptor_suffix payment_method_types capture_method"
	confirmParams = " payment_method payment_method_data off_session return_url error_on_requires_action mandate_data use_stripe_sdk"
)

// confirmation says how to confirm an intent.
type confirmation struct {
	method     *state.PaymentMethod
	offSession bool
	noAction   bool // error_on_requires_action
	mandate    bool
}

func (s *Intents) createPaymentIntent(c *api.Call) (api.Object, error) {
	c.Required("amount")
	c.Required("currency")
	fresh := state.PaymentIntent{Confirmation: c.Enum("confirmation_method", "automatic", "automatic", "manual")}
	s.readIntent(c, &fresh)
	s.readAutomatic(c.Params, &fresh.Types, &fresh.Redirects)
	confirms := c.Boolean("confirm", false)
	how := s.readConfirmation(c, &fresh)
	if !confirms {
		for _, field := range []string{"off_session", "return_url", "error_on_requires_action", "mandate_data"} {
			if c.Has(field) {
				c.Fail(api.InvalidCode("payment_intent_invalid_parameter", field,
					"You can only provide `%s` when also setting `confirm` to `true`.", field))
			}
		}
	} else if fresh.Redirects == "always" && c.Has("automatic_payment_methods") && fresh.ReturnURL == "" {
		c.Fail(api.Invalid("return_url", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if how.method != nil {
		fresh.Status, fresh.PaymentMethod = "requires_confirmation", how.method.ID
	}
	intent := s.Payments.NewPaymentIntent(fresh)
	s.Events.Emit("payment_intent.created", s.ShowPaymentIntent(intent), nil)
	if confirms {
		if failure := s.confirmWith(intent, how); failure != nil {
			return nil, failure
		}
	}
	return s.ShowPaymentIntent(intent), nil
}

var (
	currencyForm = regexp.MustCompile(`^[a-z]{3}$`)
	// The smallest amount per currency (docs.stripe.com/currencies).
	smallest = map[string]int64{"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "jpy": 50}
)

const largest = 99999999

// readIntent reads the parameters that creation and update share.
func (s *Intents) readIntent(c *api.Call, to *state.PaymentIntent) {
	to.Amount, to.Currency = c.Integer("amount", to.Amount), strings.ToLower(c.TextOr("currency", to.Currency))
	switch {
	case !currencyForm.MatchString(to.Currency):
		c.Fail(api.Invalid("currency", "Invalid currency: %s.", to.Currency))
	case to.Amount < 1:
		c.Fail(api.Malformed("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."))
	case to.Amount < smallest[to.Currency]:
		c.Fail(api.InvalidCode("amount_too_small", "amount", "Amount must be at least %s",
			account.Money(smallest[to.Currency], to.Currency)))
	case to.Amount > largest:
		c.Fail(api.InvalidCode("amount_too_large", "amount", "Amount must be no more than %s",
			account.Money(largest, to.Currency)))
	}
	if c.Has("customer") {
		to.Customer = c.Text("customer")
		if _, err := s.LiveCustomer(to.Customer, "customer"); err != nil && to.Customer != "" {
			c.Fail(api.NoSuch("customer", to.Customer, "customer"))
		}
	}
	to.Description, to.Metadata = c.TextOr("description", to.Description), c.Metadata(to.Metadata)
	to.Descriptor, to.Suffix = c.TextOr("statement_descriptor", to.Descriptor), c.TextOr("statement_descriptor_suffix",
		to.Suffix)
	for field, text := range map[string]string{"statement_descriptor": to.Descriptor,
		"statement_descriptor_suffix": to.Suffix} {
		if len(text) > 22 {
			c.Fail(api.Invalid(field, "The statement descriptor must be at most 22 characters."))
		}
	}
	s.readKept(c.Params, to)
}

// readKept reads the parameters that a confirmation can still change.
func (s *Intents) readKept(p api.Params, to *state.PaymentIntent) {
	to.ReceiptEmail, to.Shipping = p.Email("receipt_email", to.ReceiptEmail), p.Shipping(to.Shipping)
	to.SetupFutureUsage = p.Enum("setup_future_usage", to.SetupFutureUsage, "on_session", "off_session")
	to.Capture = p.Enum("capture_method", to.Capture, "automatic", "automatic_async", "manual")
	to.Types = p.ReadTypes(to.Types)
}

// readAutomatic reads automatic_payment_methods, the default without
// payment_method_types since 2023-08-16.
func (s *Intents) readAutomatic(p api.Params, types *[]string, redirects *string) {
	sent := p.Sub("automatic_payment_methods").Only("enabled", "allow_redirects")
	enabled := sent.Boolean("enabled", *types == nil)
	if p.Has("automatic_payment_methods") {
		sent.Required("enabled")
	}
	switch {
	case enabled && *types != nil:
		p.Fail(api.Invalid("payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	case enabled:
		*redirects = sent.Enum("allow_redirects", "always", "always", "never")
	case *types == nil:
		*types = []string{"card"}
	}
}

// readConfirmation reads the payment method and how to charge it.
func (s *Intents) readConfirmation(c *api.Call, intent *state.PaymentIntent) confirmation {
	how := confirmation{method: s.Customers.ReadMethodOf(c.Params, "payment_method", intent.Customer),
		offSession: c.Boolean("off_session", false), noAction: c.Boolean("error_on_requires_action", false),
		mandate: c.ReadMandate()}
	c.Boolean("use_stripe_sdk", false)
	intent.ReturnURL = c.Address("return_url", intent.ReturnURL)
	if c.Has("payment_method_data") {
		if how.method != nil {
			c.Fail(api.Invalid("payment_method_data", "You may only specify one of these parameters: payment_method, payment_method_data."))
		}
		data := c.Sub("payment_method_data").Only("type", "card", "sepa_debit", "billing_details", "allow_redisplay",
			"metadata")
		data.Required("type")
		fresh := s.Customers.ReadMethodData(data)
		if c.Failed() == nil {
			how.method = s.Customers.AddPaymentMethod(fresh)
		}
	}
	return how
}

func (s *Intents) updatePaymentIntent(c *api.Call) (api.Object, error) {
	intent, err := s.Payments.PaymentIntent(c)
	if err != nil {
		return nil, err
	}
	if failure := s.notOwn(intent, "update"); failure != nil {
		return nil, failure
	}
	changed := intent.Clone()
	s.readIntent(c, &changed)
	how := s.readConfirmation(c, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	for _, field := range []string{"amount", "currency", "customer", "payment_method", "payment_method_data",
		"payment_method_types", "capture_method", "setup_future_usage"} {
		if c.Has(field) && !intent.Changeable() {
			return nil, unexpectedState(intent, "This PaymentIntent's %s could not be updated because it has a status of %s. You may only update the %s of a PaymentIntent with one of the following statuses: %s.",
				field, intent.Status, field, strings.Join(state.Changeable, ", "))
		}
	}
	*intent = changed
	if c.Has("payment_method_types") {
		intent.Redirects = ""
	}
	if how.method != nil {
		intent.Status, intent.PaymentMethod = "requires_confirmation", how.method.ID
	}
	return s.ShowPaymentIntent(intent), nil
}

func unexpectedState(intent *state.PaymentIntent, format string, args ...any) *api.Error {
	failure := api.InvalidCode("payment_intent_unexpected_state", "", format, args...)
	failure.PaymentIntent = intent.ID
	return failure
}

// notOwn refuses to change the intent of a checkout session or an invoice,
// which manages it.
func (s *Intents) notOwn(intent *state.PaymentIntent, verb string) *api.Error {
	if intent.Session == "" {
		return nil
	}
	return unexpectedState(intent, "You cannot %s a PaymentIntent that was created by Checkout. The Checkout Session does that.", verb)
}

func (s *Intents) confirmPaymentIntent(c *api.Call) (api.Object, error) {
	intent, err := s.Payments.PaymentIntent(c)
	if err != nil {
		return nil, err
	}
	if failure := s.notOwn(intent, "confirm"); failure != nil {
		return nil, failure
	}
	if !intent.Changeable() {
		return nil, unexpectedState(intent, "You cannot confirm this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be confirmed: %s.",
			intent.Status, strings.Join(state.Changeable, ", "))
	}
	changed := intent.Clone()
	s.readKept(c.Params, &changed)
	how := s.readConfirmation(c, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if failure := s.confirmWith(intent, how); failure != nil {
		return nil, failure
	}
	return s.ShowPaymentIntent(intent), nil
}

// confirmWith confirms an intent and does what follows.
func (s *Intents) confirmWith(intent *state.PaymentIntent, how confirmation) *api.Error {
	method := how.method
	if method == nil {
		method = s.State.PaymentMethods.Get(intent.PaymentMethod)
	}
	switch {
	case method == nil:
		return unexpectedState(intent, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	case !slices.Contains(state.Offered(intent.Types, intent.Currency), any(method.Kind())):
		return api.InvalidCode("payment_intent_invalid_parameter", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: %v.",
			method.Kind(), state.Offered(intent.Types, intent.Currency))
	case method.Kind() == "sepa_debit" && intent.Currency != "eur":
		return api.InvalidCode("payment_intent_invalid_parameter", "currency",
			"The payment method `sepa_debit` can only be used with the currency eur.")
	case method.Kind() == "sepa_debit" && !how.mandate && !method.SetUp:
		return api.InvalidCode("payment_intent_mandate_invalid", "mandate_data",
			"This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from the customer and try again, providing acceptance data in the `mandate_data` parameter.")
	}
	was := intent.Status
	if how.noAction && intent.Authenticated != method.ID && method.Asks(how.offSession) {
		intent.PaymentMethod, intent.Failure = method.ID, nil
		failure := s.Payments.Charge(intent, method, state.Unauthenticated)
		s.follow(intent, was)
		return failure
	}
	failure := s.Payments.Confirm(intent, method, how.offSession)
	s.follow(intent, was)
	return failure
}
