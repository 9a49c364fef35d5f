package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// action is something that an operator can do. GET /console/actions/NAME?… says what will happen and asks for
// a reason; POST does it.
type action struct {
	name   string
	button string // on the button: "Sync now"
	title  string // of the page that asks; empty means the button
	danger bool   // it destroys something, or someone loses something
	// given are the parameters that the link must have; asked are what the page asks for besides the reason.
	given []string
	asked []field
	// says returns what will happen, in sentences. It may read from the API. It runs before the action is offered
	// and must change nothing.
	says func(v *visit, form url.Values) ([]string, error)
	call func(form url.Values) call
	// done returns what happened, from the API's answer. nil means the button's text with "Done: ".
	done func(form url.Values, answer map[string]any) string
	back func(form url.Values) string // where to go afterwards
	// shown is the template of a page that shows the answer at once, and data its content. What it shows is in no
	// address and no cookie, and a reload asks again. Without it, the person goes back.
	shown string
	data  func(form url.Values, answer []byte) (any, error)
}

// field is an input of the page that asks.
type field struct {
	name, label, hint string
	options           []string // a choice; empty: a text
	optional          bool
}

// The fields as templates read them.
func (f field) Name() string      { return f.name }
func (f field) Label() string     { return f.label }
func (f field) Hint() string      { return f.hint }
func (f field) Options() []string { return f.options }
func (f field) Optional() bool    { return f.optional }

// button leads to an action.
type button struct {
	Text, Href string
	Danger     bool
}

// newButton returns the button of an action with parameters. It panics on a mistake in a template, which every
// test of the page finds.
func newButton(name string, parameters []string) *button {
	a := actionNamed(name)
	if a == nil {
		panic("console: there is no action " + name)
	}
	q := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		q.Add(parameters[i], parameters[i+1])
	}
	return &button{a.button, root + "/actions/" + name + "?" + q.Encode(), a.danger}
}

func actionNamed(name string) *action {
	all := allActions()
	at := slices.IndexFunc(all, func(a action) bool { return a.name == name })
	if at < 0 {
		return nil
	}
	return &all[at]
}

// asking is the content of the page that asks.
type asking struct {
	Button, Name string
	Danger       bool
	Sentences    []string // what will happen
	Given        url.Values
	Asked        []field
	Form         url.Values // what was entered before
	Refused      []string   // why the last try failed
	Token, Back  string
}

// confirm answers the page that asks.
func (s *Console) confirm(w http.ResponseWriter, r *http.Request) {
	if v, a := s.acting(w, r); a != nil {
		s.ask(w, v, http.StatusOK, a, r.URL.Query(), nil)
	}
}

// acting returns the visit and the action of a request, or answers why it cannot be.
func (s *Console) acting(w http.ResponseWriter, r *http.Request) (*visit, *action) {
	v, in := s.signedIn(w, r)
	if !in {
		return nil, nil
	}
	a := actionNamed(r.PathValue("action"))
	switch {
	case a == nil:
		s.notFound(w, r)
		return v, nil
	case !v.session.Operator():
		s.render(w, r, http.StatusForbidden, "error.html", frame{Title: "Forbidden", Session: &v.session,
			Data: []string{"Your role is viewer, so you cannot do this. An operator can: lockstep console --role operator"}})
		return v, nil
	}
	return v, a
}

func (s *Console) ask(w http.ResponseWriter, v *visit, status int, a *action, form url.Values, refused []string) {
	given := url.Values{}
	for _, name := range a.given {
		if form.Get(name) == "" {
			s.render(w, v.Request, http.StatusBadRequest, "error.html", frame{Title: "Incomplete address",
				Session: &v.session, Data: []string{"The address lacks the parameter " + name + ". Use the button on its page."}})
			return
		}
		given[name] = form[name]
	}
	sentences, err := a.says(v, form)
	if err != nil {
		s.problem(w, v.Request, v, err)
		return
	}
	title := a.title
	if title == "" {
		title = a.button
	}
	s.render(w, v.Request, status, "ask.html", frame{Title: title, Session: &v.session, Data: asking{
		Button: a.button, Name: a.name, Danger: a.danger, Sentences: sentences, Given: given, Asked: a.asked, Form: form,
		Refused: refused, Token: v.session.Token(), Back: a.back(form)}})
}

// act does an action. What the API refuses, the page shows beside what was entered.
func (s *Console) act(w http.ResponseWriter, r *http.Request) {
	v, a := s.acting(w, r)
	if a == nil {
		return
	}
	if err := r.ParseForm(); err != nil || !v.session.genuine(r) {
		s.refuse(w, r, http.StatusForbidden, "The form is out of date or incomplete. Go back, reload the page, and try again.")
		return
	}
	form := r.PostForm
	reason := form.Get("reason")
	if reason == "" {
		s.ask(w, v, http.StatusUnprocessableEntity, a, form, []string{"Say why. The audit log keeps the reason."})
		return
	}
	if err := lockstep.CheckReason(reason); err != nil {
		s.ask(w, v, http.StatusUnprocessableEntity, a, form, []string{"The reason " + err.Error() + "."})
		return
	}
	to := a.call(form)
	to.reason = reason
	var answer json.RawMessage
	var refused *apiError
	err := v.api.call(r.Context(), to, &answer)
	switch {
	case err == nil && a.shown != "":
		s.showAnswer(w, v, a, answer)
		return
	case errors.As(err, &refused):
		s.ask(w, v, refused.Status, a, form, said(refused))
		return
	case err != nil:
		s.fail(w, r, a.name, err)
		return
	}
	setFlash(w, r, flash{Text: a.said(form, answer)})
	http.Redirect(w, r, a.back(form), http.StatusSeeOther)
}

// said says what happened. An operation without an answer has no facts.
func (a *action) said(form url.Values, answer []byte) string {
	if a.done == nil {
		return "Done: " + a.button + "."
	}
	facts := map[string]any{}
	if len(answer) > 0 && json.Unmarshal(answer, &facts) != nil {
		facts = map[string]any{}
	}
	return a.done(form, facts)
}

// showAnswer answers the page of an action that shows something once.
func (s *Console) showAnswer(w http.ResponseWriter, v *visit, a *action, answer []byte) {
	data, err := a.data(v.PostForm, answer)
	if err != nil {
		s.fail(w, v.Request, a.name, err)
		return
	}
	s.render(w, v.Request, http.StatusOK, a.shown, frame{Title: a.button, Session: &v.session, Data: data})
}
