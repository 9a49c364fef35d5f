package simulator

import (
	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// The types of the parts, by one import path.
type (
	// Customer is a Stripe customer.
	Customer = stripesim.Customer
	// Subscription is a Stripe subscription.
	Subscription = stripesim.Subscription
	// SubscriptionItem is one price of a subscription.
	SubscriptionItem = stripesim.SubscriptionItem
	// CheckoutSession is a Stripe checkout session.
	CheckoutSession = stripesim.CheckoutSession
	// Invoice is a Stripe invoice.
	Invoice = stripesim.Invoice
	// Contact is who a payment method belongs to, and what a buyer types.
	Contact = stripesim.Contact
	// Address is a postal address.
	Address = stripesim.Address
	// Charge is a Stripe charge.
	Charge = stripesim.Charge
	// Price is a Stripe price.
	Price = stripesim.Price
	// Event is a Stripe event.
	Event = stripesim.Event
	// Dunning is what failed payments lead to, for Config.
	Dunning = stripesim.Dunning
	// Plan is a product with a price, for AddPlan.
	Plan = stripesim.Plan
	// StripeError is what Stripe's API and the actions on its side answer.
	StripeError = stripesim.Error
	// SignUp is what a new user tells.
	SignUp = clerksim.SignUp
	// ClerkUser is a user.
	ClerkUser = clerksim.User
	// ClerkOrganization is an organization.
	ClerkOrganization = clerksim.Organization
	// ClerkInstance is what instances of Clerk differ in.
	ClerkInstance = clerksim.Instance
	// ClerkMove says how MoveClerkInstance makes a new instance.
	ClerkMove = clerksim.Move
	// ClerkMoved is a new instance, and which id became which.
	ClerkMoved = clerksim.Moved
	// ClerkError is what Clerk's API and the actions on its side answer.
	ClerkError = api.Error
	// Fault is one scripted misbehaviour.
	Fault = wire.Fault
	// Entry is one exchange in the history.
	Entry = wire.Entry
	// DeliveryPolicy is how badly webhooks are delivered.
	DeliveryPolicy = delivery.Policy
)

// MarkHeader is on every answer of the simulator, and never on a real provider's.
const MarkHeader = wire.MarkHeader

// AddPlan creates a product, or takes the one of that name, with a price.
func (s *Simulator) AddPlan(plan Plan) (priceID string) { return s.stripe.AddPlan(plan) }

// PayCheckout pays a checkout session with a test card number, or with "sepa"
// or "sepa_fail", whose outcome comes a day later; "" is no payment method,
// where none is needed. A declined card is a
// *StripeError and leaves the session open. A card that asks for 3-D Secure is
// one with the code authentication_required; its PaymentIntent goes on with
// Authenticate. It does not wait for webhooks.
func (s *Simulator) PayCheckout(sessionID, card string) error {
	return s.stripe.PayCheckout(sessionID, card)
}

// PayCheckoutAs pays as PayCheckout does, by a buyer who types these details on
// the page. Stripe ignores an e-mail address where the session or its customer
// has one. It returns the errors of PayCheckout, and email_invalid.
func (s *Simulator) PayCheckoutAs(sessionID, card string, buyer Contact) error {
	return s.stripe.PayCheckoutAs(sessionID, card, buyer)
}

// VisitPaymentLink opens a payment link, named by id or URL, with a query such as
// "client_reference_id=user_1", and returns the id of the checkout session that
// begins. It fails for a link that is unknown or not active.
func (s *Simulator) VisitPaymentLink(link, query string) (sessionID string, err error) {
	return s.stripe.VisitPaymentLink(link, query)
}

// SetCheckoutQuantity changes the adjustable quantity of a line (counted from 0)
// of an open checkout session, as its buyer can.
func (s *Simulator) SetCheckoutQuantity(sessionID string, line int, quantity int64) error {
	return s.stripe.SetCheckoutQuantity(sessionID, line, quantity)
}

// Authenticate passes or fails the 3-D Secure challenge that an intent waits
// for. A *StripeError is what the payment came to.
func (s *Simulator) Authenticate(intentID string, passed bool) error {
	return s.stripe.Authenticate(intentID, passed)
}

// ApplyPromotionCode types a promotion code on the page of a checkout session
// that allows them; an empty text takes it back off.
func (s *Simulator) ApplyPromotionCode(sessionID, code string) error {
	return s.stripe.ApplyPromotionCode(sessionID, code)
}

// SetCard attaches a card and makes it the default of the customer and of its
// live subscriptions. An open invoice is tried with it at its next retry, or by
// PayInvoice.
func (s *Simulator) SetCard(customerID, card string) error { return s.stripe.SetCard(customerID, card) }

// PayInvoice tries an open invoice at once, with the default payment method.
func (s *Simulator) PayInvoice(id string) error { return s.stripe.PayInvoice(id) }

// CancelSubscription cancels as the API does: at once, or with
// cancel_at_period_end (which sets cancel_at as well).
func (s *Simulator) CancelSubscription(id string, atPeriodEnd bool) error {
	return s.stripe.CancelSubscription(id, atPeriodEnd)
}

// PortalCancel cancels at the period's end as the customer portal does in
// flexible billing mode: only cancel_at is set.
func (s *Simulator) PortalCancel(id string) error { return s.stripe.PortalCancel(id) }

// ResumeSubscription takes a scheduled cancellation back.
func (s *Simulator) ResumeSubscription(id string) error { return s.stripe.ResumeSubscription(id) }

// DeleteCustomer deletes a customer; live subscriptions are canceled first.
func (s *Simulator) DeleteCustomer(id string) error { return s.stripe.DeleteCustomer(id) }

// Refund gives back an amount of a charge or payment intent; 0 is all of it.
func (s *Simulator) Refund(chargeOrIntent string, amount int64) error {
	return s.stripe.Refund(chargeOrIntent, amount)
}

// Dispute opens a dispute about a charge.
func (s *Simulator) Dispute(chargeID string) (disputeID string, err error) {
	return s.stripe.Dispute(chargeID)
}

// CloseDispute decides a dispute.
func (s *Simulator) CloseDispute(disputeID string, won bool) error {
	return s.stripe.CloseDispute(disputeID, won)
}

// SignUp creates a user as the hosted page does.
func (s *Simulator) SignUp(form SignUp) (ClerkUser, error) { return s.clerk.SignUp(form) }

// UpdateUser changes what is not empty.
func (s *Simulator) UpdateUser(id, email, firstName, lastName string) error {
	return s.clerk.UpdateUser(id, email, firstName, lastName)
}

// DeleteUser deletes a user with the memberships and sessions.
func (s *Simulator) DeleteUser(id string) error { return s.clerk.DeleteUser(id) }

// CreateOrganization creates an organization; the creator becomes its admin.
func (s *Simulator) CreateOrganization(name, createdByUserID string) (ClerkOrganization, error) {
	return s.clerk.CreateOrganization(name, createdByUserID)
}

// AddMember makes a user a member of an organization; role "" is org:member.
func (s *Simulator) AddMember(organizationID, userID, role string) error {
	return s.clerk.AddMember(organizationID, userID, role)
}

// SetRole changes the role of a member.
func (s *Simulator) SetRole(organizationID, userID, role string) error {
	return s.clerk.SetRole(organizationID, userID, role)
}

// RemoveMember ends a membership, unless nobody would be left who can manage
// the organization.
func (s *Simulator) RemoveMember(organizationID, userID string) error {
	return s.clerk.RemoveMember(organizationID, userID)
}

// Invite invites an address to an organization; role "" is org:member. The link
// is the one that Clerk would mail.
func (s *Simulator) Invite(organizationID, email, role string) (link string, err error) {
	return s.clerk.Invite(organizationID, email, role)
}

// DeleteOrganization deletes an organization with its memberships and invitations.
func (s *Simulator) DeleteOrganization(id string) error { return s.clerk.DeleteOrganization(id) }

// SessionToken signs a session token for a user, with orgID (may be "") active.
// Its issuer is Config.ClerkURL, it lives 60 seconds of time.Now.
func (s *Simulator) SessionToken(userID, orgID string) (string, error) {
	return s.clerk.SessionToken(userID, orgID)
}

// Customers copies all customers, oldest first, deleted ones too.
func (s *Simulator) Customers() []Customer { return s.stripe.Customers() }

// Subscriptions copies all subscriptions, oldest first, ended ones too.
func (s *Simulator) Subscriptions() []Subscription { return s.stripe.Subscriptions() }

// CheckoutSessions copies all checkout sessions, oldest first.
func (s *Simulator) CheckoutSessions() []CheckoutSession { return s.stripe.CheckoutSessions() }

// Invoices copies all invoices, oldest first.
func (s *Simulator) Invoices() []Invoice { return s.stripe.Invoices() }

// Charges copies all charges, oldest first.
func (s *Simulator) Charges() []Charge { return s.stripe.Charges() }

// Prices copies all prices, oldest first.
func (s *Simulator) Prices() []Price { return s.stripe.Prices() }

// Events copies Stripe's events of the last 30 days, oldest first.
func (s *Simulator) Events() []Event { return s.stripe.Events() }

// Users copies all users, oldest first.
func (s *Simulator) Users() []ClerkUser { return s.clerk.Users() }

// Organizations copies all organizations, oldest first.
func (s *Simulator) Organizations() []ClerkOrganization { return s.clerk.Organizations() }
