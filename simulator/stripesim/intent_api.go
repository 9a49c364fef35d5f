package stripesim

import (
	"regexp"
	"slices"
	"strings"
)

// intentParams are what an intent is created and updated with. confirmParams
// are what it is confirmed with. Accepted and without effect: use_stripe_sdk,
// and what mandate_data says beyond being there.
const (
	intentParams = "amount currency customer description metadata receipt_email setup_future_usage shipping" +
		" statement_descriptor statement_descriptor_suffix payment_method_types capture_method"
	confirmParams = " payment_method payment_method_data off_session return_url error_on_requires_action mandate_data use_stripe_sdk"
)

// confirmation is how an intent is confirmed.
type confirmation struct {
	method     *PaymentMethod
	offSession bool
	noAction   bool // error_on_requires_action
	mandate    bool
}

func (s *Stripe) createPaymentIntent(c *call) (object, error) {
	c.required("amount")
	c.required("currency")
	fresh := PaymentIntent{Confirmation: c.enum("confirmation_method", "automatic", "automatic", "manual")}
	s.readIntent(c, &fresh)
	s.readAutomatic(c.params, &fresh.Types, &fresh.Redirects)
	confirms := c.boolean("confirm", false)
	how := s.readConfirmation(c, &fresh)
	if !confirms {
		for _, field := range []string{"off_session", "return_url", "error_on_requires_action", "mandate_data"} {
			if c.has(field) {
				c.fail(invalidCode("payment_intent_invalid_parameter", field,
					"You can only provide `%s` when also setting `confirm` to `true`.", field))
			}
		}
	} else if fresh.Redirects == "always" && c.has("automatic_payment_methods") && fresh.ReturnURL == "" {
		c.fail(invalid("return_url", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if how.method != nil {
		fresh.Status, fresh.PaymentMethod = "requires_confirmation", how.method.ID
	}
	intent := s.newPaymentIntent(fresh)
	s.emit("payment_intent.created", s.showPaymentIntent(intent), nil)
	if confirms {
		if failure := s.confirmWith(intent, how); failure != nil {
			return nil, failure
		}
	}
	return s.showPaymentIntent(intent), nil
}

var (
	currencyForm = regexp.MustCompile(`^[a-z]{3}$`)
	// The smallest amount of each currency (docs.stripe.com/currencies).
	smallest = map[string]int64{"usd": 50, "eur": 50, "gbp": 30, "chf": 50, "cad": 50, "aud": 50, "jpy": 50}
)

const largest = 99999999

// readIntent reads what creation and update have in common.
func (s *Stripe) readIntent(c *call, to *PaymentIntent) {
	to.Amount, to.Currency = c.integer("amount", to.Amount), strings.ToLower(c.textOr("currency", to.Currency))
	switch {
	case !currencyForm.MatchString(to.Currency):
		c.fail(invalid("currency", "Invalid currency: %s.", to.Currency))
	case to.Amount < 1:
		c.fail(malformed("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."))
	case to.Amount < smallest[to.Currency]:
		c.fail(invalidCode("amount_too_small", "amount", "Amount must be at least %s",
			money(smallest[to.Currency], to.Currency)))
	case to.Amount > largest:
		c.fail(invalidCode("amount_too_large", "amount", "Amount must be no more than %s", money(largest, to.Currency)))
	}
	if c.has("customer") {
		to.Customer = c.text("customer")
		if _, err := s.liveCustomer(to.Customer, "customer"); err != nil && to.Customer != "" {
			c.fail(noSuch("customer", to.Customer, "customer"))
		}
	}
	to.Description, to.Metadata = c.textOr("description", to.Description), c.metadata(to.Metadata)
	to.Descriptor, to.Suffix = c.textOr("statement_descriptor", to.Descriptor), c.textOr("statement_descriptor_suffix",
		to.Suffix)
	for field, text := range map[string]string{"statement_descriptor": to.Descriptor,
		"statement_descriptor_suffix": to.Suffix} {
		if len(text) > 22 {
			c.fail(invalid(field, "The statement descriptor must be at most 22 characters."))
		}
	}
	s.readKept(c.params, to)
}

// readKept reads what a confirmation can still change.
func (s *Stripe) readKept(p params, to *PaymentIntent) {
	to.ReceiptEmail, to.Shipping = p.email("receipt_email", to.ReceiptEmail), p.shipping(to.Shipping)
	to.SetupFutureUsage = p.enum("setup_future_usage", to.SetupFutureUsage, "on_session", "off_session")
	to.Capture = p.enum("capture_method", to.Capture, "automatic", "automatic_async", "manual")
	to.Types = p.readTypes(to.Types)
}

// readAutomatic reads automatic_payment_methods, which is the default when no
// types are named (since 2023-08-16).
func (s *Stripe) readAutomatic(p params, types *[]string, redirects *string) {
	sent := p.sub("automatic_payment_methods").only("enabled", "allow_redirects")
	enabled := sent.boolean("enabled", *types == nil)
	if p.has("automatic_payment_methods") {
		sent.required("enabled")
	}
	switch {
	case enabled && *types != nil:
		p.fail(invalid("payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	case enabled:
		*redirects = sent.enum("allow_redirects", "always", "always", "never")
	case *types == nil:
		*types = []string{"card"}
	}
}

// readConfirmation reads the method and how it is to be charged.
func (s *Stripe) readConfirmation(c *call, intent *PaymentIntent) confirmation {
	how := confirmation{method: s.readMethodOf(c.params, "payment_method", intent.Customer),
		offSession: c.boolean("off_session", false),
		noAction:   c.boolean("error_on_requires_action", false), mandate: c.readMandate()}
	c.boolean("use_stripe_sdk", false)
	intent.ReturnURL = c.address("return_url", intent.ReturnURL)
	if c.has("payment_method_data") {
		if how.method != nil {
			c.fail(invalid("payment_method_data", "You may only specify one of these parameters: payment_method, payment_method_data."))
		}
		data := c.sub("payment_method_data").only("type", "card", "sepa_debit", "billing_details", "allow_redisplay",
			"metadata")
		data.required("type")
		fresh := s.readMethodData(data)
		if c.failed() == nil {
			how.method = s.addPaymentMethod(fresh)
		}
	}
	return how
}

// readMandate says whether the customer's agreement to debits was sent.
func (p params) readMandate() bool {
	acceptance := p.sub("mandate_data").only("customer_acceptance").sub("customer_acceptance").only("type", "accepted_at",
		"online", "offline")
	acceptance.sub("online").only("ip_address", "user_agent")
	acceptance.sub("offline").only()
	acceptance.time("accepted_at")
	return acceptance.enum("type", "", "online", "offline") != ""
}

func (s *Stripe) updatePaymentIntent(c *call) (object, error) {
	intent, err := s.paymentIntent(c)
	if err != nil {
		return nil, err
	}
	if failure := s.notOwn(intent, "update"); failure != nil {
		return nil, failure
	}
	changed := intent.clone()
	s.readIntent(c, &changed)
	how := s.readConfirmation(c, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	for _, field := range []string{"amount", "currency", "customer", "payment_method", "payment_method_data",
		"payment_method_types", "capture_method", "setup_future_usage"} {
		if c.has(field) && !intent.changeable() {
			return nil, unexpectedState(intent, "This PaymentIntent's %s could not be updated because it has a status of %s. You may only update the %s of a PaymentIntent with one of the following statuses: %s.",
				field, intent.Status, field, strings.Join(changeable, ", "))
		}
	}
	*intent = changed
	if c.has("payment_method_types") {
		intent.Redirects = ""
	}
	if how.method != nil {
		intent.Status, intent.PaymentMethod = "requires_confirmation", how.method.ID
	}
	return s.showPaymentIntent(intent), nil
}

// changeable are the statuses in which nothing is charged or reserved.
var changeable = []string{"requires_payment_method", "requires_confirmation", "requires_action"}

func (p *PaymentIntent) changeable() bool { return slices.Contains(changeable, p.Status) }

func unexpectedState(intent *PaymentIntent, format string, args ...any) *Error {
	failure := invalidCode("payment_intent_unexpected_state", "", format, args...)
	failure.PaymentIntent = intent.ID
	return failure
}

// notOwn refuses to touch the intent of a checkout session: the session does.
func (s *Stripe) notOwn(intent *PaymentIntent, verb string) *Error {
	if intent.Session == "" {
		return nil
	}
	return unexpectedState(intent, "You cannot %s a PaymentIntent that was created by Checkout. The Checkout Session does that.", verb)
}

func (s *Stripe) confirmPaymentIntent(c *call) (object, error) {
	intent, err := s.paymentIntent(c)
	if err != nil {
		return nil, err
	}
	if failure := s.notOwn(intent, "confirm"); failure != nil {
		return nil, failure
	}
	if !intent.changeable() {
		return nil, unexpectedState(intent, "You cannot confirm this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be confirmed: %s.",
			intent.Status, strings.Join(changeable, ", "))
	}
	changed := intent.clone()
	s.readKept(c.params, &changed)
	how := s.readConfirmation(c, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	*intent = changed
	if failure := s.confirmWith(intent, how); failure != nil {
		return nil, failure
	}
	return s.showPaymentIntent(intent), nil
}

// confirmWith confirms an intent and does what follows from the outcome.
func (s *Stripe) confirmWith(intent *PaymentIntent, how confirmation) *Error {
	method := how.method
	if method == nil {
		method = s.state.PaymentMethods.Get(intent.PaymentMethod)
	}
	switch {
	case method == nil:
		return unexpectedState(intent, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	case !slices.Contains(offered(intent.Types, intent.Currency), any(method.kind())):
		return invalidCode("payment_intent_invalid_parameter", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: %v.",
			method.kind(), offered(intent.Types, intent.Currency))
	case method.kind() == "sepa_debit" && intent.Currency != "eur":
		return invalidCode("payment_intent_invalid_parameter", "currency",
			"The payment method `sepa_debit` can only be used with the currency eur.")
	case method.kind() == "sepa_debit" && !how.mandate && !method.SetUp:
		return invalidCode("payment_intent_mandate_invalid", "mandate_data",
			"This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from the customer and try again, providing acceptance data in the `mandate_data` parameter.")
	}
	was := intent.Status
	if how.noAction && intent.Authenticated != method.ID && method.asks(how.offSession) {
		intent.PaymentMethod, intent.Failure = method.ID, nil
		failure := s.charge(intent, method, unauthenticated)
		s.follow(intent, was)
		return failure
	}
	failure := s.confirm(intent, method, how.offSession)
	s.follow(intent, was)
	return failure
}
