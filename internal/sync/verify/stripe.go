package verify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
)

// stripeReads are the methods of [lockstep.Billing] that change nothing.
type stripeReads interface {
	lockstep.BackfillLists
	lockstep.Invoices
	Used(ctx context.Context, customerID string) (bool, error)
	Customer(ctx context.Context, id string) (lockstep.Customer, error)
	CustomersOf(ctx context.Context, account lockstep.Account, since time.Time) ([]lockstep.Customer, error)
	CustomersByEmail(ctx context.Context, email string) ([]lockstep.Customer, error)
	Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error)
	Subscription(ctx context.Context, id string) (lockstep.Subscription, error)
	UnstartedSchedules(ctx context.Context, customerID string) (ids []string, err error)
	Entitlements(ctx context.Context, customerID string) ([]string, error)
	Checkout(ctx context.Context, id string) (lockstep.Checkout, error)
	Checkouts(ctx context.Context, customerID string) ([]lockstep.Checkout, error)
	CheckoutsSince(ctx context.Context, since time.Time, cursor string) (page []lockstep.Checkout, next string, err error)
	CheckoutOfPayment(ctx context.Context, paymentID string) (lockstep.Checkout, error)
	BuyerEmail(ctx context.Context, objectID string) (string, error)
	Product(ctx context.Context, id string) (lockstep.Product, error)
	PricesOf(ctx context.Context, productID string) ([]lockstep.Price, error)
	PartiesOf(ctx context.Context, objectID string) (customerID, paymentID string, err error)
	EventsSince(ctx context.Context, since time.Time, cursor string) (hints []lockstep.Hint, next string, err error)
}

// stripe reads each object once, and notes what a run would write.
type stripe struct {
	stripeReads
	answers memo
	notes   []lockstep.Difference
}

var _ lockstep.Billing = (*stripe)(nil)

// memo keeps answers during one comparison, so that its second run costs no calls and sees the same world.
type memo map[string]any

type answer[T any] struct {
	value T
	err   error
}

// once returns the answer to a question, and asks it the first time.
func once[T any](m memo, question string, ask func() (T, error)) (T, error) {
	known, is := m[question].(answer[T])
	if !is {
		known.value, known.err = ask()
		m[question] = known
	}
	return known.value, known.err
}

// Customer implements [lockstep.Billing].
func (s *stripe) Customer(ctx context.Context, id string) (lockstep.Customer, error) {
	return once(s.answers, "customer "+id, func() (lockstep.Customer, error) { return s.stripeReads.Customer(ctx, id) })
}

// Subscriptions implements [lockstep.Billing].
func (s *stripe) Subscriptions(ctx context.Context, customerID string) ([]lockstep.Subscription, error) {
	all, err := once(s.answers, "subscriptions "+customerID, func() ([]lockstep.Subscription, error) {
		return s.stripeReads.Subscriptions(ctx, customerID)
	})
	return slices.Clone(all), err
}

// Subscription implements [lockstep.Billing].
func (s *stripe) Subscription(ctx context.Context, id string) (lockstep.Subscription, error) {
	return once(s.answers, "subscription "+id, func() (lockstep.Subscription, error) {
		return s.stripeReads.Subscription(ctx, id)
	})
}

// Entitlements implements [lockstep.Billing].
func (s *stripe) Entitlements(ctx context.Context, customerID string) ([]string, error) {
	return once(s.answers, "entitlements "+customerID, func() ([]string, error) {
		return s.stripeReads.Entitlements(ctx, customerID)
	})
}

// Checkouts implements [lockstep.Billing].
func (s *stripe) Checkouts(ctx context.Context, customerID string) ([]lockstep.Checkout, error) {
	return once(s.answers, "checkouts "+customerID, func() ([]lockstep.Checkout, error) {
		return s.stripeReads.Checkouts(ctx, customerID)
	})
}

// Checkout implements [lockstep.Billing]. Its caller names the items in place.
func (s *stripe) Checkout(ctx context.Context, id string) (lockstep.Checkout, error) {
	c, err := once(s.answers, "checkout "+id, func() (lockstep.Checkout, error) { return s.stripeReads.Checkout(ctx, id) })
	c.Items = slices.Clone(c.Items)
	return c, err
}

// Used implements [lockstep.Billing].
func (s *stripe) Used(ctx context.Context, customerID string) (bool, error) {
	return once(s.answers, "used "+customerID, func() (bool, error) { return s.stripeReads.Used(ctx, customerID) })
}

// newCustomer stands for the id of a customer that a run would create.
const newCustomer = "(a new customer)"

func (s *stripe) note(field, theirs, expected string) {
	d := lockstep.Difference{Where: lockstep.DriftStripe, Field: field, Theirs: theirs, Expected: expected}
	if !slices.Contains(s.notes, d) {
		s.notes = append(s.notes, d)
	}
}

// CreateCustomer notes that a run creates a customer.
func (s *stripe) CreateCustomer(_ context.Context, c lockstep.NewCustomer) (lockstep.Customer, error) {
	s.note("customer", "", newCustomer)
	return lockstep.Customer{ID: newCustomer, Email: c.Email, Name: c.Name}, nil
}

// NameCustomer notes that a run names the account in a customer's metadata.
func (s *stripe) NameCustomer(_ context.Context, id string, account lockstep.Account) error {
	s.note(fmt.Sprintf("customer[%s].metadata", id), "", account.String())
	return nil
}

// UpdateCustomer notes that a run writes address or name.
func (s *stripe) UpdateCustomer(ctx context.Context, id string, change lockstep.CustomerDetails) error {
	c, err := s.Customer(ctx, id)
	if err != nil {
		return err
	}
	if change.Email != "" {
		s.note(fmt.Sprintf("customer[%s].email", id), drift.Hide(c.Email), lockstep.NotShown)
	}
	if change.Name != "" {
		s.note(fmt.Sprintf("customer[%s].name", id), drift.Hide(c.Name), lockstep.NotShown)
	}
	return nil
}

// DeleteCustomer notes that a run deletes a customer.
func (s *stripe) DeleteCustomer(_ context.Context, id string) error {
	s.note(fmt.Sprintf("customer[%s]", id), "present", "deleted")
	return nil
}

// SetQuantity notes that a run changes seats.
func (s *stripe) SetQuantity(_ context.Context, subscriptionID, itemID string, quantity int64,
	_ lockstep.SeatProration) error {
	s.note(fmt.Sprintf("subscriptions[%s].items[%s].quantity", subscriptionID, itemID), "", fmt.Sprint(quantity))
	return nil
}

// EndSubscription notes that a run ends a subscription with its period.
func (s *stripe) EndSubscription(_ context.Context, id string) error {
	s.note(fmt.Sprintf("subscriptions[%s]", id), "running", "ends with its period")
	return nil
}

// CancelSubscription notes that a run cancels a subscription.
func (s *stripe) CancelSubscription(_ context.Context, id string) error {
	s.note(fmt.Sprintf("subscriptions[%s]", id), "running", "canceled")
	return nil
}

// ReleaseSchedule notes that a run releases a schedule.
func (s *stripe) ReleaseSchedule(_ context.Context, id string) error {
	s.note(fmt.Sprintf("schedules[%s]", id), "running", "released")
	return nil
}

// CancelSchedule notes that a run cancels a schedule.
func (s *stripe) CancelSchedule(_ context.Context, id string) error {
	s.note(fmt.Sprintf("schedules[%s]", id), "running", "canceled")
	return nil
}
