package clerksim

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// EmailAddress is one address of a user.
type EmailAddress struct {
	ID       string `json:"id"`
	Address  string `json:"email_address"`
	Verified bool   `json:"verified"`
	// Reserved means unverified, but usable for signing in and not available to
	// other users.
	Reserved  bool      `json:"reserved"`
	Strategy  string    `json:"strategy"` // how it was verified: admin, email_code, ticket
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// claims reports whether the address is not available to other users.
func (a *EmailAddress) claims() bool { return a.Verified || a.Reserved }

// Strategies of verification.
const (
	byAdmin  = "admin"
	byCode   = "email_code"
	byTicket = "ticket"
)

// codeLifetime is how long a verification code is valid.
const codeLifetime = 10 * time.Minute

func (c *Clerk) newAddress(address string, status addressStatus, strategy string) EmailAddress {
	return EmailAddress{ID: c.world.NewID("idn_2", 26), Address: address, Verified: status == verified,
		Reserved: status == reserved, Strategy: strategy,
		CreatedAt: c.now(), UpdatedAt: c.now()}
}

// addressStatus is the identification status in the API.
type addressStatus string

const (
	verified   addressStatus = "verified"
	reserved   addressStatus = "reserved"
	unverified addressStatus = "unverified"
)

// checkEmail refuses an address that is malformed, that another user claims, or
// that self already has. self may be nil.
func (c *Clerk) checkEmail(address string, self *User) *api.Error {
	if failure := checkAddressFormat(address); failure != nil {
		return failure
	}
	for _, holder := range c.index.usersByEmail[strings.ToLower(address)] {
		if holder == self || holder.address(func(a *EmailAddress) bool {
			return strings.EqualFold(a.Address, address) &&
				a.claims()
		}) != nil {
			return api.Taken("email_address", "email address")
		}
	}
	return nil
}

func checkAddressFormat(address string) *api.Error {
	if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
		return api.Unprocessable("email_address", "form_param_format_invalid", "is invalid",
			"email_address must be a valid email address.")
	}
	return nil
}

// claimant returns the user who signs in with an address, or nil.
func (c *Clerk) claimant(email string) *User {
	for _, holder := range c.index.usersByEmail[strings.ToLower(email)] {
		if holder.address(func(a *EmailAddress) bool { return strings.EqualFold(a.Address, email) && a.claims() }) != nil {
			return holder
		}
	}
	return nil
}

func (u *User) address(match func(*EmailAddress) bool) *EmailAddress {
	for i := range u.Addresses {
		if match(&u.Addresses[i]) {
			return &u.Addresses[i]
		}
	}
	return nil
}

func (u *User) addressByID(id string) *EmailAddress {
	return u.address(func(a *EmailAddress) bool { return a.ID == id })
}

// setPrimary makes an address the primary one; "" leaves the user without one.
func (u *User) setPrimary(id string) {
	u.Email, u.EmailID = "", ""
	if address := u.addressByID(id); address != nil {
		u.Email, u.EmailID = address.Address, address.ID
	}
}

// addAddress adds an address that passed checkEmail. The first address becomes the
// primary one.
func (c *Clerk) addAddress(user *User, address EmailAddress, primary bool) {
	c.index.removeUser(user)
	user.Addresses = append(user.Addresses, address)
	if primary || user.EmailID == "" {
		user.setPrimary(address.ID)
	}
	c.index.addUser(user)
}

// removeAddress removes an address. Another verified address becomes the primary
// one. Like Clerk, it lets a user end up without an address.
func (c *Clerk) removeAddress(user *User, id string) {
	c.index.removeUser(user)
	user.Addresses = slices.DeleteFunc(slices.Clone(user.Addresses), func(a EmailAddress) bool { return a.ID == id })
	if user.EmailID == id {
		user.setPrimary("")
		if next := user.address((*EmailAddress).claims); next != nil {
			user.setPrimary(next.ID)
		}
	}
	c.index.addUser(user)
}

// replaceAddresses replaces all addresses of a user with one.
func (c *Clerk) replaceAddresses(user *User, address EmailAddress) {
	c.index.removeUser(user)
	user.Addresses = []EmailAddress{address}
	user.setPrimary(address.ID)
	c.index.addUser(user)
}

func showAddress(a *EmailAddress) object {
	return object{"id": a.ID, "object": "email_address", "email_address": a.Address, "reserved": a.Reserved,
		"verification": showVerification(a), "linked_to": []any{}, "matches_sso_connection": false,
		"created_at": a.CreatedAt.UnixMilli(), "updated_at": a.UpdatedAt.UnixMilli()}
}

func showVerification(a *EmailAddress) any {
	if !a.Verified {
		return nil
	}
	shown := object{"object": "verification_admin", "status": "verified", "strategy": a.Strategy,
		"attempts": nil, "expire_at": nil}
	switch a.Strategy {
	case byCode:
		shown["object"], shown["attempts"], shown["expire_at"] = "verification_otp", 1,
			a.CreatedAt.Add(codeLifetime).UnixMilli()
	case byTicket:
		shown["object"], shown["attempts"] = "verification_ticket", 1
	}
	return shown
}
