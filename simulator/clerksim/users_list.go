package clerksim

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// userFilters are the query parameters that filter users, in the list and in the
// count.
var userFilters = []string{"email_address", "phone_number", "external_id", "username", "web3_wallet", "user_id",
	"organization_id", "query",
	"email_address_query", "phone_number_query", "username_query", "name_query", "banned", "last_active_at_before",
	"last_active_at_after",
	"last_active_at_since", "created_at_before", "created_at_after", "last_sign_in_at_before", "last_sign_in_at_after",
	"provider", "provider_user_id"}

// userFilter is the combination of the filters in a request.
type userFilter struct {
	// narrow means that only candidates can match, because a filter lists users.
	narrow     bool
	candidates []*User // oldest first
	conditions []func(*User) bool
}

func (f *userFilter) matches(user *User) bool {
	return !slices.ContainsFunc(f.conditions, func(holds func(*User) bool) bool { return !holds(user) })
}

func (f *userFilter) require(condition func(*User) bool) {
	f.conditions = append(f.conditions, condition)
}

// among keeps the users that a list of values names. If signed, a minus before a
// value excludes it and a plus (which may arrive as a space) includes it.
func (f *userFilter) among(values []string, signed bool, find func(string) []*User) {
	wanted, unwanted := map[*User]bool{}, map[*User]bool{}
	including := false
	for _, value := range values {
		into := wanted
		if plain, excluded := strings.CutPrefix(value, "-"); signed && excluded {
			value, into = plain, unwanted
		} else {
			including = true
			if signed {
				value = strings.TrimLeft(value, "+ ")
			}
		}
		for _, user := range find(value) {
			into[user] = true
		}
	}
	if including {
		if !f.narrow {
			for user := range wanted {
				f.candidates = append(f.candidates, user)
			}
			slices.SortFunc(f.candidates, ordered.ByAge)
			f.narrow = true
		}
		f.require(func(u *User) bool { return wanted[u] })
	}
	if len(unwanted) > 0 {
		f.require(func(u *User) bool { return !unwanted[u] })
	}
}

func one(user *User) []*User {
	if user == nil {
		return nil
	}
	return []*User{user}
}

func (c *Clerk) membersOf(organizationID string) []*User {
	memberships := c.index.membershipsOf[organizationID]
	users := make([]*User, 0, len(memberships))
	for _, membership := range memberships {
		users = append(users, c.user(membership.User))
	}
	return users
}

// userFilter reads the filters of a request.
func (c *Clerk) userFilter(call *api.Call) (*userFilter, *api.Error) {
	filter := &userFilter{}
	nobody := func(string) []*User { return nil } // no user has a wallet or an external account
	for _, by := range []struct {
		name   string
		signed bool
		find   func(string) []*User
	}{
		{"user_id", true, func(id string) []*User { return one(c.user(id)) }},
		{"external_id", true, func(id string) []*User { return one(c.index.userByExternalID[id]) }},
		{"email_address", false, func(email string) []*User { return c.index.usersByEmail[strings.ToLower(email)] }},
		{"username", false, func(name string) []*User { return one(c.index.userByUsername[strings.ToLower(name)]) }},
		{"organization_id", true, c.membersOf},
		{"phone_number", false, func(number string) []*User { return c.index.usersByPhone[number] }},
		{"web3_wallet", false, nobody}, {"provider_user_id", false, nobody},
	} {
		values, failure := call.List(by.name)
		if failure != nil {
			return nil, failure
		}
		filter.among(values, by.signed, by.find)
	}
	if call.Query.Has("provider") != call.Query.Has("provider_user_id") {
		return nil, api.Unprocessable("provider", "form_conditional_param_missing", "is missing",
			"`provider` and `provider_user_id` are required together.")
	}
	if failure := filter.readPeriods(call); failure != nil {
		return nil, failure
	}
	banned, failure := call.QueryFlag("banned")
	if failure != nil {
		return nil, failure
	}
	if banned != nil {
		filter.require(func(u *User) bool { return u.Banned == *banned })
	}
	filter.readQueries(call)
	return filter, nil
}

// readPeriods reads the filters by time. They leave out a user who was never
// active.
func (f *userFilter) readPeriods(call *api.Call) *api.Error {
	for _, by := range []struct {
		name string
		at   func(*User) time.Time
	}{
		{"created_at", func(u *User) time.Time { return u.CreatedAt }},
		{"last_active_at", func(u *User) time.Time { return u.LastActive }},
		{"last_sign_in_at", func(u *User) time.Time { return u.LastSignIn }},
	} {
		after, failure := call.Millis(by.name+"_after", math.MinInt64)
		if failure != nil {
			return failure
		}
		before, failure := call.Millis(by.name+"_before", math.MaxInt64)
		if failure != nil {
			return failure
		}
		since, failure := call.Millis(by.name+"_since", math.MinInt64)
		if failure != nil {
			return failure
		}
		if after != math.MinInt64 || before != math.MaxInt64 || since != math.MinInt64 {
			f.require(func(u *User) bool {
				at := by.at(u).UnixMilli()
				return !by.at(u).IsZero() && at > after && at < before && at >= since
			})
		}
	}
	return nil
}

// readQueries reads the filters that search for part of a text, ignoring case.
func (f *userFilter) readQueries(call *api.Call) {
	for name, texts := range map[string]func(*User) []string{
		"query": func(u *User) []string {
			return append(slices.Concat(u.emails(), u.phoneNumbers()), u.ID, u.Username, u.FirstName, u.LastName, u.fullName())
		},
		"email_address_query": (*User).emails,
		"username_query":      func(u *User) []string { return []string{u.Username} },
		"name_query":          func(u *User) []string { return []string{u.fullName()} },
		"phone_number_query":  (*User).phoneNumbers,
	} {
		wanted := strings.ToLower(call.Query.Get(name))
		if wanted == "" {
			continue
		}
		f.require(func(u *User) bool {
			return slices.ContainsFunc(texts(u), func(text string) bool {
				return strings.Contains(strings.ToLower(text),
					wanted)
			})
		})
	}
}

func (u *User) emails() []string {
	var all []string
	for _, address := range u.Addresses {
		all = append(all, address.Address)
	}
	return all
}

func (u *User) fullName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// from returns the users that a filter must look at, oldest first. The caller must
// not change the slice.
func (c *Clerk) from(filter *userFilter) []*User {
	if filter.narrow {
		return filter.candidates
	}
	return c.index.users.Items()
}

// userOrders are the fields of order_by besides created_at.
var userOrders = map[string]func(a, b *User) int{
	"updated_at":      func(a, b *User) int { return a.UpdatedAt.Compare(b.UpdatedAt) },
	"last_active_at":  func(a, b *User) int { return a.LastActive.Compare(b.LastActive) },
	"last_sign_in_at": func(a, b *User) int { return a.LastSignIn.Compare(b.LastSignIn) },
	"email_address":   func(a, b *User) int { return cmp.Compare(a.Email, b.Email) },
	"username":        func(a, b *User) int { return cmp.Compare(a.Username, b.Username) },
	"first_name":      func(a, b *User) int { return cmp.Compare(a.FirstName, b.FirstName) },
	"last_name":       func(a, b *User) int { return cmp.Compare(a.LastName, b.LastName) },
	"phone_number":    func(a, b *User) int { return cmp.Compare(a.primaryPhone(), b.primaryPhone()) },
	"web3wallet":      func(*User, *User) int { return 0 },
}

// listUsers answers with an array. starting_after pages by cursor, which needs the
// order by created_at and no offset.
func (c *Clerk) listUsers(call *api.Call) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	filter, failure := c.userFilter(call)
	if failure != nil {
		return nil, failure
	}
	order, descending := call.Order()
	if order == "created_at" {
		page := ordered.Page[*User]{Newest: descending, Limit: limit, Offset: offset}
		if page.After, failure = c.cursor(call, offset); failure != nil {
			return nil, failure
		}
		return each(page.Take(c.from(filter), filter.matches), c.showUser), nil
	}
	users, failure := c.sortedUsers(call, filter, order)
	if failure != nil {
		return nil, failure
	}
	if descending {
		slices.Reverse(users)
	}
	return each(cut(users, limit, offset), c.showUser), nil
}

// cursor returns the user that starting_after names; nil if it is absent.
func (c *Clerk) cursor(call *api.Call, offset int) (*User, *api.Error) {
	after := call.Query.Get("starting_after")
	if after == "" {
		return nil, nil
	}
	if offset != 0 {
		return nil, api.Unprocessable("offset", "form_conditional_param_disallowed", "is not allowed",
			"`offset` isn't allowed when `starting_after` is present.")
	}
	if cursor := c.user(after); cursor != nil {
		return cursor, nil
	}
	return nil, noUser(after)
}

// sortedUsers returns the users that match, by one of userOrders.
func (c *Clerk) sortedUsers(call *api.Call, filter *userFilter, order string) ([]*User, *api.Error) {
	compare := userOrders[order]
	if compare == nil {
		return nil, api.InvalidValue("order_by", order)
	}
	if call.Query.Get("starting_after") != "" {
		return nil, api.Unprocessable("starting_after", "form_conditional_param_disallowed", "is not allowed",
			"`starting_after` isn't allowed when `order_by` is %s.", order)
	}
	var users []*User
	for _, user := range c.from(filter) {
		if filter.matches(user) {
			users = append(users, user)
		}
	}
	slices.SortStableFunc(users, compare)
	return users, nil
}

func (c *Clerk) countUsers(call *api.Call) (any, *api.Error) {
	filter, failure := c.userFilter(call)
	if failure != nil {
		return nil, failure
	}
	count := len(c.from(filter))
	if len(filter.conditions) > 0 {
		count = 0
		for _, user := range c.from(filter) {
			if filter.matches(user) {
				count++
			}
		}
	}
	return object{"object": "total_count", "total_count": count}, nil
}
