package simulator

import (
	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// The types of the two simulators, so that callers need one import.
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
	// Contact is the owner of a payment method, and the details that a buyer types.
	Contact = stripesim.Contact
	// Address is a postal address.
	Address = stripesim.Address
	// Charge is a Stripe charge.
	Charge = stripesim.Charge
	// Price is a Stripe price.
	Price = stripesim.Price
	// Event is a Stripe event.
	Event = stripesim.Event
	// Dunning says what failed payments lead to, for Config.
	Dunning = stripesim.Dunning
	// Plan is a product with a price, for AddPlan.
	Plan = stripesim.Plan
	// StripeError is the error of Stripe's API and of the actions on its side.
	StripeError = stripesim.Error
	// SignUp is the form that a new user fills in.
	SignUp = clerksim.SignUp
	// ClerkUser is a Clerk user.
	ClerkUser = clerksim.User
	// ClerkOrganization is a Clerk organization.
	ClerkOrganization = clerksim.Organization
	// ClerkInstance holds the settings in which Clerk instances differ.
	ClerkInstance = clerksim.Instance
	// ClerkMove says how MoveClerkInstance makes a new instance.
	ClerkMove = clerksim.Move
	// ClerkMoved is a new instance with the new id of each user and organization.
	ClerkMoved = clerksim.Moved
	// ClerkError is the error of Clerk's API and of the actions on its side.
	ClerkError = api.Error
	// Fault is one scripted misbehaviour.
	Fault = wire.Fault
	// Entry is one exchange in the history.
	Entry = wire.Entry
	// DeliveryPolicy says how unreliably webhooks are delivered.
	DeliveryPolicy = delivery.Policy
)

// MarkHeader is a header of every simulator response. Real providers never send it.
const MarkHeader = wire.MarkHeader

// AddPlan adds a price to the product of that name, which it creates if needed.
func (s *Simulator) AddPlan(plan Plan) (priceID string) { return s.stripe.AddPlan(plan) }

// PayCheckout pays a checkout session. card is a test card number; "sepa" or
// "sepa_fail", whose outcome arrives a day later; or "" if no payment method is
// needed. A declined card returns a *StripeError and leaves the session open. A
// card that needs 3-D Secure returns one with the code authentication_required;
// continue with Authenticate. PayCheckout does not wait for webhooks.
func (s *Simulator) PayCheckout(sessionID, card string) error {
	return s.stripe.PayCheckout(sessionID, card)
}

// PayCheckoutAs is PayCheckout for a buyer who types these details on the page.
// Stripe ignores the e-mail address if the session or its customer has one. It
// returns the errors of PayCheckout, and email_invalid.
func (s *Simulator) PayCheckoutAs(sessionID, card string, buyer Contact) error {
	return s.stripe.PayCheckoutAs(sessionID, card, buyer)
}

// VisitPaymentLink opens a payment link, named by id or URL, with a query such as
// "client_reference_id=user_1", and returns the id of the new checkout session.
// It fails for a link that is unknown or inactive.
func (s *Simulator) VisitPaymentLink(link, query string) (sessionID string, err error) {
	return s.stripe.VisitPaymentLink(link, query)
}

// SetCheckoutQuantity changes the adjustable quantity of a line in an open
// checkout session, as the buyer can. Lines are counted from 0.
func (s *Simulator) SetCheckoutQuantity(sessionID string, line int, quantity int64) error {
	return s.stripe.SetCheckoutQuantity(sessionID, line, quantity)
}

// Authenticate passes or fails the 3-D Secure challenge of an intent. It returns
// a *StripeError if the payment then fails.
func (s *Simulator) Authenticate(intentID string, passed bool) error {
	return s.stripe.Authenticate(intentID, passed)
}

// ApplyPromotionCode enters a promotion code on the page of a checkout session
// that allows them. An empty code removes it.
func (s *Simulator) ApplyPromotionCode(sessionID, code string) error {
	return s.stripe.ApplyPromotionCode(sessionID, code)
}

// SetCard attaches a card and makes it the default of the customer and of its
// live subscriptions. The next retry of an open invoice uses it, and so does
// PayInvoice.
func (s *Simulator) SetCard(customerID, card string) error { return s.stripe.SetCard(customerID, card) }

// PayInvoice charges the default payment method for an open invoice now.
func (s *Simulator) PayInvoice(id string) error { return s.stripe.PayInvoice(id) }

// CancelSubscription cancels as the API does: now, or with cancel_at_period_end,
// which sets cancel_at too.
func (s *Simulator) CancelSubscription(id string, atPeriodEnd bool) error {
	return s.stripe.CancelSubscription(id, atPeriodEnd)
}

// PortalCancel cancels at the end of the period, as the customer portal does in
// flexible billing mode: it sets only cancel_at.
func (s *Simulator) PortalCancel(id string) error { return s.stripe.PortalCancel(id) }

// ResumeSubscription undoes a scheduled cancellation.
func (s *Simulator) ResumeSubscription(id string) error { return s.stripe.ResumeSubscription(id) }

// DeleteCustomer cancels the live subscriptions of a customer and deletes it.
func (s *Simulator) DeleteCustomer(id string) error { return s.stripe.DeleteCustomer(id) }

// Refund refunds an amount, in the currency's smallest unit, of a charge or
// payment intent. 0 refunds all of it.
func (s *Simulator) Refund(chargeOrIntent string, amount int64) error {
	return s.stripe.Refund(chargeOrIntent, amount)
}

// Dispute opens a dispute about a charge, as the cardholder's bank does.
func (s *Simulator) Dispute(chargeID string) (disputeID string, err error) {
	return s.stripe.Dispute(chargeID)
}

// CloseDispute ends a dispute, won or lost.
func (s *Simulator) CloseDispute(disputeID string, won bool) error {
	return s.stripe.CloseDispute(disputeID, won)
}

// SignUp creates a user as the hosted page does. It returns a *ClerkError if an
// identifier is malformed or taken.
func (s *Simulator) SignUp(form SignUp) (ClerkUser, error) { return s.clerk.SignUp(form) }

// UpdateUser changes the fields that are not empty. A new address replaces the
// primary one.
func (s *Simulator) UpdateUser(id, email, firstName, lastName string) error {
	return s.clerk.UpdateUser(id, email, firstName, lastName)
}

// DeleteUser deletes a user with all memberships and sessions.
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

// RemoveMember ends a membership. It fails if no other member could manage the
// organization.
func (s *Simulator) RemoveMember(organizationID, userID string) error {
	return s.clerk.RemoveMember(organizationID, userID)
}

// Invite invites an e-mail address to an organization; role "" is org:member. It
// returns the link that Clerk would send.
func (s *Simulator) Invite(organizationID, email, role string) (link string, err error) {
	return s.clerk.Invite(organizationID, email, role)
}

// DeleteOrganization deletes an organization with all memberships and
// invitations.
func (s *Simulator) DeleteOrganization(id string) error { return s.clerk.DeleteOrganization(id) }

// SessionToken signs a session token for a user. orgID is the active
// organization, or "" for the personal account. The issuer is Config.ClerkURL.
// The token expires after 60 seconds of real time.
func (s *Simulator) SessionToken(userID, orgID string) (string, error) {
	return s.clerk.SessionToken(userID, orgID)
}

// Customers copies all customers, including deleted ones, oldest first.
func (s *Simulator) Customers() []Customer { return s.stripe.Customers() }

// Subscriptions copies all subscriptions, including ended ones, oldest first.
func (s *Simulator) Subscriptions() []Subscription { return s.stripe.Subscriptions() }

// CheckoutSessions copies all checkout sessions, oldest first.
func (s *Simulator) CheckoutSessions() []CheckoutSession { return s.stripe.CheckoutSessions() }

// Invoices copies all invoices, oldest first.
func (s *Simulator) Invoices() []Invoice { return s.stripe.Invoices() }

// Charges copies all charges, oldest first.
func (s *Simulator) Charges() []Charge { return s.stripe.Charges() }

// Prices copies all prices, oldest first.
func (s *Simulator) Prices() []Price { return s.stripe.Prices() }

// Events copies the Stripe events of the last 30 days, oldest first.
func (s *Simulator) Events() []Event { return s.stripe.Events() }

// Users copies all users, oldest first.
func (s *Simulator) Users() []ClerkUser { return s.clerk.Users() }

// Organizations copies all organizations, oldest first.
func (s *Simulator) Organizations() []ClerkOrganization { return s.clerk.Organizations() }
