package clerksim

import (
	"cmp"
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// ticketView is the data of the page that an invitation link opens.
type ticketView struct {
	page.Frame
	Organization, RoleName, Email string
	Inviter                       string
	Known                         bool   // the address has an account
	Elsewhere                     string // the user who is signed in, if another one
	FirstName, LastName           string
	Error                         string
}

var ticketTemplate = page.Parse(`
<section class="card narrow">
<h1>Join {{.Organization}}</h1>
<p>{{with .Inviter}}{{.}} invited you{{else}}You are invited{{end}}
to <strong>{{.Organization}}</strong> as <strong>{{.RoleName}}</strong>.</p>
<p class="soft">The invitation is for {{.Email}}.</p>
{{with .Elsewhere}}<p class="soft">You are signed in as {{.}}. If you accept, you will be signed in as {{$.Email}} instead.</p>{{end}}
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post">
{{if not .Known}}<div class="pair">
<div><label for="first_name">First name</label><input id="first_name" name="first_name" autocomplete="given-name" value="{{.FirstName}}"></div>
<div><label for="last_name">Last name</label><input id="last_name" name="last_name" autocomplete="family-name" value="{{.LastName}}"></div>
</div>{{end}}
<button class="full" type="submit">{{if .Known}}Join{{else}}Create account and join{{end}}</button>
</form>
</section>`)

func (c *Clerk) ticket(r *http.Request) *Invitation {
	return c.index.invitationByTicket[r.URL.Query().Get(ticketParameter)]
}

func (c *Clerk) invitationPage(w http.ResponseWriter, r *http.Request) {
	c.writeTicket(w, r, http.StatusOK, "")
}

func (c *Clerk) writeTicket(w http.ResponseWriter, r *http.Request, status int, problem string) {
	view := ticketView{Frame: frame("Invitation"), Error: problem, FirstName: trimmed(r, "first_name"),
		LastName: trimmed(r, "last_name")}
	state := ""
	c.world.View(func() {
		invitation := c.ticket(r)
		if invitation == nil {
			return
		}
		state = invitation.Status
		view.Organization, view.RoleName, view.Email = c.organization(invitation.Organization).Name,
			c.role(invitation.Role).Name, invitation.Email
		view.Known = c.claimant(invitation.Email) != nil
		if inviter := c.user(invitation.Inviter); inviter != nil {
			view.Inviter = inviter.Name()
		}
		if session := c.signedIn(r); session != nil && c.user(session.User) != c.claimant(invitation.Email) {
			view.Elsewhere = c.user(session.User).identifier()
		}
	})
	if state == pending {
		page.Write(w, status, ticketTemplate, view)
		return
	}
	text := map[string]string{"": "This invitation does not exist.", accepted: "It has already been accepted. Sign in instead.",
		revoked: "It has been revoked.", expired: "It has expired. Ask for a new one."}[state]
	page.WriteNotice(w, http.StatusGone, page.Notice{Frame: frame("Invitation"),
		Heading: "This invitation cannot be used", Text: text, Link: other("/sign-in", r), LinkTo: "Sign in"})
}

// invitationPost accepts the invitation. It creates an account if the address has
// none, and signs the user in with the organization active.
func (c *Clerk) invitationPost(w http.ResponseWriter, r *http.Request) {
	var sessionID string
	err := c.change(func() *api.Error {
		invitation := c.ticket(r)
		if invitation == nil {
			return api.NotFound("This invitation does not exist.")
		}
		if invitation.Status != pending {
			return c.accept(invitation, nil)
		}
		user := c.claimant(invitation.Email)
		if user == nil {
			fresh, failure := c.signUp(SignUp{Email: invitation.Email, FirstName: trimmed(r, "first_name"),
				LastName: trimmed(r, "last_name")}, byTicket)
			if failure != nil {
				return failure
			}
			user = fresh
		}
		if failure := c.maySignIn(user); failure != nil {
			return failure
		}
		if failure := c.accept(invitation, user); failure != nil {
			return failure
		}
		sessionID = c.addSession(user.ID, invitation.Organization).ID
		return nil
	})
	if err != nil {
		c.writeTicket(w, r, http.StatusUnprocessableEntity, plain(err))
		return
	}
	c.finish(w, r, sessionID)
}

// identifier is the name under which people know a user.
func (u *User) identifier() string { return cmp.Or(u.Email, u.Username, u.ID) }

// Name returns the full name, or else the e-mail address, username or id.
func (u *User) Name() string { return cmp.Or(u.fullName(), u.identifier()) }
