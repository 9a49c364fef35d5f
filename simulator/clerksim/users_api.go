package clerksim

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// profile are the parameters that creating and updating a user share.
// skip_legal_checks has no visible effect, and skip_password_checks skips only the
// minimum length. The simulated instance has not enabled wallets, second factors
// and password digests, so their parameters are unknown, as at Clerk.
var profile = api.Fields{"external_id": api.Text, "first_name": api.Text, "last_name": api.Text,
	"locale": api.Text, "username": api.Text, "password": api.Text, "skip_password_checks": api.Flag,
	"delete_self_enabled": api.Flag, "create_organization_enabled": api.Flag,
	"create_organizations_limit": api.Number, "legal_accepted_at": api.Text, "skip_legal_checks": api.Flag,
	"created_at": api.Text, "bypass_client_trust": api.Flag}

var userMetadata = api.Fields{"public_metadata": api.Map, "private_metadata": api.Map, "unsafe_metadata": api.Map}

// The simulator sends no e-mail, so notify_primary_email_address_changed has no
// visible effect.
var userRoutes = []route{
	api.Op(http.MethodGet, "/v1/users", (*Clerk).listUsers).Asks(userFilters, api.Ordered, []string{"starting_after"}),
	api.Op(http.MethodPost, "/v1/users", (*Clerk).createUser).Takes(
		profile.With(userMetadata).With(api.Fields{"email_address": api.Texts,
			"email_address_identification_status": api.Texts, "phone_number": api.Texts,
			"phone_number_identification_status": api.Texts, "skip_password_requirement": api.Flag,
			"skip_user_requirement": api.Flag, "banned": api.Flag, "locked": api.Flag})),
	// Clerk's Go SDK sends all the parameters of the list when it counts.
	api.Op(http.MethodGet, "/v1/users/count", (*Clerk).countUsers).Asks(userFilters, api.Ordered, []string{"starting_after"}),
	api.Op(http.MethodPost, "/v1/users/ban", (*Clerk).banUsers).Takes(api.Fields{"user_ids": api.Texts}),
	api.Op(http.MethodPost, "/v1/users/unban", (*Clerk).unbanUsers).Takes(api.Fields{"user_ids": api.Texts}),
	api.Op(http.MethodGet, "/v1/users/{}", (*Clerk).retrieveUser),
	api.Op(http.MethodPatch, "/v1/users/{}", (*Clerk).updateUser).Updates("user").Takes(
		profile.With(api.Fields{"primary_email_address_id": api.Text,
			"notify_primary_email_address_changed": api.Flag,
			"sign_out_of_other_sessions":           api.Flag})).TookBefore(api.MetadataMoved,
		userMetadata),
	api.Op(http.MethodDelete, "/v1/users/{}", (*Clerk).removeUser),
	api.Op(http.MethodPost, "/v1/users/{}/ban", (*Clerk).banUser),
	api.Op(http.MethodPost, "/v1/users/{}/unban", (*Clerk).unbanUser),
	api.Op(http.MethodPost, "/v1/users/{}/lock", (*Clerk).lockUser),
	api.Op(http.MethodPost, "/v1/users/{}/unlock", (*Clerk).unlockUser),
	api.Op(http.MethodPost, "/v1/users/{}/verify_password", (*Clerk).verifyPassword).Takes(api.Fields{"password": api.Text}),
	api.Op(http.MethodPost, "/v1/users/{}/remove_password",
		(*Clerk).removePassword).Takes(api.Fields{"sign_out_of_other_sessions": api.Flag}),
	api.Op(http.MethodGet, "/v1/users/{}/organization_memberships", (*Clerk).listUserMemberships).Asks(api.Paged),
	api.Op(http.MethodGet, "/v1/users/{}/organization_invitations", (*Clerk).listUserInvitations).Asks(api.Paged,
		[]string{"status"}),
}

func (c *Clerk) createUser(call *api.Call) (any, *api.Error) {
	fresh := c.newUser()
	if failure := c.readEmails(call, fresh); failure != nil {
		return nil, failure
	}
	if failure := c.readPhones(call, fresh); failure != nil {
		return nil, failure
	}
	if len(fresh.Addresses) == 0 && len(fresh.Phones) == 0 && call.Text("username") == "" &&
		!call.Flag("skip_user_requirement") {
		return nil, noRequirement()
	}
	if failure := c.applyProfile(call, fresh); failure != nil {
		return nil, failure
	}
	if failure := applyMetadata(call.Body, fresh.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if password := call.Text("password"); password != "" {
		c.setPassword(fresh, password)
	}
	fresh.Banned = call.Flag("banned")
	if call.Flag("locked") {
		fresh.LockedUntil = c.now().Add(lockoutLength)
	}
	user := c.addUser(fresh)
	return c.showUser(user), nil
}

// noRequirement refuses a user without any identifier.
func noRequirement() *api.Error {
	return &api.Error{Status: http.StatusUnprocessableEntity, Code: "form_data_missing", Message: "missing data",
		Long: `["email_address"] data doesn't match user requirements set for this instance`,
		Meta: map[string]any{"param_names": []string{"email_address"}}}
}

func (u *User) metadata() map[string]*map[string]any {
	return map[string]*map[string]any{"public_metadata": &u.Public, "private_metadata": &u.Private,
		"unsafe_metadata": &u.Unsafe}
}

var usernameLetters = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// applyProfile changes the fields that the request has, or nothing if it refuses
// one.
func (c *Clerk) applyProfile(call *api.Call, user *User) *api.Error {
	created, failure := call.Moment("created_at", c.now())
	if failure != nil {
		return failure
	}
	accepted, failure := call.Moment("legal_accepted_at", c.now())
	if failure != nil {
		return failure
	}
	if failure := c.checkProfile(call, user); failure != nil {
		return failure
	}
	if known := c.user(user.ID) == user; known {
		c.index.removeUser(user)
		defer c.index.addUser(user)
	}
	user.setProfile(call)
	if !created.IsZero() {
		user.CreatedAt = created
	}
	if !accepted.IsZero() {
		user.LegalAcceptedAt = accepted
	}
	return nil
}

// checkProfile refuses identifiers, passwords and limits that Clerk refuses.
func (c *Clerk) checkProfile(call *api.Call, user *User) *api.Error {
	if name := call.Text("username"); name != "" {
		if failure := c.checkUsername(name, user); failure != nil {
			return failure
		}
	}
	if external := call.Text("external_id"); external != "" {
		if other := c.index.userByExternalID[external]; other != nil && other != user {
			return api.Taken("external_id", "external id")
		}
	}
	if password := call.Text("password"); password != "" {
		if failure := checkPassword("password", password, call.Flag("skip_password_checks")); failure != nil {
			return failure
		}
	}
	if limit := call.Number("create_organizations_limit"); limit != nil && *limit < 0 {
		return api.InvalidValue("create_organizations_limit", "a negative number")
	}
	return nil
}

// setProfile changes the fields that the request has.
func (u *User) setProfile(call *api.Call) {
	for name, to := range map[string]*string{"external_id": &u.ExternalID, "first_name": &u.FirstName,
		"last_name": &u.LastName, "locale": &u.Locale, "username": &u.Username} {
		if call.Sent(name) {
			*to = call.Text(name) // null and "" both remove it
		}
	}
	for name, to := range map[string]*bool{"delete_self_enabled": &u.DeleteSelf,
		"create_organization_enabled": &u.CreateOrganizations, "bypass_client_trust": &u.BypassClientTrust} {
		if call.Body[name] != nil {
			*to = call.Flag(name)
		}
	}
	if call.Sent("create_organizations_limit") {
		u.OrganizationsLimit = call.Number("create_organizations_limit")
	}
}

func (c *Clerk) checkUsername(name string, user *User) *api.Error {
	const shortest, longest = 4, 64
	switch other := c.index.userByUsername[strings.ToLower(name)]; {
	case len(name) < shortest || len(name) > longest:
		return api.Unprocessable("username", "form_username_invalid_length",
			"Username must be between 4 and 64 characters long.", "Username must be between %d and %d characters long.",
			shortest, longest)
	case !usernameLetters.MatchString(name):
		const long = "Username can only contain letters, numbers and '_' or '-'."
		return api.Unprocessable("username", "form_username_invalid_character", long, long)
	case other != nil && other != user:
		return api.Taken("username", "username")
	}
	return nil
}

func (c *Clerk) retrieveUser(call *api.Call) (any, *api.Error) {
	if user := c.user(call.Path[0]); user != nil {
		return c.showUser(user), nil
	}
	return nil, noUser(call.Path[0])
}

// updateUser replaces metadata in API versions before 2026-05-12. Later versions
// refuse it.
func (c *Clerk) updateUser(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	primary := call.Text("primary_email_address_id")
	if primary != "" {
		if address := user.addressByID(primary); address == nil || !address.Verified {
			return nil, primaryUnverified("primary_email_address_id")
		}
	}
	if call.Flag("sign_out_of_other_sessions") && call.Text("password") == "" {
		return nil, api.Unprocessable("password", "form_conditional_param_missing", "is missing",
			"`password` is required when `sign_out_of_other_sessions` is present.")
	}
	changed := user.clone()
	if failure := applyMetadata(call.Body, changed.metadata(), replaced); failure != nil {
		return nil, failure
	}
	if failure := c.applyProfile(call, user); failure != nil {
		return nil, failure
	}
	user.Public, user.Private, user.Unsafe = changed.Public, changed.Private, changed.Unsafe
	if primary != "" {
		user.setPrimary(primary)
	}
	if password := call.Text("password"); password != "" {
		c.setPassword(user, password)
		if call.Flag("sign_out_of_other_sessions") {
			c.revokeSessions(user)
		}
	}
	c.userUpdated(user)
	return c.showUser(user), nil
}

func (c *Clerk) removeUser(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	return c.deleteUser(user), nil
}

func (c *Clerk) banUser(call *api.Call) (any, *api.Error)    { return c.restrict(call, c.ban) }
func (c *Clerk) unbanUser(call *api.Call) (any, *api.Error)  { return c.restrict(call, unban) }
func (c *Clerk) lockUser(call *api.Call) (any, *api.Error)   { return c.restrict(call, c.lock) }
func (c *Clerk) unlockUser(call *api.Call) (any, *api.Error) { return c.restrict(call, unlock) }

// ban revokes all sessions and keeps the user from signing in.
func (c *Clerk) ban(user *User) {
	user.Banned = true
	c.revokeSessions(user)
}

func unban(user *User) { user.Banned = false }

func (c *Clerk) lock(user *User) { user.LockedUntil = c.now().Add(lockoutLength) }

func unlock(user *User) { user.LockedUntil = time.Time{} }

func (c *Clerk) restrict(call *api.Call, apply func(*User)) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	apply(user)
	c.userUpdated(user)
	return c.showUser(user), nil
}

func (c *Clerk) banUsers(call *api.Call) (any, *api.Error)   { return c.restrictAll(call, c.ban) }
func (c *Clerk) unbanUsers(call *api.Call) (any, *api.Error) { return c.restrictAll(call, unban) }

func (c *Clerk) restrictAll(call *api.Call, apply func(*User)) (any, *api.Error) {
	if failure := call.Needs("user_ids"); failure != nil {
		return nil, failure
	}
	var users []*User
	for _, id := range call.Texts("user_ids") {
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
