package reconcile

import (
	"reflect"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
)

// unchanged reports whether a save would leave the stored record as it is. It takes fields that it
// does not know for a change.
func unchanged(was, now lockstep.Record) bool {
	return reflect.DeepEqual(drift.Stored(was), drift.Stored(now))
}
