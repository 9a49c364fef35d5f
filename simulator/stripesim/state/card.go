package state

import (
	"cmp"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Behaviour is what happens when a payment method is charged.
type Behaviour struct {
	Brand     string
	Decline   string // decline code; "" when the charge succeeds
	code      string // error code of the decline; default card_declined
	message   string
	Attaches  bool          // with decline: the card can be saved, only charges fail
	Challenge challenge     // when 3-D Secure asks the cardholder
	Delayed   bool          // the outcome comes later
	After     time.Duration // with delayed: how much later
	Fails     bool          // with delayed: the outcome is a failure
	Dispute   string        // reason of the dispute that follows every charge; "" for none
	Inquiry   bool          // with dispute: it starts as an inquiry
	Refund    string        // outcome of a refund: "" succeeds at once, pending, fails
}

// challenge says when a card requires 3-D Secure.
type challenge int

const (
	// Never means that the card never asks for 3-D Secure.
	Never challenge = iota
	always
	unlessSetUp // always on session; off session unless it was set up for that
	onSession   // always on session; never off session, as if it had been set up long ago
)

const (
	declined     = "Your card was declined."
	refusedDebit = "The customer's bank refused the debit."
)

// Numbers are the test numbers that the simulator knows, from Stripe's testing
// page. It rejects every other number as incorrect, so nobody can enter a real
// card.
var Numbers = map[string]Behaviour{
	"4242424242424242": {Brand: "visa"},
	"4000056655665556": {Brand: "visa"},
	"4000000000000077": {Brand: "visa"}, // Stripe makes its money available at once; the simulator does not show that
	"4000000000003055": {Brand: "visa"}, // supports 3-D Secure but does not ask for it
	"5555555555554444": {Brand: "mastercard"},
	"5200828282828210": {Brand: "mastercard"},
	"378282246310005":  {Brand: "amex"},
	"6011111111111117": {Brand: "discover"},
	"4000000000000002": {Brand: "visa", Decline: "generic_decline", message: declined},
	"4000000000000341": {Brand: "visa", Decline: "generic_decline", message: declined, Attaches: true},
	"4000000000009995": {Brand: "visa", Decline: "insufficient_funds", message: "Your card has insufficient funds."},
	"4000000000009987": {Brand: "visa", Decline: "lost_card", message: declined},
	"4000000000009979": {Brand: "visa", Decline: "stolen_card", message: declined},
	"4100000000000019": {Brand: "visa", Decline: "fraudulent", message: declined},
	"4000000000000069": {Brand: "visa", code: "expired_card", Decline: "expired_card", message: "Your card has expired."},
	"4000000000000127": {Brand: "visa", code: "incorrect_cvc", Decline: "incorrect_cvc",
		message: "Your card's security code is incorrect."},
	"4000000000000119": {Brand: "visa", code: "processing_error", Decline: "processing_error",
		message: "An error occurred while processing your card. Try again in a little bit."},

	"4000002760003184": {Brand: "visa", Challenge: always},
	"4000000000003220": {Brand: "visa", Challenge: always},
	"4000002500003155": {Brand: "visa", Challenge: unlessSetUp},
	"4000003800000446": {Brand: "visa", Challenge: onSession},
	"4000008260003178": {Brand: "visa", Challenge: always, Decline: "insufficient_funds",
		message: "Your card has insufficient funds.", Attaches: true},
	"4000008400001629": {Brand: "visa", Challenge: always, Decline: "generic_decline", message: declined, Attaches: true},

	"4000000000000259": {Brand: "visa", Dispute: "fraudulent"},
	"4000000000002685": {Brand: "visa", Dispute: "product_not_received"},
	"4000000000001976": {Brand: "visa", Dispute: "fraudulent", Inquiry: true},
	"4000000000007726": {Brand: "visa", Refund: "pending"},
	"4000000000005126": {Brand: "visa", Refund: "fails"},

	// SEPA Direct Debit, by the name on the checkout page and by test account.
	"sepa":                 {Delayed: true, After: 24 * time.Hour},
	"sepa_fail":            {Delayed: true, After: 24 * time.Hour, Fails: true, Decline: "generic_decline", message: refusedDebit},
	"AT611904300234573201": {Delayed: true},
	"AT321904300235473204": {Delayed: true, After: 3 * time.Minute},
	"AT861904300235473202": {Delayed: true, Fails: true, Decline: "generic_decline", message: refusedDebit},
	"AT051904300235473205": {Delayed: true, After: 3 * time.Minute, Fails: true, Decline: "generic_decline",
		message: refusedDebit},
	"AT591904300235473203": {Delayed: true, Dispute: "debit_not_authorized"},

	// The Stripe CLI sends this account for a failing debit.
	"IT60X0542811101000000123456": {Delayed: true, Fails: true, Decline: "generic_decline", message: refusedDebit},
}

// Cards maps test cards by name to their numbers. API clients pass the name
// after pm_card_ or tok_.
var Cards = map[string]string{
	"visa": "4242424242424242", "visa_debit": "4000056655665556", "mastercard": "5555555555554444",
	"mastercard_debit": "5200828282828210", "amex": "378282246310005", "discover": "6011111111111117",
	"us": "4242424242424242", "bypassPending": "4000000000000077", "chargeDeclined": "4000000000000002",
	"visa_chargeDeclined": "4000000000000002", "chargeCustomerFail": "4000000000000341",
	"chargeDeclinedInsufficientFunds": "4000000000009995", "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
	"chargeDeclinedLostCard": "4000000000009987", "visa_chargeDeclinedLostCard": "4000000000009987",
	"chargeDeclinedStolenCard": "4000000000009979", "visa_chargeDeclinedStolenCard": "4000000000009979",
	"chargeDeclinedExpiredCard": "4000000000000069", "chargeDeclinedIncorrectCvc": "4000000000000127",
	"chargeDeclinedProcessingError": "4000000000000119", "chargeDeclinedFraudulent": "4100000000000019",
	"authenticationRequired": "4000002760003184", "threeDSecure2Required": "4000000000003220",
	"threeDSecureOptional": "4000000000003055", "authenticationRequiredOnSetup": "4000002500003155",
	"authenticationRequiredSetupForOffSession":              "4000003800000446",
	"authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
	"threeDSecureRequiredChargeDeclined":                    "4000008400001629", "createDispute": "4000000000000259",
	"createDisputeProductNotReceived": "4000000000002685", "createDisputeInquiry": "4000000000001976",
	"pendingRefund": "4000000000007726", "refundFail": "4000000000005126"}

// Behaviour returns what happens when the method is charged.
func (m *PaymentMethod) Behaviour() Behaviour { return Numbers[m.Number] }

// Asks reports whether a charge of the method requires 3-D Secure.
func (m *PaymentMethod) Asks(offSession bool) bool {
	switch m.Behaviour().Challenge {
	case always:
		return true
	case unlessSetUp:
		return !offSession || !m.SetUp
	case onSession:
		return !offSession
	}
	return false
}

// Failure returns the error of a charge with this behaviour.
func (how Behaviour) Failure(method *PaymentMethod) *api.Error {
	return &api.Error{Status: http.StatusPaymentRequired, Type: "card_error", Code: cmp.Or(how.code, "card_declined"),
		DeclineCode: how.Decline, Message: how.message, PaymentMethod: method.ID}
}

// Unauthenticated is the decline of an off-session charge whose issuer requires
// the cardholder to authenticate.
var Unauthenticated = Behaviour{code: "authentication_required", Decline: "authentication_required",
	message: "Your card was declined. This transaction requires authentication."}

// Foresee returns the error that a charge of the method would fail with at
// once, or nil.
func (m *PaymentMethod) Foresee(offSession bool) *api.Error {
	switch how := m.Behaviour(); {
	case m.Asks(offSession):
		return Unauthenticated.Failure(m)
	case how.Decline != "" && !how.Delayed:
		return how.Failure(m)
	}
	return nil
}
