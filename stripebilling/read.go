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

// Environment is the Stripe mode that this installation serves.
type Environment struct {
	Live bool // the mode of the API key
}

// Errors of [Read].
var (
	// ErrNotJSON means that the body is not a JSON object, or is nested too deeply.
	ErrNotJSON = errors.New("stripe event: not a JSON object")
	// ErrNotEvent means that the event has no id or type, or that an id is too long or
	// contains control characters.
	ErrNotEvent = errors.New("stripe event: not an event")
)

// Read returns the ids in an event. It ignores the rest of the payload. It understands
// snapshot events of every API version and thin events. A thin event gets the type of the
// snapshot event: v1.customer.created becomes customer.created.
//
// A JSON member of an unexpected type counts as absent. Event.Body is body itself. The
// caller sets Event.Origin. Errors: [ErrNotJSON], [ErrNotEvent].
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
		return lockstep.Hint{}, fmt.Errorf("%w: no id or no type", ErrNotEvent)
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
		return lockstep.Hint{}, fmt.Errorf("%w: malformed id", ErrNotEvent)
	}
	return hint, nil
}

// subject holds the JSON paths at which an event describes its object.
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
	_, hint.Ours = lockstep.AccountNamedIn(o.Object(s.metadata).Texts())
	switch kind {
	case "customer":
		hint.Event.CustomerID = hint.Event.ObjectID
	case "checkout.session":
		hint.CheckoutID, hint.Mode = hint.Event.ObjectID, o.Text(s.mode)
	case "payment_intent":
		hint.PaymentID = hint.Event.ObjectID
	}
}

// foreign returns the reason why an event is not for this installation, or "". An event of a
// connected account names that account. An endpoint for connected accounts receives the
// events of both modes.
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
