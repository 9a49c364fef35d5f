package pages

import (
	"net/http"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// enterFlow redirects to the page of the session's flow, or to its end.
func (s *Pages) enterFlow(w http.ResponseWriter, r *http.Request) {
	to := "/p/session/" + r.PathValue("portal")
	s.World.View(func() {
		portal := s.State.Portals.Get(r.PathValue("portal"))
		if portal == nil || portal.Flow == nil {
			return
		}
		if portal.Flow.Done {
			if portal.Flow.After != "portal_homepage" {
				to += "/completed"
			}
			return
		}
		switch portal.Flow.Type {
		case "customer_update":
			to += "/customer"
		case "payment_method_update":
			to += "/payment-methods"
		case "subscription_cancel":
			to += "/subscriptions/" + portal.Flow.Subscription + "/cancel"
		case "subscription_update":
			to += "/subscriptions/" + portal.Flow.Subscription + "/update"
		case "subscription_update_confirm":
			to += "/subscriptions/" + portal.Flow.Subscription + "/update/confirm"
		}
	})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// setupOutcome is where the challenge of a new card returns to. It continues if
// the challenge was passed; otherwise it shows the form with the bank's
// message.
func (s *Pages) setupOutcome(w http.ResponseWriter, r *http.Request) {
	v := &visit{Request: r}
	to := ""
	s.World.View(func() {
		v.portal = s.State.Portals.Get(r.PathValue("portal"))
		intent := s.State.SetupIntents.Get(r.URL.Query().Get("setup_intent"))
		if v.portal == nil || intent == nil || intent.Portal != v.portal.ID {
			return
		}
		if to = v.home() + "/payment-methods?failed"; intent.Status == "succeeded" {
			to = v.after("added")
		}
	})
	if to == "" {
		to = "/p/session/" + r.PathValue("portal")
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// updateOutcome is where the challenge of a plan change returns to. It
// continues if the change was made; otherwise it shows the confirmation again.
func (s *Pages) updateOutcome(w http.ResponseWriter, r *http.Request) {
	v := &visit{Request: r}
	to := "/p/session/" + r.PathValue("portal")
	s.World.Change(func() {
		v.portal = s.State.Portals.Get(r.PathValue("portal"))
		sub := s.State.Subscriptions.Get(r.PathValue("subscription"))
		if v.portal == nil || sub == nil || sub.Customer != v.portal.Customer {
			return
		}
		if sub.PendingUpdate == nil && sub.Items[0].Price == r.FormValue("price") {
			to = s.finish(v, "updated")
			return
		}
		to += "/subscriptions/" + sub.ID + "/update/confirm?" + r.URL.RawQuery
	})
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// completedView is the data of the page after a flow.
type completedView struct {
	portalFrame
	Message string
}

var completedStep = portalStep{
	title: "Done",
	template: parsePortal(`<section class="card"><h1>Done</h1><p id="message">{{if .Message}}{{.Message}}{{else}}Your change was made. You can close this page.{{end}}</p>
{{with .Return}}<p><a class="button" href="{{.}}">Return</a></p>{{end}}</section>`),
	offered: func(_ *Pages, v *visit) bool { return v.portal.Flow != nil && v.portal.Flow.Done },
	view: func(s *Pages, v *visit) any {
		view := completedView{portalFrame: s.portalFrame(v, "Done"), Message: v.portal.Flow.Message}
		view.Home = "" // the session of a flow ends here
		return view
	},
}

// loginView is the data of the page that asks for a portal link.
type loginView struct {
	page.Frame
	Headline, Email, Error string
}

var loginTemplate = page.Parse(`<section class="card narrow">
{{with .Headline}}<p class="soft">{{.}}</p>{{end}}
<h1>Manage your billing</h1>
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="email" required value="{{.Email}}" aria-describedby="hint">
<p class="soft" id="hint">Stripe would e-mail a link to this address. The simulator takes you straight in.</p>
<button class="full" type="submit">Continue</button>
</form></section>`)

func (s *Pages) loginPage(w http.ResponseWriter, r *http.Request) {
	s.showLogin(w, r, http.StatusOK, "", "")
}

func (s *Pages) showLogin(w http.ResponseWriter, r *http.Request, status int, email, problem string) {
	view := loginView{Frame: frame("Billing"), Email: email, Error: problem}
	found := false
	s.World.View(func() {
		if configuration := s.State.Configurations.Get(r.PathValue("configuration")); configuration != nil &&
			configuration.Active && configuration.LoginPage {
			view.Headline, found = configuration.Headline, true
		}
	})
	if !found {
		page.WriteNotice(w, http.StatusNotFound, page.Notice{Frame: frame("Not found"),
			Heading: "This login page does not exist", Text: "The portal configuration has no login page, or is not active."})
		return
	}
	page.Write(w, status, loginTemplate, view)
}

// loginPost opens a portal session for the newest customer with the address.
func (s *Pages) loginPost(w http.ResponseWriter, r *http.Request) {
	email, to := r.PostFormValue("email"), ""
	s.World.Change(func() {
		configuration := s.State.Configurations.Get(r.PathValue("configuration"))
		if configuration == nil || !configuration.Active || !configuration.LoginPage {
			return
		}
		for customer := range s.State.Customers.Newest() {
			if customer.Email == email && email != "" && !customer.Deleted {
				portal := s.Portal.AddPortal(&state.PortalSession{Customer: customer.ID, Configuration: configuration.ID,
					ReturnURL: configuration.ReturnURL})
				to = "/p/session/" + portal.ID
				return
			}
		}
	})
	if to == "" {
		s.showLogin(w, r, http.StatusNotFound, email, "No customer has this address.")
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
