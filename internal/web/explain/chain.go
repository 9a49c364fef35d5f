package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// The most customers and purchases that the chain lists.
const (
	mostCustomers = 10
	mostPurchases = 10
)

// chain returns what the access follows from.
func (r *reading) chain() []Fact {
	all := []Fact{}
	if r.account.IsZero() {
		return all
	}
	return slices.Concat(all, r.linked(), r.purchases(), r.gives(), r.sponsors())
}

// linked lists the customers.
func (r *reading) linked() (all []Fact) {
	links := r.record.Further
	if r.record.CustomerID != "" {
		links = slices.Insert(slices.Clone(links), 0, lockstep.Link{CustomerID: r.record.CustomerID, Trust: lockstep.Proven,
			Primary: true, Deleted: r.record.CustomerDeleted})
	}
	for i, l := range links {
		if i == mostCustomers {
			return append(all, Fact{Kind: "customer", Text: "and " + count(int64(len(links)-i), "more customer")})
		}
		role := map[bool]string{true: "primary customer", false: "further customer"}[l.Primary]
		text := l.CustomerID + ": " + role + ", " + string(l.Trust)
		if l.Deleted {
			text += ", deleted at Stripe"
		}
		all = append(all, Fact{Kind: "customer", Object: l.CustomerID, Text: text})
	}
	if len(all) == 0 {
		all = append(all, Fact{Kind: "customer", Text: "no customer"})
	}
	return all
}

// purchases lists the subscriptions and licenses with their rules.
func (r *reading) purchases() (all []Fact) {
	for i, reason := range r.access.Reasons {
		if i == mostPurchases {
			return append(all, Fact{Kind: reason.Object, Text: "and " + count(int64(len(r.access.Reasons)-i), "more purchase")})
		}
		text := reason.ID + " " + r.standing(reason)
		if reason.Plan != "" {
			text += "; plan " + reason.Plan + r.by(reason)
		}
		if s, found := r.subscription(reason.ID); found {
			text += ", of " + s.CustomerID
		}
		if reason.Until != nil && reason.Grants {
			text += ", until " + r.date(*reason.Until)
		}
		all = append(all, Fact{Kind: reason.Object, Object: reason.ID, Text: text, Grants: reason.Grants,
			Rule: ruleOf(reason)})
	}
	return all
}

func ruleOf(reason lockstep.Reason) *lockstep.Rule {
	if reason.Rule.By == "" {
		return nil
	}
	return &reason.Rule
}

// gives lists features, limits and seats.
func (r *reading) gives() (all []Fact) {
	var parts []string
	if len(r.access.Features) > 0 {
		parts = append(parts, "features "+some(r.access.Features, 12))
	}
	for _, name := range slices.Sorted(maps.Keys(r.access.Limits)) {
		parts = append(parts, fmt.Sprintf("limit %s %d", name, r.access.Limits[name]))
	}
	if len(r.access.Entitlements) > 0 {
		parts = append(parts, "from Stripe: "+some(r.access.Entitlements, 12))
	}
	if len(parts) > 0 {
		all = append(all, Fact{Kind: "features", Text: strings.Join(parts, "; ")})
	}
	if r.account.Kind == lockstep.Organization && (r.record.Members > 0 || r.access.Seats > 0) {
		text := count(r.record.Members, "member") + ", " + count(r.access.Seats, "paid seat")
		if r.record.MemberLimit > 0 {
			text += fmt.Sprintf(", at most %d members", r.record.MemberLimit)
		}
		all = append(all, Fact{Kind: "seats", Object: r.account.String(), Text: text})
	}
	return all
}

// sponsors lists what the user pays for organizations.
func (r *reading) sponsors() (all []Fact) {
	for i, s := range r.record.PaysFor {
		if i == mostPurchases {
			break
		}
		all = append(all, Fact{Kind: "sponsorship", Object: s.Account.String(),
			Text: "pays for " + s.Account.String() + " with " + s.Subscription.ID + " (" + s.Subscription.Status +
				"), which gives the organization access, not this user"})
	}
	return all
}
