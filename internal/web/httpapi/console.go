package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// passStore is the part of the store that keeps the passes of the console.
type passStore interface {
	CreateConsolePass(ctx context.Context, pass lockstep.ConsolePass) error
}

// ConsolePath is where the console is. SignInPath is its page for links, with the parameter [LinkParameter].
const (
	ConsolePath   = "/console"
	SignInPath    = ConsolePath + "/sign-in"
	LinkParameter = "link"
)

// linkFor is how long a link to the console can be used.
const linkFor = 10 * time.Minute

func (a *API) consoleRoutes(api huma.API) {
	operate(section{api, "Operating", a}, route{"create-console-link", http.MethodPost, "/v1/console/links", operators,
		http.StatusCreated, "Create a link that signs a person in to the console, once, within 10 minutes"}, a.createLink)
}

type consoleLinkInput struct {
	Body struct {
		Name string `json:"name" maxLength:"64" example:"anna" doc:"Who gets the link, for the audit log: letters, digits and ._-"`
		Role string `json:"role,omitempty" enum:"viewer,operator" default:"operator" doc:"A viewer sees everything but bodies of events, and changes nothing"`
	}
}

func (in *consoleLinkInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("console", in.Body.Name)}
}

type consoleLinkOutput struct {
	CacheControl string `header:"Cache-Control"`

	Body struct {
		Path      string    `json:"path" doc:"The link, behind the URL of the service. Whoever opens it first is signed in"`
		ExpiresAt time.Time `json:"expires_at"`
	}
}

// createLink stores a pass that the console takes when someone opens its link.
func (a *API) createLink(ctx context.Context, in *consoleLinkInput, trail *audit.Trail) (*consoleLinkOutput, error) {
	if !a.Operations.Console {
		return nil, huma.Error409Conflict("the console is off (console = false)")
	}
	if err := lockstep.CheckAPIKeyName(in.Body.Name); err != nil {
		return nil, huma.Error422UnprocessableEntity("name: " + err.Error())
	}
	role := lockstep.ConsoleRole(in.Body.Role)
	if own := callerOf(ctx).key; !own.Scopes.Has(role.Scopes()) { // a leaked key cannot make itself more powerful
		return nil, huma.Error403Forbidden("role: your own key " + own.Name + " lacks " + (role.Scopes() &^ own.Scopes).String() +
			", so it cannot create a link with the role " + in.Body.Role)
	}
	out := &consoleLinkOutput{CacheControl: "no-store"}
	var err error
	out.Body.Path, out.Body.ExpiresAt, err = newLink(ctx, a.Store, Operator{in.Body.Name, role})
	if err != nil {
		return nil, a.problem(ctx, "create link to the console", err)
	}
	trail.Done(in.subjects()[0], nil, audit.Facts{"role": in.Body.Role, "expires_at": out.Body.ExpiresAt})
	return out, nil
}

// newLink stores the pass of a link, and returns the path of the link.
func newLink(ctx context.Context, store passStore, o Operator) (path string, until time.Time, err error) {
	secret := rand.Text() + rand.Text()
	until = time.Now().Add(linkFor).UTC().Truncate(time.Second)
	err = store.CreateConsolePass(ctx, lockstep.ConsolePass{Hash: lockstep.HashConsolePass(secret), Once: true,
		Name: o.Name,
		Role: o.Role, ExpiresAt: until})
	return SignInPath + "?" + LinkParameter + "=" + secret, until, err
}

// ConsoleLink creates a link for whoever started this process, and records that.
func (a *API) ConsoleLink(ctx context.Context, o Operator) (path string, err error) {
	subject := audit.Object("console", o.Name)
	err = a.recorder.Do(ctx, audit.Action{Actor: "local/" + o.Name, Name: "create-console-link",
		Subjects: []audit.Subject{subject}}, func(trail *audit.Trail) (err error) {
		var until time.Time
		path, until, err = newLink(ctx, a.Store, o)
		trail.Done(subject, nil, audit.Facts{"role": o.Role, "expires_at": until})
		return err
	})
	return path, err
}

// index answers GET /: it leads browsers to the console, and tells programs where things are.
func (a *API) index(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if a.Operations.Console && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, ConsolePath, http.StatusFound)
		return
	}
	found := map[string]string{"name": "Lockstep", "version": a.Operations.Build.Version, "api": "/openapi.json",
		"health": "/healthz"}
	if a.Operations.Console {
		found["console"] = ConsolePath
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(found) // fails only if the caller has gone
}
