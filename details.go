package lockstep

import (
	"fmt"
	"strings"
)

// CustomerDetails are the customer fields that come from the directory. Lockstep never writes an empty
// field.
type CustomerDetails struct {
	Email string
	Name  string
}

// IsZero reports whether all fields are empty.
func (d CustomerDetails) IsZero() bool { return d == CustomerDetails{} }

// Stripe's limits: characters for a name, bytes for an address.
const (
	longestCustomerName  = 256
	longestCustomerEmail = 512
)

// NewCustomerDetails fits an address and a name to Stripe's limits. It truncates a long name and omits
// a long address, because a truncated address could be another person's.
func NewCustomerDetails(email, name string) CustomerDetails {
	d := CustomerDetails{Email: strings.TrimSpace(email), Name: strings.TrimSpace(name)}
	if len(d.Email) > longestCustomerEmail {
		d.Email = ""
	}
	if runes := []rune(d.Name); len(runes) > longestCustomerName {
		d.Name = strings.TrimSpace(string(runes[:longestCustomerName]))
	}
	return d
}

// DetailsPolicy says who wins if both the directory and someone at Stripe (in the portal, at checkout,
// in the dashboard) changed a customer's address or name.
type DetailsPolicy string

// The policies.
const (
	RespectDetails DetailsPolicy = "respect" // the default: Stripe's edit stays
	FollowDetails  DetailsPolicy = "follow"  // the directory's value overwrites it
)

// Validate rejects an unknown policy.
func (p DetailsPolicy) Validate() error {
	switch p {
	case "", RespectDetails, FollowDetails:
		return nil
	}
	return fmt.Errorf("customer_details: %q is not a policy; use %q or %q", string(p), RespectDetails, FollowDetails)
}
