package clerksim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/page"
)

// signView is the data of the sign-up and sign-in pages.
type signView struct {
	page.Frame
	Email, Phone        string
	FirstName, LastName string
	Error               string
	Other               string // link to the other page
	Known               []string
}

// maxKnown is how many users the sign-in page lists.
const maxKnown = 8

var signUpTemplate = page.Parse(`
<section class="card narrow">
<h1>Create your account</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" value="{{.Email}}">
<label for="phone">Or phone number</label>
<input id="phone" name="phone" type="tel" autocomplete="tel" placeholder="+15550100" value="{{.Phone}}">
<div class="pair">
<div><label for="first_name">First name</label><input id="first_name" name="first_name" autocomplete="given-name" value="{{.FirstName}}"></div>
<div><label for="last_name">Last name</label><input id="last_name" name="last_name" autocomplete="family-name" value="{{.LastName}}"></div>
</div>
<button class="full" type="submit">Sign up</button>
</form>
<p class="soft">Already have an account? <a href="{{.Other}}">Sign in</a></p>
</section>`)

var signInTemplate = page.Parse(`
<section class="card narrow">
<h1>Sign in</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post">
<label for="email">E-mail or phone number</label>
<input id="email" name="email" autocomplete="username" required value="{{.Email}}" list="known">
<datalist id="known">{{range .Known}}<option value="{{.}}"></option>{{end}}</datalist>
<p class="soft">No password needed: enter the e-mail address or phone number of any user.</p>
<button class="full" type="submit">Sign in</button>
</form>
{{with .Known}}<h2 class="apart">Existing users</h2><div class="actions">{{range .}}<form method="post"><button class="quiet" name="email" value="{{.}}">{{.}}</button></form>{{end}}</div>{{end}}
<p class="soft">New here? <a href="{{.Other}}">Sign up</a></p>
</section>`)

// other returns a link to another page that keeps redirect_url.
func other(path string, r *http.Request) string {
	if target := r.URL.Query().Get("redirect_url"); target != "" {
		return path + "?redirect_url=" + url.QueryEscape(target)
	}
	return path
}

func (c *Clerk) signUpPage(w http.ResponseWriter, r *http.Request) {
	if c.passThrough(w, r) {
		return
	}
	page.Write(w, http.StatusOK, signUpTemplate, signView{Frame: frame("Sign up"), Other: other("/sign-in", r)})
}

func (c *Clerk) signUpPost(w http.ResponseWriter, r *http.Request) {
	form := SignUp{Email: trimmed(r, "email"), Phone: trimmed(r, "phone"), FirstName: trimmed(r, "first_name"),
		LastName: trimmed(r, "last_name")}
	var sessionID string
	err := c.change(func() *api.Error {
		if form.Email == "" && form.Phone == "" {
			return api.Unprocessable("email_address", "form_param_missing", "is missing",
				"Enter an e-mail address or a phone number.")
		}
		user, failure := c.signUp(form, byCode)
		if failure == nil {
			sessionID = c.addSession(user.ID, "").ID
		}
		return failure
	})
	if err != nil {
		page.Write(w, http.StatusUnprocessableEntity, signUpTemplate,
			signView{Frame: frame("Sign up"), Other: other("/sign-in", r),
				Email: form.Email, Phone: form.Phone, FirstName: form.FirstName, LastName: form.LastName, Error: plain(err)})
		return
	}
	c.finish(w, r, sessionID)
}

func (c *Clerk) signInPage(w http.ResponseWriter, r *http.Request) {
	if c.passThrough(w, r) {
		return
	}
	c.writeSignIn(w, r, http.StatusOK, "", "")
}

// passThrough redirects a browser that is already signed in straight back with a
// fresh token. Applications use this to renew a token.
func (c *Clerk) passThrough(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Query().Get("redirect_url") == "" {
		return false
	}
	var sessionID string
	c.world.View(func() {
		if session := c.signedIn(r); session != nil {
			sessionID = session.ID
		}
	})
	if sessionID == "" {
		return false
	}
	c.finish(w, r, sessionID)
	return true
}

func (c *Clerk) writeSignIn(w http.ResponseWriter, r *http.Request, status int, email, problem string) {
	view := signView{Frame: frame("Sign in"), Other: other("/sign-up", r), Email: email, Error: problem}
	c.world.View(func() {
		for _, user := range slices.Backward(c.index.users.Items()) {
			if known := cmp.Or(user.Email, user.primaryPhone()); known != "" {
				view.Known = append(view.Known, known)
			}
			if len(view.Known) == maxKnown {
				break
			}
		}
	})
	page.Write(w, status, signInTemplate, view)
}

func (c *Clerk) signInPost(w http.ResponseWriter, r *http.Request) {
	email := trimmed(r, "email")
	var sessionID string
	err := c.change(func() *api.Error {
		user := cmp.Or(c.claimant(email), c.phoneClaimant(email))
		if user == nil {
			return api.Unprocessable("identifier", "form_identifier_not_found", "Couldn't find your account.",
				"Couldn't find your account.")
		}
		if failure := c.maySignIn(user); failure != nil {
			return failure
		}
		sessionID = c.addSession(user.ID, "").ID
		return nil
	})
	if err != nil {
		c.writeSignIn(w, r, http.StatusUnprocessableEntity, email, plain(err))
		return
	}
	c.finish(w, r, sessionID)
}

func (c *Clerk) maySignIn(user *User) *api.Error {
	if user.Banned {
		return banned()
	}
	if c.locked(user) {
		const long = "Your account is locked. For more information, please contact your administrator."
		return api.Forbidden("user_locked", "Account locked", long)
	}
	return nil
}
