package lockstep

import (
	"fmt"
	"strings"
)

// CustomerDetails are the fields of a customer that come from the directory. An empty field
// is never written.
type CustomerDetails struct {
	Email string
	Name  string
}

// IsZero reports whether all fields are empty.
func (d CustomerDetails) IsZero() bool { return d == CustomerDetails{} }

// Stripe's limits. A name is counted in characters, an address in bytes.
const (
	longestCustomerName  = 256
	longestCustomerEmail = 512
)

// NewCustomerDetails fits an address and a name to what Stripe takes: it cuts a long name,
// and leaves out a long address, because part of an address is somebody else's.
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

// DetailsPolicy says who decides a customer's address and name when both the directory and
// somebody at Stripe (in the portal, at checkout, in the dashboard) have changed them.
type DetailsPolicy string

// The policies.
const (
	RespectDetails DetailsPolicy = "respect" // the default: what was changed at Stripe stays
	FollowDetails  DetailsPolicy = "follow"  // each change in the directory is written over it
)

// Validate reports a policy that does not exist.
func (p DetailsPolicy) Validate() error {
	switch p {
	case "", RespectDetails, FollowDetails:
		return nil
	}
	return fmt.Errorf("customer_details: %q is not a policy; use %q or %q", string(p), RespectDetails, FollowDetails)
}
