package stripebilling

import (
	"time"

	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/stripe/stripe-go/v86"
)

// nothing is the value that the SDK decodes an answer into.
type nothing struct{}

// SetLastResponse is called by the SDK.
func (*nothing) SetLastResponse(*stripe.APIResponse) {}

// reference returns the id of another object, which is either an id or expanded.
func reference(o upstream.Object, name string) string {
	if id := o.Text(name); id != "" {
		return id
	}
	return o.Object(name).Text("id")
}

// lastSecond is the last of the year 9999. Later times have no RFC 3339 form.
const lastSecond = 253402300799

// timeOf reads a Unix time in seconds. It returns the zero time if there is none.
func timeOf(o interface{ Number(name string) int64 }, name string) time.Time {
	seconds := o.Number(name)
	if seconds <= 0 || seconds > lastSecond {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// metadataOf reads an object's metadata, whose values are strings.
func metadataOf(o upstream.Object) map[string]string { return o.Object("metadata").Texts() }
