package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
	"github.com/lockstep-dev/lockstep/internal/web/mask"
)

func (a *API) revealRoutes(api huma.API) {
	operate(section{api, "Operating", a}, route{"reveal-event", http.MethodPost, "/v1/events/{source}/{id}/reveal", operators, 0,
		"Read the whole body of an event, which contains personal data"}, a.reveal)
}

// bodyChoice says how much of an event's body to show.
type bodyChoice string

const (
	noBody     bodyChoice = ""
	maskedBody bodyChoice = "masked"
	wholeBody  bodyChoice = "true"
)

// Schema describes the choices. Earlier versions documented a boolean, whose spellings are still accepted.
func (bodyChoice) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: []any{"", "true", "false", "masked", "1", "0", "t", "f", "TRUE", "FALSE"}}
	s.PrecomputeMessages()
	return s
}

// read returns one of the three choices.
func (c bodyChoice) read() bodyChoice {
	switch c {
	case wholeBody, "1", "t", "TRUE":
		return wholeBody
	case maskedBody:
		return maskedBody
	}
	return noBody
}

// show adds as much of a body as was chosen.
func (v *eventView) show(body []byte, shown bodyChoice) {
	switch {
	case shown == noBody:
	case len(body) == 0:
		v.Expired = true
	case shown == wholeBody:
		v.Body = body
	default:
		masked, err := mask.JSON(body)
		switch {
		case errors.Is(err, mask.ErrTooLong):
			v.Withheld = err.Error() + ", which is too long to mask; reveal it"
		case err != nil:
			v.Withheld = "the body is not JSON, so it cannot be masked; reveal it"
		default:
			v.Body, v.Masked = masked, true
		}
	}
}

type revealInput struct {
	Source string `path:"source" enum:"stripe,clerk"`
	ID     string `path:"id" maxLength:"255" example:"evt_1"`
}

func (in *revealInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("event", in.Source+"/"+in.ID)}
}

// reveal answers the body of an event. The audit log records who asked, and why.
func (a *API) reveal(ctx context.Context, in *revealInput, trail *audit.Trail) (*eventOutput, error) {
	e, err := a.Store.Event(ctx, lockstep.EventRef{Source: lockstep.Source(in.Source), ID: in.ID})
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, eventNotFound(in.ID)
	}
	if err != nil {
		return nil, a.problem(ctx, "read event", err)
	}
	out := &eventOutput{viewEvent(e, wholeBody)}
	trail.Done(in.subjects()[0], nil, audit.Facts{"body": map[bool]string{false: "revealed", true: "expired"}[out.Body.Expired]})
	return out, nil
}

func eventNotFound(id string) error {
	return huma.Error404NotFound("event " + id + " is not stored; it did not arrive, or its retention has ended")
}
