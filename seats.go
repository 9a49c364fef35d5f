package lockstep

import (
	"context"
	"errors"
	"fmt"
)

// SeatPolicy says how an organization's paid seats follow its members, or limit them. The zero value
// leaves both alone.
type SeatPolicy struct {
	Follow    SeatFollow
	Proration SeatProration
	Minimum   int64 // the smallest quantity; 0 means 1
	// LimitMembers limits the organization's members to the paid seats.
	LimitMembers bool
}

// SeatFollow says when the quantity of a subscription follows the number of members.
type SeatFollow string

// The modes.
const (
	SeatsOff       SeatFollow = "off"
	SeatsUp        SeatFollow = "up"          // only raise the quantity
	SeatsUpAndDown SeatFollow = "up_and_down" // raise and lower it, down to the minimum
)

// SeatProration is Stripe's proration_behavior for a change of seats.
type SeatProration string

// The prorations.
const (
	ProrateWithNextInvoice SeatProration = "create_prorations"
	ProrateNever           SeatProration = "none"
	ProrateNow             SeatProration = "always_invoice"
)

// Validate returns all problems, joined.
func (p SeatPolicy) Validate() error {
	var problems []error
	switch p.Follow {
	case "", SeatsOff, SeatsUp, SeatsUpAndDown:
	default:
		problems = append(problems, fmt.Errorf("seats.follow: %q is not a mode; use off, up or up_and_down",
			string(p.Follow)))
	}
	switch p.Proration {
	case "", ProrateWithNextInvoice, ProrateNever, ProrateNow:
	default:
		problems = append(problems, fmt.Errorf("seats.proration: %q is not a mode; use create_prorations, none or always_invoice",
			string(p.Proration)))
	}
	if p.Minimum < 0 {
		problems = append(problems, errors.New("seats.minimum: must not be negative"))
	}
	if p.LimitMembers && p.follows() {
		problems = append(problems, errors.New("seats: choose either follow or limit_members; with limit_members the members never exceed the paid seats"))
	}
	return errors.Join(problems...)
}

func (p SeatPolicy) follows() bool { return p.Follow == SeatsUp || p.Follow == SeatsUpAndDown }

// Quantity returns how many seats an organization should pay for. paid is the current quantity; members
// is the number of members, where 0 means unknown and changes nothing.
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

// SeatItem returns the item whose quantity is the number of seats: the item of the deciding subscription
// that gives its plan. It returns false if the subscription is ending or unpaid, if several items
// give the plan, or if a claimed customer pays, because the account must not raise another person's
// bill.
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
	// LimitMembers sets the limit; 0 removes it. Errors are those of [Directory].
	LimitMembers(ctx context.Context, organization Account, limit int64) error
}
