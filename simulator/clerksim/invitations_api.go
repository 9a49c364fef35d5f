package clerksim

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// The simulator sends no e-mail, so notify has no visible effect. As at Clerk, the
// answer always has the link.
var invitationFields = organizationMetadata.With(api.Fields{"email_address": api.Text,
	"inviter_user_id": api.Text, "role": api.Text, "redirect_url": api.Text, "expires_in_days": api.Number,
	"notify": api.Flag})

var invitationRoutes = []route{
	api.Op(http.MethodPost, "/v1/organizations/{}/invitations", (*Clerk).createInvitation).Takes(invitationFields),
	api.Op(http.MethodPost, "/v1/organizations/{}/invitations/bulk", (*Clerk).createInvitations).TakesEach(invitationFields),
	api.Op(http.MethodGet, "/v1/organizations/{}/invitations", (*Clerk).listInvitations).Asks(api.Ordered,
		[]string{"status", "email_address"}),
	api.Op(http.MethodGet, "/v1/organizations/{}/invitations/pending", (*Clerk).listPendingInvitations).Asks(api.Paged),
	api.Op(http.MethodGet, "/v1/organizations/{}/invitations/{}", (*Clerk).retrieveInvitation),
	api.Op(http.MethodPost, "/v1/organizations/{}/invitations/{}/revoke",
		(*Clerk).revokeInvitationCall).Takes(api.Fields{"requesting_user_id": api.Text}),
	api.Op(http.MethodGet, "/v1/organization_invitations", (*Clerk).listAllInvitations).Asks(api.Ordered,
		[]string{"status", "query"}),
}

// maxInvitations is the limit for one bulk request.
const maxInvitations = 10

// readInvitation reads and checks one invitation of a request.
func (c *Clerk) readInvitation(organization *Organization, call *api.Call) (*Invitation, *api.Error) {
	if failure := call.Needs("email_address", "role"); failure != nil {
		return nil, failure
	}
	fresh := &Invitation{Email: call.Text("email_address"), Role: call.Text("role"),
		Inviter: call.Text("inviter_user_id"), RedirectURL: call.Text("redirect_url")}
	if fresh.RedirectURL != "" && !absolute(fresh.RedirectURL) {
		return nil, api.Unprocessable("redirect_url", "form_param_format_invalid", "is invalid",
			"redirect_url must be a valid url.")
	}
	if days := call.Number("expires_in_days"); days != nil {
		if *days < 1 || *days > 365 {
			return nil, api.InvalidValue("expires_in_days", string(api.Encode(*days)))
		}
		fresh.ExpiresAt = c.now().Add(time.Duration(*days) * 24 * time.Hour)
	}
	if failure := applyMetadata(call.Body, fresh.metadata(), replaced); failure != nil {
		return nil, failure
	}
	return fresh, c.checkInvitation(organization, fresh)
}

func (c *Clerk) createInvitation(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	fresh, failure := c.readInvitation(organization, call)
	if failure == nil {
		failure = c.room(organization, 1)
	}
	if failure != nil {
		return nil, failure
	}
	return c.showInvitation(c.invite(organization, fresh)), nil
}

// createInvitations creates all invitations or none.
func (c *Clerk) createInvitations(each *api.Call) (any, *api.Error) {
	organization := c.organization(each.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	if len(each.Items) > maxInvitations {
		return nil, api.BadRequest("bulk_size_exceeded", "bulk size exceeded",
			"Parameters exceed the maximum allowed bulk processing size of %d.", maxInvitations)
	}
	var wanted []*Invitation
	for _, item := range each.Items {
		body, _ := item.(map[string]any)
		fresh, failure := c.readInvitation(organization, &api.Call{Body: body})
		if failure != nil {
			return nil, failure
		}
		if slices.ContainsFunc(wanted, func(other *Invitation) bool { return strings.EqualFold(other.Email, fresh.Email) }) {
			return nil, api.BadRequest("organization_invitation_not_unique", "organization invitation not unique",
				"Organizations cannot have duplicate pending invitations for an email address.")
		}
		wanted = append(wanted, fresh)
	}
	if failure := c.room(organization, len(wanted)); failure != nil {
		return nil, failure
	}
	for _, fresh := range wanted {
		c.invite(organization, fresh)
	}
	return listed(wanted, len(wanted), 0, c.showInvitation), nil
}

func (c *Clerk) listInvitations(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	email := call.Query.Get("email_address")
	return c.invitations(call, c.index.invitationsOf[organization.ID], func(i *Invitation) bool {
		return email == "" || strings.EqualFold(i.Email, email)
	}, c.showInvitation)
}

func (c *Clerk) listPendingInvitations(call *api.Call) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	return c.invitations(call, c.index.pendingOf[organization.ID], nil, c.showInvitation)
}

func (c *Clerk) listAllInvitations(call *api.Call) (any, *api.Error) {
	query := strings.ToLower(call.Query.Get("query"))
	return c.invitations(call, slices.Collect(c.state.Invitations.Oldest()), func(i *Invitation) bool {
		return strings.Contains(strings.ToLower(i.Email), query)
	}, c.showInvitationOf)
}

func (c *Clerk) listUserInvitations(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	return c.invitations(call, c.invitedAs(user), nil, c.showInvitationOf)
}

// invitedAs returns the invitations to a user's addresses, oldest first.
func (c *Clerk) invitedAs(user *User) []*Invitation {
	var all []*Invitation
	for _, address := range user.Addresses {
		if address.claims() {
			all = append(all, c.index.invitationsOf[strings.ToLower(address.Address)]...)
		}
	}
	slices.SortStableFunc(all, func(a, b *Invitation) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all
}

// invitations shows a page of the invitations that match and have one of the
// requested statuses. A nil matches accepts all.
func (c *Clerk) invitations(call *api.Call, from []*Invitation, matches func(*Invitation) bool,
	show func(*Invitation) object) (any, *api.Error) {
	limit, offset, failure := call.Bounds()
	if failure != nil {
		return nil, failure
	}
	statuses, failure := call.List("status")
	if failure != nil {
		return nil, failure
	}
	for _, status := range statuses {
		if !slices.Contains([]string{pending, accepted, revoked, expired}, status) {
			return nil, api.InvalidValue("status", status)
		}
	}
	var matching []*Invitation
	for _, invitation := range from {
		if (len(statuses) == 0 || slices.Contains(statuses, invitation.Status)) && (matches == nil || matches(invitation)) {
			matching = append(matching, invitation)
		}
	}
	switch order, descending := call.Order(); order {
	case "email_address":
		slices.SortStableFunc(matching, func(a, b *Invitation) int { return cmp.Compare(a.Email, b.Email) })
		fallthrough
	case "created_at":
		if descending {
			slices.Reverse(matching)
		}
	default:
		return nil, api.InvalidValue("order_by", order)
	}
	return listed(matching, limit, offset, show), nil
}

// invitationAt returns the organization and the invitation in the path.
func (c *Clerk) invitationAt(call *api.Call) (*Organization, *Invitation, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, nil, noOrganization()
	}
	invitation := c.state.Invitations.Get(call.Path[1])
	if invitation == nil || invitation.Organization != organization.ID {
		return nil, nil, api.NotFound("No invitation was found with id %s.", call.Path[1])
	}
	return organization, invitation, nil
}

func (c *Clerk) retrieveInvitation(call *api.Call) (any, *api.Error) {
	_, invitation, failure := c.invitationAt(call)
	if failure != nil {
		return nil, failure
	}
	return c.showInvitation(invitation), nil
}

func (c *Clerk) revokeInvitationCall(call *api.Call) (any, *api.Error) {
	organization, invitation, failure := c.invitationAt(call)
	if failure != nil {
		return nil, failure
	}
	if requester := call.Text("requesting_user_id"); requester != "" {
		if failure := c.checkManager(organization, requester); failure != nil {
			return nil, failure
		}
	}
	if failure := c.revokeInvitation(invitation); failure != nil {
		return nil, failure
	}
	return c.showInvitation(invitation), nil
}
