package clerksim

import (
	"cmp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// User is a user. Metadata holds the types that encoding/json decodes into.
type User struct {
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id"`
	Username   string         `json:"username"`
	FirstName  string         `json:"first_name"`
	LastName   string         `json:"last_name"`
	Locale     string         `json:"locale"`
	Email      string         `json:"email"` // primary address; "" if there is none
	EmailID    string         `json:"email_id"`
	Addresses  []EmailAddress `json:"email_addresses"`
	Phones     []PhoneNumber  `json:"phone_numbers,omitempty"`
	PhoneID    string         `json:"phone_id,omitempty"` // of the primary number
	Public     map[string]any `json:"public_metadata"`
	Private    map[string]any `json:"private_metadata"`
	Unsafe     map[string]any `json:"unsafe_metadata"`

	Password    string    `json:"password,omitempty"` // a hash, see passwordHash
	PasswordSet time.Time `json:"password_set"`
	Banned      bool      `json:"banned"`
	LockedUntil time.Time `json:"locked_until"`

	DeleteSelf          bool `json:"delete_self_enabled"`
	CreateOrganizations bool `json:"create_organization_enabled"`
	OrganizationsLimit  *int `json:"create_organizations_limit"` // 0 and nil: no limit
	BypassClientTrust   bool `json:"bypass_client_trust"`

	LegalAcceptedAt time.Time `json:"legal_accepted_at"`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
	LastSignIn      time.Time `json:"last_sign_in_at"`
	LastActive      time.Time `json:"last_active_at"` // a whole day, as Clerk shows it
	Sequence        uint64    `json:"sequence"`       // order of creation
}

// Key returns the id.
func (u *User) Key() string { return u.ID }

// Created returns the creation time and the place among equal times.
func (u *User) Created() (time.Time, uint64) { return u.CreatedAt, u.Sequence }

func (u *User) clone() User {
	copied := *u
	copied.Addresses, copied.Phones = slices.Clone(u.Addresses), slices.Clone(u.Phones)
	copied.Public, copied.Private, copied.Unsafe = deepCopy(u.Public), deepCopy(u.Private), deepCopy(u.Unsafe)
	return copied
}

// SignUp is the form that a new user fills in.
type SignUp struct {
	Email     string // "" for a user with a phone number only
	Phone     string // in the form +15550100
	FirstName string
	LastName  string
}

// SignUp creates a user as the hosted page does. It returns an *api.Error with
// status 422 if an identifier is malformed or taken.
func (c *Clerk) SignUp(form SignUp) (User, error) {
	var created User
	var err error
	c.world.Change(func() {
		user, failure := c.signUp(form, byCode)
		if failure != nil {
			err = failure
			return
		}
		created = user.clone()
	})
	return created, err
}

func (c *Clerk) signUp(form SignUp, strategy string) (*User, *api.Error) {
	fresh := c.newUser()
	fresh.FirstName, fresh.LastName = form.FirstName, form.LastName
	if form.Email != "" {
		if failure := c.checkEmail(form.Email, nil); failure != nil {
			return nil, failure
		}
		fresh.Addresses = []EmailAddress{c.newAddress(form.Email, verified, strategy)}
	}
	if form.Phone != "" {
		if failure := c.checkPhone(form.Phone); failure != nil {
			return nil, failure
		}
		fresh.Phones = []PhoneNumber{c.newPhone(form.Phone, verified, byPhoneCode)}
	}
	return c.addUser(fresh), nil
}

func (c *Clerk) newUser() *User {
	return &User{ID: c.world.NewID("user_2", 26), DeleteSelf: true, CreateOrganizations: true}
}

// addUser stores a new user. The caller has checked its identifiers.
func (c *Clerk) addUser(fresh *User) *User {
	if len(fresh.Addresses) > 0 {
		fresh.setPrimary(fresh.Addresses[0].ID)
	}
	if len(fresh.Phones) > 0 {
		fresh.PhoneID = fresh.Phones[0].ID
	}
	fresh.Public, fresh.Private, fresh.Unsafe = deepCopy(fresh.Public), deepCopy(fresh.Private), deepCopy(fresh.Unsafe)
	if fresh.CreatedAt.IsZero() {
		fresh.CreatedAt = c.now()
	}
	fresh.UpdatedAt, fresh.Sequence = c.now(), c.world.Sequence()
	user := c.state.Users.Add(fresh)
	c.index.addUser(user)
	c.emit("user.created", c.showUser(user))
	return user
}

func (c *Clerk) user(id string) *User { return c.state.Users.Get(id) }

// UpdateUser changes the fields that are not empty. A new address replaces the
// primary one.
func (c *Clerk) UpdateUser(id, email, firstName, lastName string) error {
	return c.change(func() *api.Error {
		user := c.user(id)
		if user == nil {
			return noUser(id)
		}
		return c.updateUserNow(user, email, firstName, lastName)
	})
}

func (c *Clerk) updateUserNow(user *User, email, firstName, lastName string) *api.Error {
	if email != "" && email != user.Email {
		if own := user.address(func(a *EmailAddress) bool { return a.Address == email && a.Verified }); own != nil {
			user.setPrimary(own.ID)
		} else if failure := c.changePrimary(user, email); failure != nil {
			return failure
		}
	}
	user.FirstName, user.LastName = cmp.Or(firstName, user.FirstName), cmp.Or(lastName, user.LastName)
	c.userUpdated(user)
	return nil
}

func (c *Clerk) changePrimary(user *User, email string) *api.Error {
	if failure := c.checkEmail(email, user); failure != nil {
		return failure
	}
	old := user.EmailID
	c.addAddress(user, c.newAddress(email, verified, byCode), true)
	if old != "" {
		c.removeAddress(user, old)
	}
	return nil
}

func (c *Clerk) userUpdated(user *User) {
	user.UpdatedAt = c.now()
	c.emit("user.updated", c.showUser(user))
}

// DeleteUser deletes a user with all memberships and sessions.
func (c *Clerk) DeleteUser(id string) error {
	return c.change(func() *api.Error {
		user := c.user(id)
		if user == nil {
			return noUser(id)
		}
		c.deleteUser(user)
		return nil
	})
}

func (c *Clerk) deleteUser(user *User) object {
	for _, membership := range slices.Clone(c.index.membershipsOf[user.ID]) {
		c.deleteMembership(membership)
	}
	for _, session := range slices.Clone(c.index.sessionsOf[user.ID]) {
		c.index.removeSession(session)
		c.state.Sessions.Remove(session.ID)
	}
	c.index.removeUser(user)
	c.state.Users.Remove(user.ID)
	deleted := object{"object": "user", "id": user.ID, "deleted": true}
	if user.ExternalID != "" {
		deleted["external_id"] = user.ExternalID
	}
	c.emit("user.deleted", deleted)
	return deleted
}

// change runs f under the lock. It returns a nil error, not an error that holds a
// nil pointer, if f succeeds.
func (c *Clerk) change(f func() *api.Error) error {
	var failure *api.Error
	c.world.Change(func() { failure = f() })
	if failure != nil {
		return failure
	}
	return nil
}

// Users copies all users, oldest first.
func (c *Clerk) Users() []User {
	var all []User
	c.world.View(func() {
		for user := range c.state.Users.Oldest() {
			all = append(all, user.clone())
		}
	})
	return all
}

// lockoutLength is how long a user stays locked in an instance with default
// restrictions.
const lockoutLength = time.Hour

// signInAttempts is how many failed attempts lock a user.
const signInAttempts = 100

func (c *Clerk) locked(u *User) bool { return u.LockedUntil.After(c.now()) }

// image stands in for the picture that Clerk draws from a user's initials.
const image = "https://img.clerk.com/simulated"

func (c *Clerk) showUser(u *User) object {
	addresses := make([]any, 0, len(u.Addresses))
	for i := range u.Addresses {
		addresses = append(addresses, showAddress(&u.Addresses[i]))
	}
	phones := make([]any, 0, len(u.Phones))
	for i := range u.Phones {
		phones = append(phones, showPhone(&u.Phones[i]))
	}
	shown := object{"id": u.ID, "object": "user", "username": orNull(u.Username),
		"first_name": orNull(u.FirstName), "last_name": orNull(u.LastName), "locale": orNull(u.Locale),
		"image_url": image, "profile_image_url": image, "has_image": false,
		"primary_email_address_id": orNull(u.EmailID), "primary_phone_number_id": orNull(u.PhoneID),
		"primary_web3_wallet_id": nil, "password_enabled": u.Password != "", "two_factor_enabled": false,
		"totp_enabled": false, "backup_code_enabled": false, "email_addresses": addresses,
		"phone_numbers": phones, "web3_wallets": []any{}, "passkeys": []any{}, "external_accounts": []any{},
		"saml_accounts": []any{}, "enterprise_accounts": []any{}, "public_metadata": deepCopy(u.Public),
		"private_metadata": deepCopy(u.Private), "unsafe_metadata": deepCopy(u.Unsafe),
		"external_id": orNull(u.ExternalID), "last_sign_in_at": millis(u.LastSignIn), "banned": u.Banned,
		"locked": c.locked(u), "lockout_expires_in_seconds": nil,
		"verification_attempts_remaining": signInAttempts, "created_at": u.CreatedAt.UnixMilli(),
		"updated_at": u.UpdatedAt.UnixMilli(), "delete_self_enabled": u.DeleteSelf,
		"create_organization_enabled": u.CreateOrganizations,
		"create_organizations_limit":  u.OrganizationsLimit, "last_active_at": millis(u.LastActive),
		"mfa_enabled_at": nil, "mfa_disabled_at": nil, "legal_accepted_at": millis(u.LegalAcceptedAt),
		"password_last_updated_at": millis(u.PasswordSet), "bypass_client_trust": u.BypassClientTrust}
	if c.locked(u) {
		shown["verification_attempts_remaining"] = 0
		shown["lockout_expires_in_seconds"] = int64(u.LockedUntil.Sub(c.now()) / time.Second)
	}
	return shown
}
