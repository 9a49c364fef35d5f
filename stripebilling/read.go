package stripebilling

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Environment is what this installation is for.
type Environment struct {
	Live bool // the mode of the API key
}

// Errors of [Read].
var (
	// ErrNotJSON: the body is not a JSON object, or it is nested too deeply.
	ErrNotJSON = errors.New("stripe event: not a JSON object")
	// ErrNotEvent: it has no id or no type, or something that should be an id is
	// too long or holds control characters.
	ErrNotEvent = errors.New("stripe event: not an event")
)

// Read takes from an event what it names, and nothing of what it claims. It
// understands snapshot events of every API version, and thin events, whose type
// it gives the snapshot's name: v1.customer.created is customer.created.
//
// A member that is missing or of an unexpected type reads as absent. The hint's
// Event.Body is body itself; Event.Origin is left to the caller.
func Read(body []byte, want Environment) (lockstep.Hint, error) {
	o, ok := picker.Pick(body)
	if !ok {
		return lockstep.Hint{}, ErrNotJSON
	}
	hint := lockstep.Hint{
		Event: lockstep.Event{
			Source:     lockstep.Stripe,
			ID:         o.Text("id"),
			Type:       o.Text("type"),
			APIVersion: o.Text("api_version"),
			OccurredAt: timeOf(o, "created"),
			Body:       body,
		},
		Foreign: foreign(o, want),
	}
	if hint.Event.ID == "" || hint.Event.Type == "" {
		return lockstep.Hint{}, fmt.Errorf("%w: it has no id or no type", ErrNotEvent)
	}
	about, kind := &snapshot, o.Text(snapshot.kind)
	if o.Text("object") == "v2.core.event" {
		about, kind = &thin, o.Text(thin.kind)
		hint.Thin = o.Text(thin.id) != ""
		hint.Event.Type = strings.TrimPrefix(hint.Event.Type, "v1.")
		hint.Event.OccurredAt = rfc3339(o.Text("created"))
	}
	about.name(&hint, o, kind)
	if !upstream.Storable(hint.Event.ID, hint.Event.Type, hint.Event.APIVersion, hint.Event.ObjectID,
		hint.Event.CustomerID, hint.CheckoutID, hint.Mode, hint.PaymentID, o.Text("account")) {
		return lockstep.Hint{}, fmt.Errorf("%w: an id is not one", ErrNotEvent)
	}
	return hint, nil
}

// subject is where an event has what it is about: the paths of its members.
type subject struct{ kind, id, customer, payment, mode, metadata string }

var (
	snapshot = subjectAt("data.object", "object")
	thin     = subjectAt("related_object", "type")
	picker   = upstream.NewPicker(slices.Concat(
		[]string{"id", "object", "type", "api_version", "created", "account", "livemode"}, snapshot.paths(), thin.paths())...)
)

func subjectAt(at, kind string) subject {
	at += "."
	return subject{at + kind, at + "id", at + "customer", at + "payment_intent", at + "mode", at + "metadata"}
}

func (s subject) paths() []string {
	return []string{s.kind, s.id, s.customer, s.customer + ".id", s.payment, s.payment + ".id", s.mode, s.metadata}
}

// name fills in the ids of the object that the event is about.
func (s *subject) name(hint *lockstep.Hint, o upstream.Picked, kind string) {
	hint.Event.ObjectID = o.Text(s.id)
	hint.Event.CustomerID = cmp.Or(o.Text(s.customer), o.Text(s.customer+".id"))
	hint.PaymentID = cmp.Or(o.Text(s.payment), o.Text(s.payment+".id"))
	_, hint.Ours = lockstep.AccountNamedIn(textsOf(o.Object(s.metadata)))
	switch kind {
	case "customer":
		hint.Event.CustomerID = hint.Event.ObjectID
	case "checkout.session":
		hint.CheckoutID, hint.Mode = hint.Event.ObjectID, o.Text(s.mode)
	case "payment_intent":
		hint.PaymentID = hint.Event.ObjectID
	}
}

// foreign says why an event is not for us. An event of a connected account names
// it; an endpoint for connected accounts receives those of both modes.
func foreign(o upstream.Picked, want Environment) string {
	switch {
	case o.Text("account") != "":
		return "connected account " + o.Text("account")
	case string(o.Raw("livemode")) == "true" && !want.Live:
		return "live event, test key"
	case string(o.Raw("livemode")) == "false" && want.Live:
		return "test event, live key"
	}
	return ""
}

func rfc3339(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
