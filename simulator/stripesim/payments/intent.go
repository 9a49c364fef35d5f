package payments

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// EnsureCustomer gives a session its customer. Mode subscription and
// customer_creation=always create one; a guest has none. An existing customer
// gets a missing e-mail address and whatever customer_update allows.
func (s *Payments) EnsureCustomer(session *state.CheckoutSession) {
	if customer := s.State.Customers.Get(session.Customer); customer != nil {
		s.updateBuyer(customer, session)
		return
	}
	if session.Mode == "subscription" || session.CustomerCreation == "always" {
		session.Customer = s.Customers.AddCustomer(&state.Customer{Email: session.BuyerEmail, Name: session.BuyerName,
			Phone: session.BuyerPhone, Address: session.BuyerAddress, NextInvoice: 1}, nil).ID
	}
}

func (s *Payments) updateBuyer(customer *state.Customer, session *state.CheckoutSession) {
	s.Customers.ChangeCustomer(customer, func() {
		customer.Email = cmp.Or(customer.Email, session.BuyerEmail)
		if slices.Contains(session.Options.CustomerUpdate, "name") {
			customer.Name = cmp.Or(session.BuyerName, customer.Name)
		}
		if slices.Contains(session.Options.CustomerUpdate, "address") {
			customer.Address = cmp.Or(session.BuyerAddress, customer.Address)
		}
	})
}

// authorizationLifetime is how long money stays reserved: seven days for cards
// on most networks.
const authorizationLifetime = 7 * 24 * time.Hour

// reserve records money that is authorized and not captured.
func (s *Payments) reserve(intent *state.PaymentIntent, charge *state.Charge) {
	charge.Status, charge.Reserved, intent.Status = "succeeded", true, "requires_capture"
	s.Events.Emit("charge.succeeded", s.ShowCharge(charge), nil)
	s.Events.Emit("payment_intent.amount_capturable_updated", s.ShowPaymentIntent(intent), nil)
	s.At(s.Now().Add(authorizationLifetime), account.TimerAuthorization, intent.ID)
}

// CancelIntent cancels an intent that will not be paid and releases reserved
// money. It ignores an intent that is paid, on its way or canceled.
func (s *Payments) CancelIntent(intent *state.PaymentIntent, reason string) {
	switch {
	case intent.Status == "requires_capture":
		charge := s.State.Charges.Get(intent.LatestCharge)
		before := s.ShowCharge(charge)
		charge.Refunded = charge.Amount
		after := s.ShowCharge(charge)
		s.Events.Emit("charge.refunded", after, api.Previous(before, after))
	case !intent.Changeable():
		return
	}
	s.MarkCanceled(intent, reason)
}

// MarkCanceled sets an intent to canceled and emits the event.
func (s *Payments) MarkCanceled(intent *state.PaymentIntent, reason string) {
	intent.Status, intent.CanceledAt, intent.CancelReason = "canceled", s.Real(), reason
	s.Events.Emit("payment_intent.canceled", s.ShowPaymentIntent(intent), nil)
}

// IntentOf returns the intent of a session. A retry uses the same intent.
func (s *Payments) IntentOf(session *state.CheckoutSession) *state.PaymentIntent {
	if tried := s.State.PaymentIntents.Get(session.Tried); tried != nil {
		tried.Amount = s.Due(session) // the buyer may have changed a quantity
		return tried
	}
	fresh := state.PaymentIntent{Amount: s.Due(session), Currency: session.Currency, Customer: session.Customer,
		Session: session.ID, Description: session.ChildDescription, SetupFutureUsage: session.FutureUsage,
		ReceiptEmail: session.ReceiptEmail, Shipping: session.Shipping, Descriptor: session.Descriptor,
		Suffix: session.Suffix, Types: session.Types}
	if session.Mode == "payment" {
		fresh.Metadata = session.ChildMetadata
	} else {
		fresh.Description, fresh.SetupFutureUsage = "Subscription creation", "off_session"
	}
	intent := s.NewPaymentIntent(fresh)
	s.Events.Emit("payment_intent.created", s.ShowPaymentIntent(intent), nil)
	session.Tried = intent.ID
	return intent
}

// nameBuyer gives an intent the customer of its checkout session. A successful
// payment creates that customer; a declined one does not.
func (s *Payments) nameBuyer(intent *state.PaymentIntent) {
	session := s.State.Sessions.Get(intent.Session)
	if session == nil {
		return
	}
	s.EnsureCustomer(session)
	intent.Customer = session.Customer
}

// NewPaymentIntent stores an intent without a charge.
func (s *Payments) NewPaymentIntent(fresh state.PaymentIntent) *state.PaymentIntent {
	fresh.ID, fresh.Created = s.World.NewID("pi_3", 23), s.Real()
	fresh.Status = cmp.Or(fresh.Status, "requires_payment_method")
	fresh.Capture, fresh.Confirmation = cmp.Or(fresh.Capture, "automatic"), cmp.Or(fresh.Confirmation, "automatic")
	return s.State.PaymentIntents.Add(&fresh)
}

// PaymentIntent returns the intent in the path. A client_secret must belong to
// it.
func (s *Payments) PaymentIntent(c *api.Call) (*state.PaymentIntent, error) {
	intent := s.State.PaymentIntents.Get(c.Path[0])
	switch {
	case intent == nil:
		return nil, api.NoSuch("payment_intent", c.Path[0], "id")
	case c.Has("client_secret") && c.Text("client_secret") != intent.Secret():
		return nil, api.InvalidCode("payment_intent_invalid_parameter", "client_secret",
			"The client_secret provided does not match the client_secret associated with this PaymentIntent.")
	}
	return intent, nil
}

// NewSetupIntent stores a setup intent and emits its event.
func (s *Payments) NewSetupIntent(fresh state.SetupIntent) *state.SetupIntent {
	fresh.ID, fresh.Created = s.World.NewID("seti_1", 23), s.Real()
	fresh.Status, fresh.Usage = cmp.Or(fresh.Status, "requires_payment_method"), cmp.Or(fresh.Usage, "off_session")
	intent := s.State.SetupIntents.Add(&fresh)
	s.Events.Emit("setup_intent.created", s.ShowSetupIntent(intent), nil)
	return intent
}

// CancelSetup cancels a setup intent and emits the event.
func (s *Payments) CancelSetup(intent *state.SetupIntent, reason string) {
	intent.Status, intent.CancelReason = "canceled", reason
	s.Events.Emit("setup_intent.canceled", s.ShowSetupIntent(intent), nil)
}
