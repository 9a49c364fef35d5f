package clerkdirectory

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// Environment is what this installation is for.
type Environment struct {
	InstanceID string // ins_…; empty: any
}

// Errors of [Read].
var (
	// ErrNotJSON: the body is not a JSON object, or it is nested too deeply.
	ErrNotJSON = errors.New("clerk event: not a JSON object")
	// ErrNotEvent: it has no id or no type, or something that should be an id is
	// too long or holds control characters.
	ErrNotEvent = errors.New("clerk event: not an event")
)

// Read takes from a delivery whom it is about, and nothing of what it claims. The
// event's id is the delivery's, which is signed and the same on every retry.
//
// A member that is missing or of an unexpected type reads as absent. The hint's
// Account is set for user.*, organization.* and organizationMembership.*, which is about
// its organization: what is about an invitation or a session changes nothing about who
// pays for how many. Its Event.Body is body itself; Event.Origin is left to the caller.
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
		return lockstep.Hint{}, fmt.Errorf("%w: it has no id or no type", ErrNotEvent)
	}
	instance := o.Text("instance_id")
	if !upstream.Storable(event.Type, event.ObjectID, instance) {
		return lockstep.Hint{}, fmt.Errorf("%w: an id is not one", ErrNotEvent)
	}
	hint := lockstep.Hint{Event: event, Account: accountOf(event, o)}
	if instance != "" && want.InstanceID != "" && instance != want.InstanceID {
		hint.Foreign = "instance " + instance
	}
	return hint, nil
}

var picker = upstream.NewPicker("type", "timestamp", "instance_id", "data.id", "data.organization.id")

// accountOf is the account that an event is about; zero where it is about
// something else, or names nobody that could be one.
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
