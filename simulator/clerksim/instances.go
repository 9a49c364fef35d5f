package clerksim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
)

// Move configures MoveInstance.
type Move struct {
	// Key is the secret key of the new instance, which no other instance may have.
	// Default: a generated key.
	Key string
	// Metadata copies public, private and unsafe metadata. Without it the new
	// instance has none, as after an import that sends none.
	Metadata bool
	// Announce sends user.created, organization.created and
	// organizationMembership.created from the new instance.
	Announce bool
}

// Moved is a new instance with the new id of each user and organization.
type Moved struct {
	Instance      string            `json:"id"`
	Key           string            `json:"key"`
	Users         map[string]string `json:"users"`         // old id to new id
	Organizations map[string]string `json:"organizations"` // likewise
}

// secret is the key that requests to the current instance carry.
func (c *Clerk) secret() string { return cmp.Or(c.state.Secret, c.config.Key) }

// MoveInstance makes a new instance with the same users and organizations, and
// makes it the current one. A move from development to production, or a second
// import, has the same effect. Users and organizations get new ids; a user's
// external_id is the old id. E-mail addresses, phone numbers, passwords, slugs,
// memberships, roles and webhook endpoints stay. Sessions and invitations do not.
// The former instance still answers requests with its own key. It fails for a live
// key and for a key that another instance has.
func (c *Clerk) MoveInstance(move Move) (Moved, error) {
	var moved Moved
	var err error
	c.world.Change(func() { moved, err = c.moveInstance(move) })
	return moved, err
}

func (c *Clerk) moveInstance(move Move) (Moved, error) {
	former := c.state
	id := c.world.NewID("ins_2", 26)
	key := cmp.Or(move.Key, c.world.NewID("sk_test_", 40))
	if api.LiveKey(key) {
		return Moved{}, errors.New("key: a simulator must never have a live key; choose a test key")
	}
	if key == c.secret() || slices.ContainsFunc(former.Former,
		func(other *State) bool { return cmp.Or(other.Secret, c.config.Key) == key }) {
		return Moved{}, errors.New("key: another instance has this key; choose another")
	}
	signing, err := token.NumberedKey(len(former.Former) + 1)
	if err != nil {
		return Moved{}, fmt.Errorf("make signing key: %w", err)
	}
	next := &State{Instance: id, Secret: key, Key: signing, Endpoints: former.Endpoints, SvixDeleted: former.SvixDeleted}
	next.Former = append(former.Former, former)
	former.Former, former.Endpoints, former.index = nil, nil, c.index
	for role := range former.Roles.Oldest() {
		copied := *role
		next.Roles.Add(&copied)
	}
	for permission := range former.Permissions.Oldest() {
		copied := *permission
		next.Permissions.Add(&copied)
	}
	for template := range former.Templates.Oldest() {
		copied := *template
		next.Templates.Add(&copied)
	}
	c.state, c.index = next, newIndex(next)
	moved := Moved{Instance: id, Key: key, Users: map[string]string{}, Organizations: map[string]string{}}
	c.moveUsers(former, move, moved.Users)
	c.moveOrganizations(former, move, moved)
	return moved, nil
}

func (c *Clerk) moveUsers(former *State, move Move, ids map[string]string) {
	for old := range former.Users.Oldest() {
		user := old.clone()
		user.ID, user.ExternalID = c.world.NewID("user_2", 26), old.ID
		user.UpdatedAt, user.Sequence = c.now(), c.world.Sequence()
		if !move.Metadata {
			user.Public, user.Private, user.Unsafe = map[string]any{}, map[string]any{}, map[string]any{}
		}
		for i := range user.Addresses {
			primary := user.Addresses[i].ID == user.EmailID
			user.Addresses[i].ID = c.world.NewID("idn_2", 26)
			if primary {
				user.EmailID = user.Addresses[i].ID
			}
		}
		for i := range user.Phones {
			primary := user.Phones[i].ID == user.PhoneID
			user.Phones[i].ID = c.world.NewID("idn_2", 26)
			if primary {
				user.PhoneID = user.Phones[i].ID
			}
		}
		ids[old.ID] = user.ID
		c.index.addUser(c.state.Users.Add(&user))
		if move.Announce {
			c.emit("user.created", c.showUser(&user))
		}
	}
}

func (c *Clerk) moveOrganizations(former *State, move Move, moved Moved) {
	for old := range former.Organizations.Oldest() {
		organization := old.clone()
		organization.ID, organization.CreatedBy = c.world.NewID("org_2", 26), moved.Users[old.CreatedBy]
		organization.UpdatedAt, organization.Sequence = c.now(), c.world.Sequence()
		if !move.Metadata {
			organization.Public, organization.Private = map[string]any{}, map[string]any{}
		}
		moved.Organizations[old.ID] = organization.ID
		c.index.addOrganization(c.state.Organizations.Add(&organization))
		if move.Announce {
			c.emit("organization.created", c.showOrganization(&organization, true))
		}
	}
	for old := range former.Memberships.Oldest() {
		membership := *old
		membership.ID, membership.User, membership.Organization = c.world.NewID("orgmem_2", 26), moved.Users[old.User],
			moved.Organizations[old.Organization]
		membership.Public, membership.Private = map[string]any{}, map[string]any{}
		if move.Metadata {
			membership.Public, membership.Private = deepCopy(old.Public), deepCopy(old.Private)
		}
		c.index.addMembership(c.state.Memberships.Add(&membership))
		if move.Announce {
			c.emit("organizationMembership.created", c.showMembershipEvent(&membership))
		}
	}
}

// UseInstance makes a former instance the current one again. It fails for an
// unknown id.
func (c *Clerk) UseInstance(id string) error {
	err := fmt.Errorf("id: there is no instance %q; GET /_sim/instance lists them", id)
	c.world.Change(func() {
		if c.state.Instance == id {
			err = nil
			return
		}
		at := slices.IndexFunc(c.state.Former, func(other *State) bool { return other.Instance == id })
		if at < 0 {
			return
		}
		left, others := c.state, c.state.Former
		wanted := others[at]
		wanted.Former = append(slices.Delete(slices.Clone(others), at, at+1), left)
		wanted.Endpoints, wanted.SvixDeleted = left.Endpoints, left.SvixDeleted
		left.Former, left.Endpoints, left.index = nil, nil, c.index
		c.state, c.index, err = wanted, newIndex(wanted), nil
	})
	return err
}

// Instances lists the ids of the instances, the current one first.
func (c *Clerk) Instances() []string {
	var all []string
	c.world.View(func() {
		all = []string{c.state.Instance}
		for _, other := range c.state.Former {
			all = append(all, other.Instance)
		}
	})
	return all
}

// enter switches to the instance whose key a request carries, until the caller
// calls leave.
func (c *Clerk) enter(key string) (leave func()) {
	at := slices.IndexFunc(c.state.Former, func(other *State) bool { return cmp.Or(other.Secret, c.config.Key) == key })
	if at < 0 || key == "" {
		return func() {}
	}
	state, index := c.state, c.index
	c.state = state.Former[at]
	if c.state.index == nil {
		c.state.index = newIndex(c.state)
	}
	c.index = c.state.index
	return func() { c.state, c.index = state, index }
}
