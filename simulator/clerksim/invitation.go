package clerksim

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// Invitation is an invitation to an organization.
type Invitation struct {
	ID           string         `json:"id"`
	Organization string         `json:"organization"`
	Email        string         `json:"email_address"`
	Role         string         `json:"role"`
	Inviter      string         `json:"inviter"`
	Status       string         `json:"status"`
	Ticket       string         `json:"ticket"` // in the link
	RedirectURL  string         `json:"redirect_url"`
	User         string         `json:"user"` // the user who accepted it
	Public       map[string]any `json:"public_metadata"`
	Private      map[string]any `json:"private_metadata"`
	ExpiresAt    time.Time      `json:"expires_at"`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
}

// Key returns the id.
func (i *Invitation) Key() string { return i.ID }

func (i *Invitation) metadata() map[string]*map[string]any {
	return map[string]*map[string]any{"public_metadata": &i.Public, "private_metadata": &i.Private}
}

// Statuses of an invitation.
const (
	pending  = "pending"
	accepted = "accepted"
	revoked  = "revoked"
	expired  = "expired"
)

// invitationLifetime is Clerk's default.
const invitationLifetime = 30 * 24 * time.Hour

const expireInvitation = "clerk_invitation_expires"

// Invite invites an address to an organization; role "" is org:member. It returns
// the link that Clerk would send by e-mail.
func (c *Clerk) Invite(organizationID, email, role string) (link string, err error) {
	err = c.change(func() *api.Error {
		organization := c.organization(organizationID)
		if organization == nil {
			return noOrganization()
		}
		fresh := &Invitation{Email: email, Role: cmp.Or(role, memberRole)}
		if failure := c.checkInvitation(organization, fresh); failure != nil {
			return failure
		}
		link = c.invitationLink(c.invite(organization, fresh))
		return nil
	})
	return link, err
}

// checkInvitation refuses what Clerk refuses. An inviter must be able to manage
// members. An invitation without an inviter comes from the application.
func (c *Clerk) checkInvitation(organization *Organization, fresh *Invitation) *api.Error {
	if failure := checkAddressFormat(fresh.Email); failure != nil {
		return failure
	}
	if c.role(fresh.Role) == nil {
		return noRole("role")
	}
	if fresh.Inviter != "" {
		if failure := c.checkManager(organization, fresh.Inviter); failure != nil {
			return failure
		}
	}
	if user := c.claimant(fresh.Email); user != nil && c.membership(organization.ID, user.ID) != nil {
		return alreadyMember(fresh.Email)
	}
	for _, other := range c.index.pendingOf[organization.ID] {
		if strings.EqualFold(other.Email, fresh.Email) {
			return api.BadRequest("duplicate_record", "duplicate invitation",
				"There are already pending invitations for the following email addresses: %s", fresh.Email)
		}
	}
	return nil
}

func (c *Clerk) checkManager(organization *Organization, userID string) *api.Error {
	membership := c.membership(organization.ID, userID)
	switch {
	case c.user(userID) == nil:
		return noUser(userID)
	case membership == nil:
		return api.Forbidden("not_a_member_in_organization", "not a member",
			"Current user is not a member of the organization. Only organization members can perform this action.")
	case !c.grants(c.role(membership.Role), manageMembers):
		return &api.Error{Status: http.StatusForbidden, Code: "missing_organization_permission", Message: "missing permission",
			Long: "Current user is missing an organization permission.",
			Meta: map[string]any{"permissions": []string{manageMembers}}}
	}
	return nil
}

func (c *Clerk) invite(organization *Organization, fresh *Invitation) *Invitation {
	fresh.ID, fresh.Ticket, fresh.Organization, fresh.Status = c.world.NewID("orginv_2", 26), c.world.NewID("tkt_", 32),
		organization.ID, pending
	fresh.Public, fresh.Private = deepCopy(fresh.Public), deepCopy(fresh.Private)
	fresh.CreatedAt, fresh.UpdatedAt = c.now(), c.now()
	if fresh.ExpiresAt.IsZero() {
		fresh.ExpiresAt = c.now().Add(invitationLifetime)
	}
	invitation := c.state.Invitations.Add(fresh)
	c.index.addInvitation(invitation)
	c.world.At(invitation.ExpiresAt, expireInvitation, invitation.ID)
	c.emit("organizationInvitation.created", c.showInvitationEvent(invitation))
	return invitation
}

// settleInvitation sets the final status of a pending invitation.
func (c *Clerk) settleInvitation(invitation *Invitation, status string) {
	invitation.Status, invitation.UpdatedAt = status, c.now()
	drop(c.index.pendingOf, invitation.Organization, invitation)
}

// invitationExpired runs when an invitation expires. Clerk has no event for that.
func (c *Clerk) invitationExpired(id string) {
	if invitation := c.state.Invitations.Get(id); invitation != nil && invitation.Status == pending {
		c.settleInvitation(invitation, expired)
	}
}

// accept makes the user a member with the invitation's role and metadata. The
// address counts as verified, because the link came by e-mail.
func (c *Clerk) accept(invitation *Invitation, user *User) *api.Error {
	organization := c.organization(invitation.Organization)
	switch {
	case invitation.Status != pending:
		return notPending(invitation)
	case user.Banned:
		return banned()
	case c.membership(organization.ID, user.ID) != nil:
		return alreadyMember(invitation.Email)
	}
	invitation.User = user.ID
	c.settleInvitation(invitation, accepted)
	c.emit("organizationInvitation.accepted", c.showInvitationEvent(invitation))
	c.addMembership(organization, user, Membership{Role: invitation.Role, Public: invitation.Public,
		Private: invitation.Private})
	return nil
}

// notPending names the status of an invitation that is not pending. The code is
// ours, because Clerk publishes none.
func notPending(invitation *Invitation) *api.Error {
	return api.BadRequest("invitation_not_pending", "not pending", "This invitation is %s.", invitation.Status)
}

func (c *Clerk) revokeInvitation(invitation *Invitation) *api.Error {
	if invitation.Status != pending {
		return notPending(invitation)
	}
	c.settleInvitation(invitation, revoked)
	c.emit("organizationInvitation.revoked", c.showInvitationEvent(invitation))
	return nil
}

// invitationLink returns the link in the invitation's e-mail.
func (c *Clerk) invitationLink(invitation *Invitation) string {
	link := c.config.URL + "/accept-invitation?" + ticketParameter + "=" + invitation.Ticket
	if invitation.RedirectURL != "" {
		link += "&redirect_url=" + url.QueryEscape(invitation.RedirectURL)
	}
	return link
}

// ticketParameter carries the ticket in Clerk's links.
const ticketParameter = "__clerk_ticket"

func (c *Clerk) showInvitation(i *Invitation) object {
	shown := c.showInvitationEvent(i)
	delete(shown, "user_id")
	shown["inviter_id"], shown["public_inviter_data"] = orNull(i.Inviter), nil
	if inviter := c.user(i.Inviter); inviter != nil {
		shown["public_inviter_data"] = object{"user_id": inviter.ID, "first_name": orNull(inviter.FirstName),
			"last_name": orNull(inviter.LastName), "image_url": image, "has_image": false,
			"identifier": cmp.Or(inviter.Email, inviter.Username)}
	}
	return shown
}

// showInvitationEvent shows an invitation as webhooks do, without the inviter.
func (c *Clerk) showInvitationEvent(i *Invitation) object {
	shown := object{"object": "organization_invitation", "id": i.ID, "email_address": i.Email, "role": i.Role,
		"role_name": c.role(i.Role).Name, "organization_id": i.Organization, "status": i.Status,
		"public_metadata": deepCopy(i.Public), "private_metadata": deepCopy(i.Private),
		"url": c.invitationLink(i), "expires_at": i.ExpiresAt.UnixMilli(),
		"created_at": i.CreatedAt.UnixMilli(), "updated_at": i.UpdatedAt.UnixMilli()}
	if i.User != "" {
		shown["user_id"] = i.User
	}
	return shown
}

// showInvitationOf shows an invitation with its organization, for the invitee.
func (c *Clerk) showInvitationOf(i *Invitation) object {
	shown := c.showInvitation(i)
	if o := c.organization(i.Organization); o != nil {
		shown["public_organization_data"] = object{"id": o.ID, "name": o.Name, "slug": o.Slug,
			"image_url": image, "has_image": false}
	}
	return shown
}
