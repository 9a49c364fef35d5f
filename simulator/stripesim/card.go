package stripesim

import (
	"cmp"
	"net/http"
	"time"
)

// behaviour is what happens when a payment method is charged.
type behaviour struct {
	brand     string
	decline   string // decline code; "" is accepted
	code      string // error code of the decline, default card_declined
	message   string
	attaches  bool          // with decline: can be saved; only charges fail
	challenge challenge     // when 3-D Secure asks the cardholder
	delayed   bool          // the outcome is known later
	after     time.Duration // with delayed: how much later
	fails     bool          // with delayed: the outcome is a failure
	dispute   string        // the reason of the dispute that every charge brings, "" for none
	inquiry   bool          // with dispute: it begins as an inquiry
	refund    string        // what becomes of a refund: "" succeeds at once, pending, fails
}

// challenge says when a card asks its holder to authenticate.
type challenge int

const (
	never challenge = iota
	always
	unlessSetUp // on session always; off session unless it was set up for that
	onSession   // on session always; off session never, as if it had been set up long ago
)

const (
	declined     = "Your card was declined."
	refusedDebit = "The customer's bank refused the debit."
)

// numbers are the test numbers the simulator knows, as Stripe's page on testing
// has them. Every other number is refused as incorrect, so that nobody types a
// real one in.
var numbers = map[string]behaviour{
	"4242424242424242": {brand: "visa"},
	"4000056655665556": {brand: "visa"},
	"4000000000000077": {brand: "visa"}, // its money is available at once, which nothing here shows
	"4000000000003055": {brand: "visa"}, // supports 3-D Secure and does not ask for it
	"5555555555554444": {brand: "mastercard"},
	"5200828282828210": {brand: "mastercard"},
	"378282246310005":  {brand: "amex"},
	"6011111111111117": {brand: "discover"},
	"4000000000000002": {brand: "visa", decline: "generic_decline", message: declined},
	"4000000000000341": {brand: "visa", decline: "generic_decline", message: declined, attaches: true},
	"4000000000009995": {brand: "visa", decline: "insufficient_funds", message: "Your card has insufficient funds."},
	"4000000000009987": {brand: "visa", decline: "lost_card", message: declined},
	"4000000000009979": {brand: "visa", decline: "stolen_card", message: declined},
	"4100000000000019": {brand: "visa", decline: "fraudulent", message: declined},
	"4000000000000069": {brand: "visa", code: "expired_card", decline: "expired_card", message: "Your card has expired."},
	"4000000000000127": {brand: "visa", code: "incorrect_cvc", decline: "incorrect_cvc",
		message: "Your card's security code is incorrect."},
	"4000000000000119": {brand: "visa", code: "processing_error", decline: "processing_error",
		message: "An error occurred while processing your card. Try again in a little bit."},

	"4000002760003184": {brand: "visa", challenge: always},
	"4000000000003220": {brand: "visa", challenge: always},
	"4000002500003155": {brand: "visa", challenge: unlessSetUp},
	"4000003800000446": {brand: "visa", challenge: onSession},
	"4000008260003178": {brand: "visa", challenge: always, decline: "insufficient_funds",
		message: "Your card has insufficient funds.", attaches: true},
	"4000008400001629": {brand: "visa", challenge: always, decline: "generic_decline", message: declined, attaches: true},

	"4000000000000259": {brand: "visa", dispute: "fraudulent"},
	"4000000000002685": {brand: "visa", dispute: "product_not_received"},
	"4000000000001976": {brand: "visa", dispute: "fraudulent", inquiry: true},
	"4000000000007726": {brand: "visa", refund: "pending"},
	"4000000000005126": {brand: "visa", refund: "fails"},

	// SEPA direct debit, by what the checkout page names it and by test account.
	"sepa": {delayed: true, after: 24 * time.Hour},
	"sepa_fail": {delayed: true, after: 24 * time.Hour, fails: true, decline: "generic_decline",
		message: refusedDebit},
	"AT611904300234573201": {delayed: true},
	"AT321904300235473204": {delayed: true, after: 3 * time.Minute},
	"AT861904300235473202": {delayed: true, fails: true, decline: "generic_decline", message: refusedDebit},
	"AT051904300235473205": {delayed: true, after: 3 * time.Minute, fails: true, decline: "generic_decline",
		message: refusedDebit},
	"AT591904300235473203": {delayed: true, dispute: "debit_not_authorized"},

	// What the official CLI sends for a debit that fails.
	"IT60X0542811101000000123456": {delayed: true, fails: true, decline: "generic_decline", message: refusedDebit},
}

// cards are the test cards by what follows pm_card_ or tok_ in the names by
// which an API client passes them.
var cards = map[string]string{
	"visa": "4242424242424242", "visa_debit": "4000056655665556", "mastercard": "5555555555554444",
	"mastercard_debit": "5200828282828210",
	"amex":             "378282246310005", "discover": "6011111111111117", "us": "4242424242424242",
	"bypassPending": "4000000000000077",

	"chargeDeclined": "4000000000000002", "visa_chargeDeclined": "4000000000000002",
	"chargeCustomerFail":              "4000000000000341",
	"chargeDeclinedInsufficientFunds": "4000000000009995", "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
	"chargeDeclinedLostCard": "4000000000009987", "visa_chargeDeclinedLostCard": "4000000000009987",
	"chargeDeclinedStolenCard": "4000000000009979", "visa_chargeDeclinedStolenCard": "4000000000009979",
	"chargeDeclinedExpiredCard": "4000000000000069", "chargeDeclinedIncorrectCvc": "4000000000000127",
	"chargeDeclinedProcessingError": "4000000000000119", "chargeDeclinedFraudulent": "4100000000000019",

	"authenticationRequired": "4000002760003184", "threeDSecure2Required": "4000000000003220",
	"threeDSecureOptional":          "4000000000003055",
	"authenticationRequiredOnSetup": "4000002500003155", "authenticationRequiredSetupForOffSession": "4000003800000446",
	"authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
	"threeDSecureRequiredChargeDeclined":                    "4000008400001629",

	"createDispute": "4000000000000259", "createDisputeProductNotReceived": "4000000000002685",
	"createDisputeInquiry": "4000000000001976",
	"pendingRefund":        "4000000000007726", "refundFail": "4000000000005126",
}

func (m *PaymentMethod) behaviour() behaviour { return numbers[m.Number] }

// asks says whether a charge of the method is met with a 3-D Secure challenge.
func (m *PaymentMethod) asks(offSession bool) bool {
	switch m.behaviour().challenge {
	case always:
		return true
	case unlessSetUp:
		return !offSession || !m.SetUp
	case onSession:
		return !offSession
	}
	return false
}

// failure is the error that a charge with this behaviour ends with.
func (how behaviour) failure(method *PaymentMethod) *Error {
	return &Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: cmp.Or(how.code, "card_declined"),
		DeclineCode: how.decline, Message: how.message, PaymentMethod: method.ID}
}

// unauthenticated is how an issuer declines a charge off session for which it
// wants its cardholder.
var unauthenticated = behaviour{code: "authentication_required", decline: "authentication_required",
	message: "Your card was declined. This transaction requires authentication."}

// foresee returns the error that a charge of the method would end with at once,
// or nil.
func (m *PaymentMethod) foresee(offSession bool) *Error {
	switch how := m.behaviour(); {
	case m.asks(offSession):
		return unauthenticated.failure(m)
	case how.decline != "" && !how.delayed:
		return how.failure(m)
	}
	return nil
}
