package clerksim

import (
	"cmp"
	"net/mail"
	"time"
)

// User is a user. Metadata values are what encoding/json makes of JSON.
type User struct {
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id"`
	Username   string         `json:"username"`
	FirstName  string         `json:"first_name"`
	LastName   string         `json:"last_name"`
	Email      string         `json:"email"` // the primary address; "" when there is none
	EmailID    string         `json:"email_id"`
	Public     map[string]any `json:"public_metadata"`
	Private    map[string]any `json:"private_metadata"`
	Unsafe     map[string]any `json:"unsafe_metadata"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
	LastSignIn time.Time      `json:"last_sign_in_at"`
}

// Key is the id.
func (u *User) Key() string { return u.ID }

func (u *User) clone() User {
	copied := *u
	copied.Public, copied.Private, copied.Unsafe = deepCopy(u.Public), deepCopy(u.Private), deepCopy(u.Unsafe)
	return copied
}

// SignUp is what a new user tells.
type SignUp struct {
	Email     string
	FirstName string
	LastName  string
}

// SignUp creates a user as the hosted page does. It fails with a 422 when the
// address is malformed or taken.
func (c *Clerk) SignUp(form SignUp) (User, error) {
	var created User
	var err error
	c.world.Change(func() {
		user, failure := c.addUser(User{Email: form.Email, FirstName: form.FirstName, LastName: form.LastName})
		if failure != nil {
			err = failure
			return
		}
		created = user.clone()
	})
	return created, err
}

func (c *Clerk) addUser(fresh User) (*User, *Error) {
	if failure := c.checkEmail(fresh.Email, ""); failure != nil {
		return nil, failure
	}
	if fresh.ExternalID != "" && c.state.Users.Find(func(u *User) bool { return u.ExternalID == fresh.ExternalID }) != nil {
		return nil, unprocessable("form_identifier_exists", "That external id is taken. Please try another.")
	}
	fresh.ID = c.world.NewID("user_2", 26)
	if fresh.Email != "" {
		fresh.EmailID = c.world.NewID("idn_2", 26)
	}
	fresh.Public, fresh.Private, fresh.Unsafe = deepCopy(fresh.Public), deepCopy(fresh.Private), deepCopy(fresh.Unsafe)
	fresh.CreatedAt, fresh.UpdatedAt = c.now(), c.now()
	user := c.state.Users.Add(&fresh)
	c.emit("user.created", c.showUser(user))
	return user, nil
}

// checkEmail refuses an address that is malformed or belongs to another user.
func (c *Clerk) checkEmail(email, self string) *Error {
	if email == "" {
		return nil
	}
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
		return unprocessable("form_param_format_invalid", "Email address must be a valid email address.")
	}
	if other := c.userByEmail(email); other != nil && other.ID != self {
		return unprocessable("form_identifier_exists", "That email address is taken. Please try another.")
	}
	return nil
}

func (c *Clerk) user(id string) *User { return c.state.Users.Get(id) }

func (c *Clerk) userByEmail(email string) *User {
	return c.state.Users.Find(func(u *User) bool { return u.Email == email })
}

// UpdateUser changes what is not empty.
func (c *Clerk) UpdateUser(id, email, firstName, lastName string) error {
	return c.change(func() *Error {
		user := c.user(id)
		if user == nil {
			return notFound("user", id)
		}
		if failure := c.checkEmail(email, id); failure != nil {
			return failure
		}
		if email != "" && user.EmailID == "" {
			user.EmailID = c.world.NewID("idn_2", 26)
		}
		user.Email = cmp.Or(email, user.Email)
		user.FirstName, user.LastName = cmp.Or(firstName, user.FirstName), cmp.Or(lastName, user.LastName)
		c.userUpdated(user)
		return nil
	})
}

func (c *Clerk) userUpdated(user *User) {
	user.UpdatedAt = c.now()
	c.emit("user.updated", c.showUser(user))
}

// DeleteUser deletes a user with the memberships and sessions.
func (c *Clerk) DeleteUser(id string) error {
	return c.change(func() *Error {
		user := c.user(id)
		if user == nil {
			return notFound("user", id)
		}
		c.deleteUser(user)
		return nil
	})
}

func (c *Clerk) deleteUser(user *User) object {
	for _, membership := range c.state.Memberships.Where(func(m *Membership) bool { return m.User == user.ID }) {
		c.deleteMembership(membership)
	}
	for _, session := range c.state.Sessions.Where(func(s *Session) bool { return s.User == user.ID }) {
		c.state.Sessions.Remove(session.ID)
	}
	c.state.Users.Remove(user.ID)
	deleted := object{"object": "user", "id": user.ID, "deleted": true}
	if user.ExternalID != "" {
		deleted["external_id"] = user.ExternalID
	}
	c.emit("user.deleted", deleted)
	return deleted
}

// change runs f under the lock and returns its error as one that is nil when nil.
func (c *Clerk) change(f func() *Error) error {
	var failure *Error
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

func (c *Clerk) showUser(u *User) object {
	emails := []any{}
	if u.Email != "" {
		emails = append(emails, object{"id": u.EmailID, "object": "email_address", "email_address": u.Email, "reserved": false,
			"verification": object{"object": "verification_otp", "status": "verified", "strategy": "email_code", "attempts": 1, "expire_at": u.CreatedAt.Add(10 * time.Minute).UnixMilli()},
			"linked_to":    []any{}, "matches_sso_connection": false, "created_at": u.CreatedAt.UnixMilli(), "updated_at": u.CreatedAt.UnixMilli()})
	}
	const image = "https://img.clerk.com/simulated"
	return object{"id": u.ID, "object": "user", "username": orNull(u.Username), "first_name": orNull(u.FirstName), "last_name": orNull(u.LastName),
		"locale": nil, "image_url": image, "profile_image_url": image, "has_image": false, "primary_email_address_id": orNull(u.EmailID),
		"primary_phone_number_id": nil, "primary_web3_wallet_id": nil, "password_enabled": false, "two_factor_enabled": false,
		"totp_enabled": false, "backup_code_enabled": false, "email_addresses": emails, "phone_numbers": []any{}, "web3_wallets": []any{},
		"passkeys": []any{}, "external_accounts": []any{}, "saml_accounts": []any{}, "enterprise_accounts": []any{},
		"public_metadata": deepCopy(u.Public), "private_metadata": deepCopy(u.Private), "unsafe_metadata": deepCopy(u.Unsafe),
		"external_id": orNull(u.ExternalID), "last_sign_in_at": millis(u.LastSignIn), "banned": false, "locked": false,
		"lockout_expires_in_seconds": nil, "verification_attempts_remaining": 100, "created_at": u.CreatedAt.UnixMilli(),
		"updated_at": u.UpdatedAt.UnixMilli(), "delete_self_enabled": true, "create_organization_enabled": true,
		"create_organizations_limit": nil, "last_active_at": millis(u.LastSignIn), "mfa_enabled_at": nil, "mfa_disabled_at": nil,
		"legal_accepted_at": nil}
}

// millis shows a time in milliseconds, the zero time as null.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
