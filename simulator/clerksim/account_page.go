package clerksim

import (
	"encoding/json"
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// accountView is the data of the account page.
type accountView struct {
	page.Frame
	User          User
	Metadata      string
	Organizations []membershipView
	Personal      bool // the personal account is the active one
	Error         string
	Back          string
	SignOut       string
}

type membershipView struct {
	ID, Name, Role, Metadata string
	Active                   bool
}

var accountTemplate = page.Parse(`
<h1>{{if .User.Email}}{{.User.Email}}{{else}}{{.User.ID}}{{end}}</h1>
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
<h2>Public metadata</h2>
<pre id="public_metadata">{{.Metadata}}</pre>
<p class="soft">{{.User.ID}}</p>
</section>
<section class="card">
<h2>Organizations</h2>
<ul class="rows">
<li><span>Personal account</span>{{if .Personal}}<span class="status good">active</span>{{else}}<form method="post"><button class="quiet" name="action" value="personal">Use</button></form>{{end}}</li>
{{range .Organizations}}<li><span>{{.Name}}<br><span class="soft">{{.Role}} · {{.ID}}</span></span>
{{if .Active}}<span class="status good">active</span>{{else}}<form method="post"><input type="hidden" name="organization" value="{{.ID}}"><button class="quiet" name="action" value="use">Use</button></form>{{end}}</li>
<li><pre>{{.Metadata}}</pre></li>{{end}}
</ul>
<form method="post">
<label for="name">New organization</label>
<input id="name" name="name" autocomplete="off" placeholder="Acme">
<div class="actions"><button class="quiet" name="action" value="organization">Create</button></div>
</form>
</section>
<section class="card">
<h2>Leave</h2>
<div class="actions">
{{with .Back}}<a class="button quiet" href="{{.}}">Back to the app</a>{{end}}
<a class="button quiet" href="{{.SignOut}}">Sign out</a>
<form method="post"><button class="danger" name="action" value="delete">Delete account</button></form>
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
			view = c.viewAccount(session)
		}
	})
	if view == nil {
		http.Redirect(w, r, other("/sign-in", r), http.StatusSeeOther)
		return
	}
	view.Error, view.SignOut = problem, other("/sign-out", r)
	if r.URL.Query().Get("redirect_url") != "" {
		view.Back = other("/sign-in", r) // comes back with a fresh token
	}
	page.Write(w, status, accountTemplate, view)
}

func (c *Clerk) viewAccount(session *Session) *accountView {
	user := c.user(session.User)
	view := &accountView{Frame: frame("Account"), User: user.clone(), Metadata: readable(user.Public), Personal: session.Organization == ""}
	for membership := range c.state.Memberships.Oldest() {
		if membership.User != user.ID {
			continue
		}
		organization := c.organization(membership.Organization)
		view.Organizations = append(view.Organizations, membershipView{ID: organization.ID, Name: organization.Name, Role: membership.Role,
			Metadata: readable(organization.Public), Active: session.Organization == organization.ID})
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
	var userID, sessionID string
	c.world.View(func() {
		if session := c.signedIn(r); session != nil {
			userID, sessionID = session.User, session.ID
		}
	})
	if userID == "" {
		http.Redirect(w, r, other("/sign-in", r), http.StatusSeeOther)
		return
	}
	var err error
	switch trimmed(r, "action") {
	case "save":
		err = c.UpdateUser(userID, trimmed(r, "email"), trimmed(r, "first_name"), trimmed(r, "last_name"))
	case "delete":
		err = c.DeleteUser(userID)
	case "organization":
		_, err = c.CreateOrganization(trimmed(r, "name"), userID)
	case "use", "personal":
		err = c.activate(sessionID, trimmed(r, "organization"))
	}
	if err != nil {
		c.writeAccount(w, r, http.StatusUnprocessableEntity, plain(err))
		return
	}
	http.Redirect(w, r, other("/user", r), http.StatusSeeOther)
}

// activate makes an organization, or for "" the personal account, the active
// one of a session.
func (c *Clerk) activate(sessionID, organizationID string) error {
	return c.change(func() *Error {
		session := c.session(sessionID)
		switch {
		case session == nil:
			return notFound("session", sessionID)
		case organizationID != "" && c.membership(organizationID, session.User) == nil:
			return notFound("organization", organizationID)
		}
		session.Organization = organizationID
		return nil
	})
}
