package pages

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/page"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// visit is one request to a page of the portal.
type visit struct {
	*http.Request
	portal        *state.PortalSession
	customer      *state.Customer
	configuration *state.PortalConfiguration
	sub           *state.Subscription // from the path, or nil
	method        *state.PaymentMethod
	problem       string // why the form was refused
}

// home returns the path of the portal's home page.
func (v *visit) home() string { return "/p/session/" + v.portal.ID }

// portalStep is one page of the portal. Its functions run under the world's
// lock.
type portalStep struct {
	title    string
	template *template.Template
	flows    []string // the flow types it belongs to
	offered  func(*Pages, *visit) bool
	view     func(*Pages, *visit) any
	act      func(*Pages, *visit) (next string, err error)
}

// portalFrame is what every portal page shows.
type portalFrame struct {
	page.Frame
	Home     string // "" inside a flow, which can only be finished or left by its return link
	Return   string
	Headline string
	Privacy  string
	Terms    string
	Error    string
	Note     string
}

const portalTop = `{{define "top"}}<div class="page">
{{with .Headline}}<p class="soft">{{.}}</p>{{end}}
<p>{{if .Home}}<a class="link" id="back" href="{{.Home}}">← Back to billing</a>{{else if .Return}}<a class="link" id="return" href="{{.Return}}">← Return</a>{{end}}</p>
{{with .Note}}<p class="note" role="status">{{.}}</p>{{end}}
{{with .Error}}<p class="error" role="alert">{{.}}</p>{{end}}
{{end}}{{define "bottom"}}
{{if or .Privacy .Terms}}<p class="foot">{{with .Terms}}<a href="{{.}}">Terms</a>{{end}}{{with .Privacy}}<a href="{{.}}">Privacy</a>{{end}}</p>{{end}}
</div>{{end}}`

func parsePortal(content string, parts ...string) *template.Template {
	return page.Parse(`{{template "top" .}}`+content+`{{template "bottom" .}}`, append(parts, portalTop)...)
}

// notes are the messages on the home page after an action, by the name in the
// URL.
var notes = map[string]string{
	"canceled": "Your plan was canceled.", "kept": "Your plan continues.", "updated": "Your plan was changed.",
	"details": "Your details were saved.", "added": "The payment method was added.",
	"default": "The default payment method was changed.", "removed": "The payment method was removed.",
	"scheduled": "Your plan changes at the end of the period."}

func (s *Pages) portalFrame(v *visit, title string) portalFrame {
	frame := portalFrame{Frame: frame(title), Return: v.portal.ReturnURL, Headline: v.configuration.Headline,
		Privacy: v.configuration.Privacy, Terms: v.configuration.Terms, Error: v.problem,
		Note: notes[v.URL.Query().Get("done")]}
	if !v.inFlow() && v.URL.Path != v.home() {
		frame.Home = v.home()
	}
	return frame
}

// inFlow reports whether the visit belongs to an unfinished flow.
func (v *visit) inFlow() bool { return v.portal.Flow != nil && !v.portal.Flow.Done }

func (s *Pages) portalPages(mux *http.ServeMux) {
	serve := func(path string, step portalStep) {
		mux.HandleFunc("GET /p/session/{portal}"+path, s.showStep(step))
		if step.act != nil {
			mux.HandleFunc("POST /p/session/{portal}"+path, s.takeStep(step))
		}
	}
	serve("", homeStep)
	serve("/customer", customerStep)
	serve("/payment-methods", addMethodStep)
	serve("/payment-methods/{method}", methodStep)
	serve("/subscriptions/{subscription}/cancel", cancelStep)
	serve("/subscriptions/{subscription}/update", updateStep)
	serve("/subscriptions/{subscription}/update/confirm", confirmStep)
	serve("/completed", completedStep)
	mux.HandleFunc("GET /p/session/{portal}/subscriptions/{subscription}/update/outcome", s.updateOutcome)
	mux.HandleFunc("GET /p/session/{portal}/flow", s.enterFlow)
	mux.HandleFunc("GET /p/session/{portal}/payment-methods/outcome", s.setupOutcome)
	mux.HandleFunc("GET /p/login/{configuration}", s.loginPage)
	mux.HandleFunc("POST /p/login/{configuration}", s.loginPost)
}

// refusal is the reason why a page is not shown.
type refusal struct {
	status  int
	heading string
	text    string
	to      string // or the URL to redirect to
}

// enter finds the objects in the path. It returns why the step cannot be taken,
// or nil.
func (s *Pages) enter(v *visit, step portalStep) *refusal {
	missing := &refusal{status: http.StatusNotFound, heading: "This portal link does not work",
		text: "The session does not exist, or its customer was deleted."}
	if v.portal = s.State.Portals.Get(v.PathValue("portal")); v.portal == nil {
		return missing
	}
	if v.customer = s.State.Customers.Get(v.portal.Customer); v.customer.Deleted {
		return missing
	}
	v.configuration = s.State.Configurations.Get(v.portal.Configuration)
	if id := v.PathValue("subscription"); id != "" {
		if v.sub = s.State.Subscriptions.Get(id); v.sub == nil || v.sub.Customer != v.customer.ID {
			return &refusal{status: http.StatusNotFound, heading: "Plan not found", text: "Nothing was changed.", to: ""}
		}
	}
	if id := v.PathValue("method"); id != "" {
		if v.method = s.State.PaymentMethods.Get(id); v.method == nil || v.method.Customer != v.customer.ID {
			return &refusal{status: http.StatusNotFound, heading: "There is no such payment method",
				text: "Nothing was changed."}
		}
	}
	if flow := v.portal.Flow; v.inFlow() && (!slices.Contains(step.flows, flow.Type) || flow.Subscription != "" &&
		(v.sub == nil || v.sub.ID != flow.Subscription)) {
		return &refusal{to: v.home() + "/flow"}
	}
	if step.offered != nil && !step.offered(s, v) {
		return &refusal{status: http.StatusForbidden, heading: "This is not offered here",
			text: "The portal does not allow it, or the plan has changed in the meantime."}
	}
	return nil
}

func (s *Pages) showStep(step portalStep) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.renderStep(w, r, step, http.StatusOK, "") }
}

func (s *Pages) renderStep(w http.ResponseWriter, r *http.Request, step portalStep, status int, problem string) {
	v := &visit{Request: r, problem: problem}
	var refused *refusal
	var view any
	s.World.View(func() {
		if refused = s.enter(v, step); refused == nil {
			s.On(v.customer.ID, func() { view = step.view(s, v) })
		}
	})
	if refused != nil {
		s.refuseStep(w, r, refused)
		return
	}
	page.Write(w, status, step.template, view)
}

func (s *Pages) refuseStep(w http.ResponseWriter, r *http.Request, refused *refusal) {
	if refused.to != "" {
		http.Redirect(w, r, refused.to, http.StatusSeeOther)
		return
	}
	page.WriteNotice(w, refused.status, page.Notice{Frame: frame(refused.heading), Heading: refused.heading,
		Text: refused.text})
}

// takeStep runs the step's action. If that fails, it shows the page again with
// the problem.
func (s *Pages) takeStep(step portalStep) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Request: r}
		var refused *refusal
		var next string
		var err error
		s.World.Change(func() {
			if refused = s.enter(v, step); refused == nil {
				s.On(v.customer.ID, func() { next, err = step.act(s, v) })
			}
		})
		switch {
		case refused != nil:
			s.refuseStep(w, r, refused)
		case err != nil:
			s.renderStep(w, r, step, statusOf(err), plain(err))
		default:
			w.Header().Set("Location", next)
			w.WriteHeader(http.StatusSeeOther)
		}
	}
}

// finish returns where an action leads: to the home page with a note, or to the
// end of the flow.
func (s *Pages) finish(v *visit, note string) string {
	flow := v.portal.Flow
	if !v.inFlow() {
		return v.home() + "?done=" + url.QueryEscape(note)
	}
	flow.Done = true
	return v.after(note)
}

// after returns the URL that follows an action.
func (v *visit) after(note string) string {
	if flow := v.portal.Flow; flow != nil {
		switch flow.After {
		case "redirect":
			return flow.ReturnURL
		case "hosted_confirmation":
			return v.home() + "/completed"
		}
	}
	return v.home() + "?done=" + url.QueryEscape(note)
}
