package clerksim

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// accountView is the data of the account page.
type accountView struct {
	page.Frame
	Name          string
	User          User
	Metadata      string
	Organizations []membershipView
	Invitations   []invitedView
	Devices       []deviceView
	Personal      bool // the personal account is active
	PersonalGone  bool // the instance has no personal accounts
	MayCreate     bool
	Error, Added  string
	Back          string
	SignOut       string
}

type membershipView struct {
	ID, Name, RoleName, Metadata, Page string
	Active                             bool
}

type deviceView struct {
	ID, Since string
	This      bool
}

var accountTemplate = page.Parse(`
<h1>{{.Name}}</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<div class="columns">
<section class="card">
<h2>Profile</h2>
<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" value="{{.User.Email}}">
<div class="pair">
<div><label for="first_name">First name</label><input id="first_name" name="first_name" autocomplete="given-name" value="{{.User.FirstName}}"></div>
<div><label for="last_name">Last name</label><input id="last_name" name="last_name" autocomplete="family-name" value="{{.User.LastName}}"></div>
</div>
<button class="full" name="action" value="save">Save</button>
</form>
</section>
<section class="card">
<h2>E-mail addresses</h2>
<ul class="rows">
{{range .User.Addresses}}<li class="entry"><span class="grow">{{.Address}} {{if not .Verified}}<span class="status">not verified</span>{{end}}</span>
{{if eq .ID $.User.EmailID}}<span class="status good">primary</span>{{else}}<form method="post" class="tools"><input type="hidden" name="address" value="{{.ID}}">
{{if .Verified}}<button class="quiet" name="action" value="primary">Make primary</button>{{else}}<button class="quiet" name="action" value="verify">Verify</button>{{end}}
<button class="danger" name="action" value="remove_address">Remove</button></form>{{end}}</li>
{{else}}<li class="soft">This account has no e-mail address.</li>{{end}}
</ul>
<form method="post">
<label for="new_email">Add an address</label>
<input id="new_email" name="new_email" type="email" autocomplete="off" required value="{{.Added}}">
<div class="actions"><button class="quiet" name="action" value="add_address">Add</button></div>
</form>
</section>
<section class="card">
<h2>Organizations</h2>
{{with .Invitations}}<ul class="rows">{{range .}}<li class="entry"><span class="grow">{{.Email}}<br><span class="soft">invited you as {{.RoleName}}</span></span><a class="button" href="{{.Link}}">Join</a></li>{{end}}</ul>{{end}}
<ul class="rows">
{{if not .PersonalGone}}<li><span>Personal account</span>{{if .Personal}}<span class="status good">active</span>{{else}}<form method="post"><button class="quiet" name="action" value="personal">Make active</button></form>{{end}}</li>{{end}}
{{range .Organizations}}<li class="entry"><span class="grow"><a href="{{.Page}}">{{.Name}}</a><br><span class="soft">{{.RoleName}} · {{.ID}}</span></span>
{{if .Active}}<span class="status good">active</span>{{else}}<form method="post"><input type="hidden" name="organization" value="{{.ID}}"><button class="quiet" name="action" value="use">Make active</button></form>{{end}}</li>
<li class="entry"><pre class="grow">{{.Metadata}}</pre></li>{{end}}
</ul>
{{if .MayCreate}}<form method="post">
<label for="name">New organization</label>
<input id="name" name="name" autocomplete="off" placeholder="Acme" required>
<div class="actions"><button class="quiet" name="action" value="organization">Create</button></div>
</form>{{end}}
</section>
<section class="card">
<h2>Public metadata</h2>
<pre id="public_metadata">{{.Metadata}}</pre>
<p class="soft">{{.User.ID}}</p>
</section>
<section class="card">
<h2>Active sessions</h2>
<ul class="rows">
{{range .Devices}}<li class="entry"><span class="grow">{{if .This}}This browser{{else}}Another browser{{end}}<br><span class="soft">signed in on {{.Since}}</span></span>
{{if not .This}}<form method="post"><input type="hidden" name="session" value="{{.ID}}"><button class="quiet" name="action" value="revoke">Sign out</button></form>{{end}}</li>{{end}}
</ul>
</section>
<section class="card">
<h2>Account</h2>
<div class="actions">
{{with .Back}}<a class="button quiet" href="{{.}}">Back to the app</a>{{end}}
<a class="button quiet" href="{{.SignOut}}">Sign out</a>
{{if .User.DeleteSelf}}<form method="post"><button class="danger" name="action" value="delete">Delete account</button></form>{{end}}
</div>
</section>
</div>`)

func (c *Clerk) accountPage(w http.ResponseWriter, r *http.Request) {
	c.writeAccount(w, r, http.StatusOK, "")
}

func (c *Clerk) writeAccount(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var view *accountView
	c.world.View(func() {
		if session := c.signedIn(r); session != nil {
			view = c.viewAccount(session, r)
		}
	})
	if view == nil {
		http.Redirect(w, r, other("/sign-in", r), http.StatusSeeOther)
		return
	}
	view.Error, view.SignOut = problem, other("/sign-out", r)
	if problem != "" {
		view.Added = trimmed(r, "new_email")
	}
	if r.URL.Query().Get("redirect_url") != "" {
		view.Back = other("/sign-in", r) // returns to the app with a fresh token
	}
	page.Write(w, status, accountTemplate, view)
}

func (c *Clerk) viewAccount(session *Session, r *http.Request) *accountView {
	user := c.user(session.User)
	view := &accountView{Frame: frame("Account"), Name: user.Name(), User: user.clone(), Metadata: readable(user.Public),
		Personal:     session.Organization == "",
		PersonalGone: c.config.Instance.MembershipRequired, MayCreate: c.mayCreateOrganization(user) == nil}
	for _, membership := range c.index.membershipsOf[user.ID] {
		organization := c.organization(membership.Organization)
		view.Organizations = append(view.Organizations, membershipView{ID: organization.ID, Name: organization.Name,
			RoleName: c.role(membership.Role).Name,
			Metadata: readable(organization.Public), Page: other("/organization/"+organization.ID, r),
			Active: session.Organization == organization.ID})
	}
	for _, invitation := range c.invitedAs(user) {
		if invitation.Status == pending {
			view.Invitations = append(view.Invitations, invitedView{Email: c.organization(invitation.Organization).Name,
				RoleName: c.role(invitation.Role).Name, Link: c.invitationLink(invitation)})
		}
	}
	for _, other := range slices.Backward(c.index.sessionsOf[user.ID]) {
		if other.live() {
			view.Devices = append(view.Devices, deviceView{ID: other.ID,
				Since: other.CreatedAt.Format("January 2, 2006, 15:04 UTC"), This: other == session})
		}
	}
	return view
}

func readable(metadata map[string]any) string {
	text, err := json.MarshalIndent(metadata, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (c *Clerk) accountPost(w http.ResponseWriter, r *http.Request) {
	signedIn := false
	err := c.change(func() *api.Error {
		session := c.signedIn(r)
		if signedIn = session != nil; !signedIn {
			return nil
		}
		return c.actInAccount(r, session, c.user(session.User))
	})
	switch {
	case !signedIn:
		http.Redirect(w, r, other("/sign-in", r), http.StatusSeeOther)
	case err != nil:
		c.writeAccount(w, r, http.StatusUnprocessableEntity, plain(err))
	default:
		http.Redirect(w, r, other("/user", r), http.StatusSeeOther)
	}
}

func (c *Clerk) actInAccount(r *http.Request, session *Session, user *User) *api.Error {
	switch trimmed(r, "action") {
	case "save":
		return c.updateUserNow(user, trimmed(r, "email"), trimmed(r, "first_name"), trimmed(r, "last_name"))
	case "add_address", "primary", "verify", "remove_address":
		return c.actOnAddress(r, user)
	case "organization":
		if failure := c.mayCreateOrganization(user); failure != nil {
			return failure
		}
		organization, failure := c.addOrganization(Organization{Name: trimmed(r, "name"), CreatedBy: user.ID})
		if failure == nil && c.config.Instance.MembershipRequired && session.Organization == "" {
			return c.activate(session, organization.ID)
		}
		return failure
	case "use", "personal":
		return c.activate(session, trimmed(r, "organization"))
	case "revoke":
		if other := c.session(trimmed(r, "session")); other != nil && other.User == user.ID && other.live() {
			c.finishSession(other, revoked)
		}
	case "delete":
		if !user.DeleteSelf {
			return api.Forbidden("user_delete_self_not_enabled", "deletion not enabled",
				"Deleting the account is not enabled for this user.")
		}
		c.deleteUser(user)
	}
	return nil
}

// actOnAddress changes the addresses of a user. A new address counts as verified,
// because the simulator sends no e-mail with a code.
func (c *Clerk) actOnAddress(r *http.Request, user *User) *api.Error {
	address := user.addressByID(trimmed(r, "address"))
	switch action := trimmed(r, "action"); {
	case action == "add_address":
		if failure := c.checkEmail(trimmed(r, "new_email"), user); failure != nil {
			return failure
		}
		c.addAddress(user, c.newAddress(trimmed(r, "new_email"), verified, byCode), false)
	case address == nil:
		return api.NotFound("This address no longer exists.")
	case action == "primary" && !address.Verified:
		return primaryUnverified("email_address")
	case action == "primary":
		user.setPrimary(address.ID)
	case action == "verify":
		if other := c.claimant(address.Address); other != nil && other != user {
			return api.Taken("email_address", "email address")
		}
		address.Verified, address.Reserved, address.Strategy, address.UpdatedAt = true, false, byCode, c.now()
	default:
		c.removeAddress(user, address.ID)
	}
	c.userUpdated(user)
	return nil
}

// mayCreateOrganization applies the limits of a user. The Backend API ignores them.
func (c *Clerk) mayCreateOrganization(user *User) *api.Error {
	created := 0
	for _, membership := range c.index.membershipsOf[user.ID] {
		if c.organization(membership.Organization).CreatedBy == user.ID {
			created++
		}
	}
	limit := user.OrganizationsLimit
	if !user.CreateOrganizations || limit != nil && *limit > 0 && created >= *limit {
		return api.Forbidden("organization_creation_not_allowed", "not allowed", "You cannot create more organizations.")
	}
	return nil
}
