package lockstep

import (
	"context"
	"errors"
	"fmt"
)

// SeatPolicy says how an organization's members and the seats that it pays for keep in
// step. The zero SeatPolicy leaves both alone.
type SeatPolicy struct {
	Follow    SeatFollow
	Proration SeatProration
	Minimum   int64 // of the quantity; 0 means 1
	// LimitMembers has the organization take no more members than seats were paid for.
	LimitMembers bool
}

// SeatFollow says when the quantity of a subscription follows the count of members.
type SeatFollow string

// The ways to follow.
const (
	SeatsOff       SeatFollow = "off"
	SeatsUp        SeatFollow = "up"          // never fewer than were paid for
	SeatsUpAndDown SeatFollow = "up_and_down" // never fewer than the minimum
)

// SeatProration is Stripe's proration_behavior of a change of seats.
type SeatProration string

// The prorations.
const (
	ProrateWithNextInvoice SeatProration = "create_prorations"
	ProrateNever           SeatProration = "none"
	ProrateNow             SeatProration = "always_invoice"
)

// Validate reports every problem at once.
func (p SeatPolicy) Validate() error {
	var problems []error
	switch p.Follow {
	case "", SeatsOff, SeatsUp, SeatsUpAndDown:
	default:
		problems = append(problems, fmt.Errorf("seats: follow %q is none of off, up, up_and_down", string(p.Follow)))
	}
	switch p.Proration {
	case "", ProrateWithNextInvoice, ProrateNever, ProrateNow:
	default:
		problems = append(problems, fmt.Errorf("seats: proration %q is none of create_prorations, none, always_invoice",
			string(p.Proration)))
	}
	if p.Minimum < 0 {
		problems = append(problems, errors.New("seats: the minimum is negative"))
	}
	if p.LimitMembers && p.follows() {
		problems = append(problems, errors.New("seats: with limit_members nobody could join beyond what is paid for, so there would be nothing to follow; choose one of follow and limit_members"))
	}
	return errors.Join(problems...)
}

func (p SeatPolicy) follows() bool { return p.Follow == SeatsUp || p.Follow == SeatsUpAndDown }

// Quantity says how many seats an organization of so many members is to pay for, which
// pays for paid now. Members of 0 are not known, and change nothing.
func (p SeatPolicy) Quantity(members, paid int64) int64 {
	if !p.follows() || members <= 0 {
		return paid
	}
	wanted := max(members, p.Minimum, 1)
	if p.Follow == SeatsUp {
		wanted = max(wanted, paid)
	}
	return wanted
}

// SeatItem returns the item that holds the seats: of the subscription that counts the
// one item that gives its plan. A subscription that is ending, or that nobody pays for at
// the moment, is left alone; so is one of which several items give the plan, and one of a
// claimed customer, whose payer would be charged for a decision of the account.
func (c Catalog) SeatItem(r Record, access Access) (Subscription, Item, bool) {
	for _, s := range r.Subscriptions {
		if s.ID != access.SubscriptionID || r.Claims(s.CustomerID) || s.Ending() || s.Status != "active" &&
			s.Status != "trialing" {
			continue
		}
		var found []Item
		for _, gift := range c.gifts(s.Items, s.PlanNamed) {
			if gift.plan.Name == access.Plan && gift.item.Quantity > 0 {
				found = append(found, gift.item)
			}
		}
		if len(found) == 1 {
			return s, found[0], true
		}
	}
	return Subscription{}, Item{}, false
}

// MemberLimiter limits how many members an organization may have.
type MemberLimiter interface {
	// LimitMembers sets the limit; 0 is none. Errors are as those of [Directory].
	LimitMembers(ctx context.Context, organization Account, limit int64) error
}
