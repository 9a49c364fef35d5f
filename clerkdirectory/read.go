package clerkdirectory

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Environment is the Clerk instance that this installation serves.
type Environment struct {
	InstanceID string // ins_…; empty accepts any instance
}

// Errors of [Read].
var (
	// ErrNotJSON means that the body is not a JSON object, or is nested too deeply.
	ErrNotJSON = errors.New("clerk event: not a JSON object")
	// ErrNotEvent means that the event has no id or type, or that an id is too long or
	// contains control characters.
	ErrNotEvent = errors.New("clerk event: not an event")
)

// Read returns which account a webhook is about. It ignores the rest of the payload.
// The event's id is the delivery's id, which is signed and the same on every retry.
//
// A JSON member of an unexpected type counts as absent. The hint's Account is set for
// user.*, organization.* and organizationMembership.* events; the last are about the
// organization. Invitations and sessions do not change who pays for how many seats.
// Event.Body is body itself. The caller sets Event.Origin. Errors: [ErrNotJSON],
// [ErrNotEvent].
func Read(header http.Header, body []byte, want Environment) (lockstep.Hint, error) {
	o, ok := picker.Pick(body)
	if !ok {
		return lockstep.Hint{}, ErrNotJSON
	}
	event := lockstep.Event{
		Source:     lockstep.Clerk,
		ID:         deliveryID(header),
		Type:       o.Text("type"),
		ObjectID:   o.Text("data.id"),
		OccurredAt: timeOf(o.Number("timestamp")),
		Body:       body,
	}
	if event.ID == "" || event.Type == "" {
		return lockstep.Hint{}, fmt.Errorf("%w: no id or no type", ErrNotEvent)
	}
	instance := o.Text("instance_id")
	if !upstream.Storable(event.Type, event.ObjectID, instance) {
		return lockstep.Hint{}, fmt.Errorf("%w: malformed id", ErrNotEvent)
	}
	hint := lockstep.Hint{Event: event, Account: accountOf(event, o)}
	if instance != "" && want.InstanceID != "" && instance != want.InstanceID {
		hint.Foreign = "instance " + instance
	}
	return hint, nil
}

var picker = upstream.NewPicker("type", "timestamp", "instance_id", "data.id", "data.organization.id")

// accountOf returns the account that an event is about; the zero account if it is about
// something else or its id is malformed.
func accountOf(event lockstep.Event, o upstream.Picked) lockstep.Account {
	kind, id := lockstep.User, event.ObjectID
	switch subject, _, _ := strings.Cut(event.Type, "."); subject {
	case "user":
	case "organization":
		kind = lockstep.Organization
	case "organizationMembership":
		kind, id = lockstep.Organization, o.Text("data.organization.id")
	default:
		return lockstep.Account{}
	}
	account, err := lockstep.NewAccount(kind, id)
	if err != nil {
		return lockstep.Account{}
	}
	return account
}
