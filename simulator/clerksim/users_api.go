package clerksim

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// profile are the parameters that creating and updating a user share. Of them
// skip_legal_checks has no visible effect, and skip_password_checks only spares
// the length. Wallets, other factors and digests of passwords
// are not enabled on the simulated instance, which Clerk answers as unknown.
var profile = fields{"external_id": text, "first_name": text, "last_name": text, "locale": text, "username": text,
	"password":             text,
	"skip_password_checks": flag, "delete_self_enabled": flag, "create_organization_enabled": flag,
	"create_organizations_limit": number,
	"legal_accepted_at":          text, "skip_legal_checks": flag, "created_at": text, "bypass_client_trust": flag}

var userMetadata = fields{"public_metadata": hash, "private_metadata": hash, "unsafe_metadata": hash}

// Nobody is told of a new primary address by e-mail:
// notify_primary_email_address_changed has no visible effect.
var userRoutes = []route{
	op(http.MethodGet, "/v1/users", (*Clerk).listUsers).asks(userFilters, ordinary, []string{"starting_after"}),
	op(http.MethodPost, "/v1/users", (*Clerk).createUser).takes(
		profile.with(userMetadata).with(fields{"email_address": texts,
			"email_address_identification_status": texts, "phone_number": texts, "phone_number_identification_status": texts,
			"skip_password_requirement": flag, "skip_user_requirement": flag, "banned": flag, "locked": flag})),
	// Clerk's Go SDK counts with all the parameters of the list.
	op(http.MethodGet, "/v1/users/count", (*Clerk).countUsers).asks(userFilters, ordinary, []string{"starting_after"}),
	op(http.MethodPost, "/v1/users/ban", (*Clerk).banUsers).takes(fields{"user_ids": texts}),
	op(http.MethodPost, "/v1/users/unban", (*Clerk).unbanUsers).takes(fields{"user_ids": texts}),
	op(http.MethodGet, "/v1/users/{}", (*Clerk).retrieveUser),
	op(http.MethodPatch, "/v1/users/{}", (*Clerk).updateUser).updates("user").takes(
		profile.with(fields{"primary_email_address_id": text,
			"notify_primary_email_address_changed": flag, "sign_out_of_other_sessions": flag})).tookBefore(metadataMoved,
		userMetadata),
	op(http.MethodDelete, "/v1/users/{}", (*Clerk).removeUser),
	op(http.MethodPost, "/v1/users/{}/ban", (*Clerk).banUser),
	op(http.MethodPost, "/v1/users/{}/unban", (*Clerk).unbanUser),
	op(http.MethodPost, "/v1/users/{}/lock", (*Clerk).lockUser),
	op(http.MethodPost, "/v1/users/{}/unlock", (*Clerk).unlockUser),
	op(http.MethodPost, "/v1/users/{}/verify_password", (*Clerk).verifyPassword).takes(fields{"password": text}),
	op(http.MethodPost, "/v1/users/{}/remove_password",
		(*Clerk).removePassword).takes(fields{"sign_out_of_other_sessions": flag}),
	op(http.MethodGet, "/v1/users/{}/organization_memberships", (*Clerk).listUserMemberships).asks(paged),
	op(http.MethodGet, "/v1/users/{}/organization_invitations", (*Clerk).listUserInvitations).asks(paged,
		[]string{"status"}),
}

func (c *Clerk) createUser(call *call) (any, *Error) {
	fresh := c.newUser()
	statuses, emails := call.texts("email_address_identification_status"), call.texts("email_address")
	if len(statuses) > 0 && len(statuses) != len(emails) {
		return nil, unprocessable("email_address_identification_status", "form_param_value_invalid", "is invalid",
			"email_address_identification_status must contain one item per email address.")
	}
	for i, email := range emails {
		if failure := c.checkEmail(email, nil); failure != nil {
			return nil, failure
		}
		if fresh.address(func(a *EmailAddress) bool { return strings.EqualFold(a.Address, email) }) != nil {
			return nil, unprocessable("email_address", "form_param_duplicate", "is duplicate",
				"email_address included multiple times. There should only be one.")
		}
		status := verified
		if len(statuses) > 0 {
			if status = addressStatus(statuses[i]); status != verified && status != reserved {
				return nil, invalidValue("email_address_identification_status", statuses[i])
			}
		}
		fresh.Addresses = append(fresh.Addresses, c.newAddress(email, status, byAdmin))
	}
	if failure := c.readPhones(call, fresh); failure != nil {
		return nil, failure
	}
	if len(emails) == 0 && len(fresh.Phones) == 0 && call.text("username") == "" && !call.flag("skip_user_requirement") {
		return nil, &Error{Status: http.StatusUnprocessableEntity, Code: "form_data_missing", Message: "missing data",
			Long: `["email_address"] data doesn't match user requirements set for this instance`,
			Meta: map[string]any{"param_names": []string{"email_address"}}}
	}
	if failure := c.applyProfile(call, fresh); failure != nil {
		return nil, failure
	}
	if failure := call.applyMetadata(fresh.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if password := call.text("password"); password != "" {
		c.setPassword(fresh, password)
	}
	fresh.Banned = call.flag("banned")
	if call.flag("locked") {
		fresh.LockedUntil = c.now().Add(lockoutLength)
	}
	user := c.addUser(fresh)
	return c.showUser(user), nil
}

func (u *User) metadata() map[string]*map[string]any {
	return map[string]*map[string]any{"public_metadata": &u.Public, "private_metadata": &u.Private,
		"unsafe_metadata": &u.Unsafe}
}

var usernameLetters = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// applyProfile changes what was sent, or nothing when something is refused.
func (c *Clerk) applyProfile(call *call, user *User) *Error {
	created, failure := call.moment("created_at", c.now())
	if failure != nil {
		return failure
	}
	accepted, failure := call.moment("legal_accepted_at", c.now())
	if failure != nil {
		return failure
	}
	if name := call.text("username"); name != "" {
		if failure := c.checkUsername(name, user); failure != nil {
			return failure
		}
	}
	if external := call.text("external_id"); external != "" {
		if other := c.index.userByExternalID[external]; other != nil && other != user {
			return taken("external_id", "external id")
		}
	}
	if password := call.text("password"); password != "" {
		if failure := checkPassword("password", password, call.flag("skip_password_checks")); failure != nil {
			return failure
		}
	}
	if limit := call.number("create_organizations_limit"); limit != nil && *limit < 0 {
		return invalidValue("create_organizations_limit", "a negative number")
	}
	known := c.user(user.ID) == user
	if known {
		c.index.removeUser(user)
		defer c.index.addUser(user)
	}
	for name, to := range map[string]*string{"external_id": &user.ExternalID, "first_name": &user.FirstName,
		"last_name": &user.LastName,
		"locale":    &user.Locale, "username": &user.Username} {
		if call.sent(name) {
			*to = call.text(name) // null and "" both remove it
		}
	}
	for name, to := range map[string]*bool{"delete_self_enabled": &user.DeleteSelf,
		"create_organization_enabled": &user.CreateOrganizations,
		"bypass_client_trust":         &user.BypassClientTrust} {
		if call.body[name] != nil {
			*to = call.flag(name)
		}
	}
	if call.sent("create_organizations_limit") {
		user.OrganizationsLimit = call.number("create_organizations_limit")
	}
	if !created.IsZero() {
		user.CreatedAt = created
	}
	if !accepted.IsZero() {
		user.LegalAcceptedAt = accepted
	}
	return nil
}

func (c *Clerk) checkUsername(name string, user *User) *Error {
	const shortest, longest = 4, 64
	switch other := c.index.userByUsername[strings.ToLower(name)]; {
	case len(name) < shortest || len(name) > longest:
		return unprocessable("username", "form_username_invalid_length",
			"Username must be between 4 and 64 characters long.", "Username must be between %d and %d characters long.",
			shortest, longest)
	case !usernameLetters.MatchString(name):
		const long = "Username can only contain letters, numbers and '_' or '-'."
		return unprocessable("username", "form_username_invalid_character", long, long)
	case other != nil && other != user:
		return taken("username", "username")
	}
	return nil
}

func (c *Clerk) retrieveUser(call *call) (any, *Error) {
	if user := c.user(call.path[0]); user != nil {
		return c.showUser(user), nil
	}
	return nil, noUser(call.path[0])
}

// updateUser refuses metadata since version 2026-05-12 of the API; before, it
// replaced it.
func (c *Clerk) updateUser(call *call) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, noUser(call.path[0])
	}
	primary := call.text("primary_email_address_id")
	if primary != "" {
		if address := user.addressByID(primary); address == nil || !address.Verified {
			return nil, primaryUnverified("primary_email_address_id")
		}
	}
	if call.flag("sign_out_of_other_sessions") && call.text("password") == "" {
		return nil, unprocessable("password", "form_conditional_param_missing", "is missing",
			"`password` is required when `sign_out_of_other_sessions` is present.")
	}
	changed := user.clone()
	if failure := call.applyMetadata(changed.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if failure := c.applyProfile(call, user); failure != nil {
		return nil, failure
	}
	user.Public, user.Private, user.Unsafe = changed.Public, changed.Private, changed.Unsafe
	if primary != "" {
		user.setPrimary(primary)
	}
	if password := call.text("password"); password != "" {
		c.setPassword(user, password)
		if call.flag("sign_out_of_other_sessions") {
			c.revokeSessions(user)
		}
	}
	c.userUpdated(user)
	return c.showUser(user), nil
}

func (c *Clerk) removeUser(call *call) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, noUser(call.path[0])
	}
	return c.deleteUser(user), nil
}

func (c *Clerk) banUser(call *call) (any, *Error)    { return c.restrict(call, c.ban) }
func (c *Clerk) unbanUser(call *call) (any, *Error)  { return c.restrict(call, unban) }
func (c *Clerk) lockUser(call *call) (any, *Error)   { return c.restrict(call, c.lock) }
func (c *Clerk) unlockUser(call *call) (any, *Error) { return c.restrict(call, unlock) }

// ban revokes all sessions; the user cannot sign in again.
func (c *Clerk) ban(user *User) {
	user.Banned = true
	c.revokeSessions(user)
}

func unban(user *User) { user.Banned = false }

func (c *Clerk) lock(user *User) { user.LockedUntil = c.now().Add(lockoutLength) }

func unlock(user *User) { user.LockedUntil = time.Time{} }

func (c *Clerk) restrict(call *call, apply func(*User)) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, noUser(call.path[0])
	}
	apply(user)
	c.userUpdated(user)
	return c.showUser(user), nil
}

func (c *Clerk) banUsers(call *call) (any, *Error)   { return c.restrictAll(call, c.ban) }
func (c *Clerk) unbanUsers(call *call) (any, *Error) { return c.restrictAll(call, unban) }

func (c *Clerk) restrictAll(call *call, apply func(*User)) (any, *Error) {
	if failure := call.needs("user_ids"); failure != nil {
		return nil, failure
	}
	var users []*User
	for _, id := range call.texts("user_ids") {
		user := c.user(id)
		if user == nil {
			return nil, noUser(id)
		}
		users = append(users, user)
	}
	for _, user := range users {
		apply(user)
		c.userUpdated(user)
	}
	return each(users, c.showUser), nil
}
