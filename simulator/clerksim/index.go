package clerksim

import (
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/ordered"
)

// index finds objects by everything other than their id, so that no request scans
// a table. It is built from the tables and never saved.
type index struct {
	users         ordered.Timeline[*User]
	organizations ordered.Timeline[*Organization]

	usersByEmail,
	usersByPhone map[string][]*User // several users may have an unverified address or number
	userByAddress,
	userByPhoneID,
	userByExternalID,
	userByUsername map[string]*User
	organizationBySlug map[string]*Organization

	membershipsOf       map[string][]*Membership // by user, and by organization
	membershipBetween   map[pair]*Membership
	sessionsOf          map[string][]*Session    // by user, and by client
	invitationsOf       map[string][]*Invitation // by organization, and by e-mail address
	pendingOf           map[string][]*Invitation // by organization
	invitationByTicket  map[string]*Invitation
	membershipsWithRole map[string]int
}

type pair struct{ organization, user string }

func newIndex(state *State) *index {
	x := &index{
		usersByEmail: map[string][]*User{}, usersByPhone: map[string][]*User{}, userByPhoneID: map[string]*User{},
		userByAddress: map[string]*User{}, userByExternalID: map[string]*User{},
		userByUsername: map[string]*User{}, organizationBySlug: map[string]*Organization{},
		membershipsOf:     map[string][]*Membership{},
		membershipBetween: map[pair]*Membership{}, sessionsOf: map[string][]*Session{},
		invitationsOf: map[string][]*Invitation{},
		pendingOf:     map[string][]*Invitation{}, invitationByTicket: map[string]*Invitation{},
		membershipsWithRole: map[string]int{},
	}
	for user := range state.Users.Oldest() {
		x.addUser(user)
	}
	for organization := range state.Organizations.Oldest() {
		x.addOrganization(organization)
	}
	for membership := range state.Memberships.Oldest() {
		x.addMembership(membership)
	}
	for session := range state.Sessions.Oldest() {
		x.addSession(session)
	}
	for invitation := range state.Invitations.Oldest() {
		x.addInvitation(invitation)
	}
	return x
}

// To change a user's identifiers: removeUser, change the user, addUser.

func (x *index) addUser(user *User) {
	x.users.Add(user)
	for _, address := range user.Addresses {
		key := strings.ToLower(address.Address)
		x.usersByEmail[key] = append(x.usersByEmail[key], user)
		x.userByAddress[address.ID] = user
	}
	for _, phone := range user.Phones {
		x.usersByPhone[phone.Number] = append(x.usersByPhone[phone.Number], user)
		x.userByPhoneID[phone.ID] = user
	}
	set(x.userByExternalID, user.ExternalID, user)
	set(x.userByUsername, strings.ToLower(user.Username), user)
}

func (x *index) removeUser(user *User) {
	x.users.Remove(user)
	for _, address := range user.Addresses {
		drop(x.usersByEmail, strings.ToLower(address.Address), user)
		delete(x.userByAddress, address.ID)
	}
	for _, phone := range user.Phones {
		drop(x.usersByPhone, phone.Number, user)
		delete(x.userByPhoneID, phone.ID)
	}
	delete(x.userByExternalID, user.ExternalID)
	delete(x.userByUsername, strings.ToLower(user.Username))
}

func (x *index) addOrganization(organization *Organization) {
	x.organizations.Add(organization)
	set(x.organizationBySlug, organization.Slug, organization)
}

func (x *index) removeOrganization(organization *Organization) {
	x.organizations.Remove(organization)
	delete(x.organizationBySlug, organization.Slug)
}

func (x *index) addMembership(m *Membership) {
	x.membershipsOf[m.User] = append(x.membershipsOf[m.User], m)
	x.membershipsOf[m.Organization] = append(x.membershipsOf[m.Organization], m)
	x.membershipBetween[pair{m.Organization, m.User}] = m
	x.membershipsWithRole[m.Role]++
}

func (x *index) removeMembership(m *Membership) {
	drop(x.membershipsOf, m.User, m)
	drop(x.membershipsOf, m.Organization, m)
	delete(x.membershipBetween, pair{m.Organization, m.User})
	x.membershipsWithRole[m.Role]--
}

func (x *index) addSession(s *Session) {
	x.sessionsOf[s.User] = append(x.sessionsOf[s.User], s)
	x.sessionsOf[s.Client] = append(x.sessionsOf[s.Client], s)
}

func (x *index) removeSession(s *Session) {
	drop(x.sessionsOf, s.User, s)
	drop(x.sessionsOf, s.Client, s)
}

func (x *index) addInvitation(i *Invitation) {
	for _, key := range []string{i.Organization, strings.ToLower(i.Email)} {
		x.invitationsOf[key] = append(x.invitationsOf[key], i)
	}
	x.invitationByTicket[i.Ticket] = i
	if i.Status == pending {
		x.pendingOf[i.Organization] = append(x.pendingOf[i.Organization], i)
	}
}

func (x *index) removeInvitation(i *Invitation) {
	for _, key := range []string{i.Organization, strings.ToLower(i.Email)} {
		drop(x.invitationsOf, key, i)
	}
	delete(x.invitationByTicket, i.Ticket)
	drop(x.pendingOf, i.Organization, i)
}

func set[T any](m map[string]T, key string, value T) {
	if key != "" {
		m[key] = value
	}
}

func drop[T comparable](m map[string][]T, key string, value T) {
	if left := slices.DeleteFunc(m[key], func(other T) bool { return other == value }); len(left) > 0 {
		m[key] = left
	} else {
		delete(m, key)
	}
}
