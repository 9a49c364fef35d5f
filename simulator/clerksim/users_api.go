package clerksim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *Clerk) createUser(call *call) (any, *Error) {
	if failure := call.accept("external_id", "first_name", "last_name", "email_address", "username", "password", "public_metadata",
		"private_metadata", "unsafe_metadata", "skip_password_checks", "skip_password_requirement", "skip_legal_checks", "created_at"); failure != nil {
		return nil, failure
	}
	fresh := User{ExternalID: call.text("external_id"), FirstName: call.text("first_name"), LastName: call.text("last_name"), Username: call.text("username")}
	if emails := call.texts("email_address"); len(emails) > 0 {
		fresh.Email = emails[0]
	}
	fields := map[string]*map[string]any{"public_metadata": &fresh.Public, "private_metadata": &fresh.Private, "unsafe_metadata": &fresh.Unsafe}
	if failure := call.applyMetadata(fields, replaced); failure != nil {
		return nil, failure
	}
	user, failure := c.addUser(fresh)
	if failure != nil {
		return nil, failure
	}
	return c.showUser(user), nil
}

func (c *Clerk) retrieveUser(call *call) (any, *Error) {
	if user := c.user(call.path[0]); user != nil {
		return c.showUser(user), nil
	}
	return nil, notFound("user", call.path[0])
}

// updateUser refuses metadata, as the API does since its version 2026-05-12.
func (c *Clerk) updateUser(call *call) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, notFound("user", call.path[0])
	}
	if failure := c.limited("user", user.ID); failure != nil {
		return nil, failure
	}
	if failure := call.accept("external_id", "first_name", "last_name", "username"); failure != nil {
		return nil, failure
	}
	for name, to := range map[string]*string{"external_id": &user.ExternalID, "first_name": &user.FirstName, "last_name": &user.LastName, "username": &user.Username} {
		if _, sent := call.body[name]; sent {
			*to = call.text(name)
		}
	}
	c.userUpdated(user)
	return c.showUser(user), nil
}

func (c *Clerk) removeUser(call *call) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, notFound("user", call.path[0])
	}
	return c.deleteUser(user), nil
}

// listUsers answers a bare array. With starting_after it pages by cursor, which
// needs the order by created_at and no offset.
func (c *Clerk) listUsers(call *call) (any, *Error) {
	limit, offset, failure := call.bounds()
	if failure != nil {
		return nil, failure
	}
	order := call.query.Get("order_by")
	if order == "" {
		order = "-created_at"
	}
	users, failure := c.filteredUsers(call)
	if failure != nil {
		return nil, failure
	}
	if failure := orderUsers(users, order); failure != nil {
		return nil, failure
	}
	if after := call.query.Get("starting_after"); after != "" {
		if strings.TrimLeft(order, "+-") != "created_at" || offset != 0 {
			return nil, unprocessable("form_param_value_invalid", "starting_after needs order_by created_at and no offset.")
		}
		at := slices.IndexFunc(users, func(u *User) bool { return u.ID == after })
		if at < 0 {
			return nil, notFound("user", after)
		}
		users = users[at+1:]
	}
	shown := []any{}
	for _, user := range cut(users, limit, offset) {
		shown = append(shown, c.showUser(user))
	}
	return shown, nil
}

func (c *Clerk) countUsers(call *call) (any, *Error) {
	users, failure := c.filteredUsers(call)
	if failure != nil {
		return nil, failure
	}
	return object{"object": "total_count", "total_count": len(users)}, nil
}

func orderUsers(users []*User, order string) *Error {
	field, descending := strings.CutPrefix(order, "-")
	field = strings.TrimPrefix(field, "+")
	by := map[string]func(*User) string{"email_address": func(u *User) string { return u.Email },
		"first_name": func(u *User) string { return u.FirstName }, "last_name": func(u *User) string { return u.LastName }}[field]
	compare := func(a, b *User) int { return strings.Compare(by(a), by(b)) }
	switch {
	case field == "created_at": // the order they are kept in
		compare = func(*User, *User) int { return 0 }
	case field == "updated_at":
		compare = func(a, b *User) int { return a.UpdatedAt.Compare(b.UpdatedAt) }
	case by == nil:
		return unprocessable("form_param_value_invalid", "order_by cannot be %s.", field)
	}
	slices.SortStableFunc(users, compare)
	if descending {
		slices.Reverse(users)
	}
	return nil
}

var userFilters = []string{"limit", "offset", "order_by", "starting_after", "user_id", "email_address", "external_id", "organization_id", "query",
	"created_at_before", "created_at_after", "paginated"}

// filteredUsers returns the users that match, oldest first. Lists come as
// repeated parameters, with or without brackets.
func (c *Clerk) filteredUsers(call *call) ([]*User, *Error) {
	for _, name := range slices.Sorted(maps.Keys(call.query)) {
		if !slices.Contains(userFilters, strings.TrimSuffix(name, "[]")) {
			return nil, unprocessable("form_param_unknown", "%s is not a valid parameter for this request.", name)
		}
	}
	after, failure := call.millis("created_at_after", 0)
	if failure != nil {
		return nil, failure
	}
	before, failure := call.millis("created_at_before", 1<<60)
	if failure != nil {
		return nil, failure
	}
	query := strings.ToLower(call.query.Get("query"))
	var matching []*User
	for user := range c.state.Users.Oldest() {
		at := user.CreatedAt.UnixMilli()
		text := strings.ToLower(user.ID + " " + user.Email + " " + user.FirstName + " " + user.LastName + " " + user.Username)
		if call.among("user_id", user.ID) && call.among("email_address", user.Email) && call.among("external_id", user.ExternalID) &&
			at > after && at < before && strings.Contains(text, query) && c.inOrganizations(call.list("organization_id"), user.ID) {
			matching = append(matching, user)
		}
	}
	return matching, nil
}

func (c *Clerk) inOrganizations(organizations []string, userID string) bool {
	return len(organizations) == 0 || slices.ContainsFunc(organizations, func(id string) bool { return c.membership(id, userID) != nil })
}

// millis reads a time in milliseconds.
func (c *call) millis(name string, fallback int64) (int64, *Error) {
	text := c.query.Get(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, unprocessable("form_param_format_invalid", "%s must be a time in milliseconds.", name)
	}
	return value, nil
}

func (c *call) list(name string) []string { return append(c.query[name], c.query[name+"[]"]...) }

func (c *call) among(name, value string) bool {
	wanted := c.list(name)
	return len(wanted) == 0 || slices.Contains(wanted, value)
}

func (c *Clerk) listUserMemberships(call *call) (any, *Error) {
	if c.user(call.path[0]) == nil {
		return nil, notFound("user", call.path[0])
	}
	return c.memberships(call, func(m *Membership) bool { return m.User == call.path[0] })
}

// window counts the writes to one object.
type window struct {
	began time.Time
	count int
}

const (
	writesPerWindow = 10
	windowLength    = 10 * time.Second
)

// limited applies Clerk's limit of 10 writes in 10 seconds to one user or
// organization; the time is time.Now's, not the billing clock's.
func (c *Clerk) limited(kind, id string) *Error {
	now := time.Now()
	w := c.limits[kind+id]
	if w == nil || now.Sub(w.began) >= windowLength {
		w = &window{began: now}
		c.limits[kind+id] = w
	}
	if w.count >= writesPerWindow {
		left := windowLength - now.Sub(w.began)
		return &Error{Status: 429, Code: "too_many_requests", Message: "Too many requests. Please try again in a bit.",
			RetryAfter: int((left + time.Second - 1) / time.Second)}
	}
	w.count++
	return nil
}
