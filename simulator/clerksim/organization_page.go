package clerksim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// organizationView is the data of an organization's page, as one member sees it.
type organizationView struct {
	page.Frame
	Organization Organization
	Metadata     string
	Role         string // of the member who opened the page
	Members      []memberView
	Invitations  []invitedView
	Roles        []roleView
	Active       bool
	ManagesPeople,
	ManagesProfile,
	Deletes bool
	Error, Invited string
	Account        string
}

type memberView struct {
	ID, Name, Identifier, Role, RoleName string
	Self                                 bool
}

type invitedView struct{ ID, Email, RoleName, Link string }

type roleView struct{ Key, Name string }

var organizationTemplate = page.Parse(`
<p class="soft"><a href="{{.Account}}">Account</a> / Organization</p>
<h1>{{.Organization.Name}} {{if .Active}}<span class="status good">active</span>{{end}}</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<div class="columns">
<section class="card">
<h2>Members</h2>
<ul class="rows">
{{range .Members}}<li class="entry"><span class="grow">{{.Name}}{{if .Self}} <span class="status">you</span>{{end}}<br><span class="soft">{{.Identifier}}</span></span>
{{if $.ManagesPeople}}<form method="post" class="tools"><input type="hidden" name="user" value="{{.ID}}">
<label class="hidden" for="role-{{.ID}}">Role of {{.Name}}</label>
<select id="role-{{.ID}}" name="role">{{$role := .Role}}{{range $.Roles}}<option value="{{.Key}}"{{if eq .Key $role}} selected{{end}}>{{.Name}}</option>{{end}}</select>
<button class="quiet" name="action" value="role">Change</button>
{{if not .Self}}<button class="danger" name="action" value="remove">Remove</button>{{end}}</form>
{{else}}<span class="soft">{{.RoleName}}</span>{{end}}</li>{{end}}
</ul>
</section>
{{if .ManagesPeople}}<section class="card">
<h2>Invitations</h2>
{{with .Invitations}}<ul class="rows">{{range .}}<li class="entry"><span class="grow">{{.Email}}<br><span class="soft">{{.RoleName}} · <a href="{{.Link}}">invitation link</a></span></span>
<form method="post"><input type="hidden" name="invitation" value="{{.ID}}"><button class="quiet" name="action" value="revoke">Revoke</button></form></li>{{end}}</ul>
{{else}}<p class="soft">No pending invitations.</p>{{end}}
<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="off" required value="{{.Invited}}">
<label for="role">Role</label>
<select id="role" name="role">{{range .Roles}}<option value="{{.Key}}"{{if eq .Key "org:member"}} selected{{end}}>{{.Name}}</option>{{end}}</select>
<button class="full" name="action" value="invite">Invite</button>
</form>
</section>{{end}}
{{if .ManagesProfile}}<section class="card">
<h2>Profile</h2>
<form method="post">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="organization" required value="{{.Organization.Name}}">
<label for="slug">Slug</label>
<input id="slug" name="slug" autocomplete="off" required value="{{.Organization.Slug}}">
<button class="full" name="action" value="rename">Save</button>
</form>
</section>{{end}}
<section class="card">
<h2>Public metadata</h2>
<pre id="public_metadata">{{.Metadata}}</pre>
<p class="soft">{{.Organization.ID}}</p>
</section>
<section class="card">
<h2>Your membership</h2>
<p class="soft">Your role: {{.Role}}</p>
<form method="post" class="actions">
{{if not .Active}}<button class="quiet" name="action" value="use">Make active</button>{{end}}
<button class="danger" name="action" value="leave">Leave organization</button>
{{if .Deletes}}<button class="danger" name="action" value="delete">Delete organization</button>{{end}}
</form>
</section>
</div>`)

// present returns the session of the browser and the membership of its user in the
// organization of the path. Either may be nil. Call it under the lock.
func (c *Clerk) present(r *http.Request) (*Session, *Membership) {
	session := c.signedIn(r)
	if session == nil {
		return nil, nil
	}
	return session, c.membership(r.PathValue("id"), session.User)
}

func (c *Clerk) organizationPage(w http.ResponseWriter, r *http.Request) {
	c.writeOrganization(w, r, http.StatusOK, "")
}

func (c *Clerk) writeOrganization(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view *organizationView
	signedIn := false
	c.world.View(func() {
		session, membership := c.present(r)
		signedIn = session != nil
		if membership != nil {
			view = c.viewOrganization(session, membership)
		}
	})
	switch {
	case !signedIn:
		http.Redirect(w, r, other("/sign-in", r), http.StatusSeeOther)
		return
	case view == nil:
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"),
			Heading: "You are not a member of this organization",
			Text:    "Only members can open an organization.", Link: other("/user", r), LinkTo: "Your account"})
		return
	}
	view.Error, view.Account = problem, other("/user", r)
	if problem != "" {
		view.Invited = trimmed(r, "email")
	}
	page.Write(w, status, organizationTemplate, view)
}

func (c *Clerk) viewOrganization(session *Session, own *Membership) *organizationView {
	organization, role := c.organization(own.Organization), c.role(own.Role)
	view := &organizationView{Frame: frame(organization.Name), Organization: organization.clone(),
		Metadata: readable(organization.Public), Role: role.Name,
		Active: session.Organization == organization.ID, ManagesPeople: c.grants(role, manageMembers),
		ManagesProfile: c.grants(role, manageOrganization),
		Deletes:        c.grants(role, deleteOrganizations) && organization.AdminDelete}
	for role := range c.state.Roles.Oldest() {
		view.Roles = append(view.Roles, roleView{Key: role.RoleKey, Name: role.Name})
	}
	for _, membership := range c.index.membershipsOf[organization.ID] {
		user := c.user(membership.User)
		view.Members = append(view.Members, memberView{ID: user.ID, Name: user.Name(), Identifier: user.identifier(),
			Role:     membership.Role,
			RoleName: c.role(membership.Role).Name, Self: membership == own})
	}
	for _, invitation := range slices.Backward(c.index.pendingOf[organization.ID]) {
		view.Invitations = append(view.Invitations, invitedView{ID: invitation.ID, Email: invitation.Email,
			RoleName: c.role(invitation.Role).Name, Link: c.invitationLink(invitation)})
	}
	return view
}

func (c *Clerk) organizationPost(w http.ResponseWriter, r *http.Request) {
	gone := false
	err := c.change(func() *api.Error {
		session, membership := c.present(r)
		if membership == nil {
			return noOrganization()
		}
		organization := c.organization(membership.Organization)
		var failure *api.Error
		failure, gone = c.actInOrganization(r, session, membership, organization)
		return failure
	})
	switch {
	case err != nil:
		c.writeOrganization(w, r, http.StatusUnprocessableEntity, plain(err))
	case gone:
		http.Redirect(w, r, other("/user", r), http.StatusSeeOther)
	default:
		http.Redirect(w, r, other("/organization/"+r.PathValue("id"), r), http.StatusSeeOther)
	}
}

// permissionFor is the permission that an action on the page needs; "" needs no permission.
var permissionFor = map[string]string{"invite": manageMembers, "revoke": manageMembers, "role": manageMembers,
	"remove": manageMembers, "rename": manageOrganization, "delete": deleteOrganizations}

// actInOrganization performs the action of a member if the role allows it. gone
// reports that the member has left the organization.
func (c *Clerk) actInOrganization(r *http.Request, session *Session, own *Membership,
	organization *Organization) (failure *api.Error, gone bool) {
	action := trimmed(r, "action")
	if needed := permissionFor[action]; needed != "" && !c.grants(c.role(own.Role), needed) {
		return api.Forbidden("missing_organization_permission", "missing permission", "Your role does not allow this."), false
	}
	switch action {
	case "invite":
		return c.inviteFromPage(organization, &Invitation{Email: trimmed(r, "email"), Role: trimmed(r, "role"),
			Inviter: own.User}), false
	case "revoke":
		return c.revokeFromPage(organization, trimmed(r, "invitation")), false
	case "role":
		return c.setRoleFromPage(organization, trimmed(r, "user"), trimmed(r, "role")), false
	case "remove":
		return c.removeFromPage(organization, trimmed(r, "user"), own)
	case "leave":
		_, failure := c.leave(own)
		return failure, true
	case "rename":
		return c.rename(organization, trimmed(r, "name"), strings.ToLower(trimmed(r, "slug"))), false
	case "use":
		return c.activate(session, organization.ID), false
	case "delete":
		return c.deleteFromPage(organization), true
	}
	return nil, false
}

func (c *Clerk) revokeFromPage(organization *Organization, id string) *api.Error {
	invitation := c.state.Invitations.Get(id)
	if invitation == nil || invitation.Organization != organization.ID {
		return api.NotFound("This invitation no longer exists.")
	}
	return c.revokeInvitation(invitation)
}

func (c *Clerk) setRoleFromPage(organization *Organization, user, role string) *api.Error {
	member := c.membership(organization.ID, user)
	if member == nil {
		return noMembership()
	}
	return c.setRole(member, role)
}

func (c *Clerk) removeFromPage(organization *Organization, user string, own *Membership) (_ *api.Error, gone bool) {
	member := c.membership(organization.ID, user)
	if member == nil {
		return noMembership(), false
	}
	_, failure := c.leave(member)
	return failure, member == own
}

func (c *Clerk) deleteFromPage(organization *Organization) *api.Error {
	if !organization.AdminDelete {
		return api.Forbidden("organization_admin_delete_not_enabled", "deletion not enabled",
			"Deletion by admin is not enabled for this organization.")
	}
	c.deleteOrganization(organization)
	return nil
}

func (c *Clerk) inviteFromPage(organization *Organization, fresh *Invitation) *api.Error {
	if failure := c.checkInvitation(organization, fresh); failure != nil {
		return failure
	}
	if failure := c.room(organization, 1); failure != nil {
		return failure
	}
	c.invite(organization, fresh)
	return nil
}

func (c *Clerk) rename(organization *Organization, name, slug string) *api.Error {
	if failure := checkName(name); failure != nil {
		return failure
	}
	if failure := c.checkSlug(slug, organization); failure != nil {
		return failure
	}
	c.index.removeOrganization(organization)
	organization.Name, organization.Slug = name, slug
	c.index.addOrganization(organization)
	c.organizationUpdated(organization)
	return nil
}
