package reconcile

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// unchanged reports whether a save would leave the stored record as it is. It takes fields that it
// does not know for a change.
func unchanged(was, now lockstep.Record) bool {
	return reflect.DeepEqual(stored(was), stored(now))
}

// stored returns a record as the store would return it.
func stored(r lockstep.Record) lockstep.Record {
	r.UpdatedAt = time.Time{}
	r.Subscriptions = append([]lockstep.Subscription(nil), r.Subscriptions...)
	for i := range r.Subscriptions {
		s := &r.Subscriptions[i]
		s.LatestInvoice = lockstep.Invoice{}
		s.InvoiceID, s.InvoiceURL, s.InvoiceDue, s.ScheduleID, s.Metadata = "", "", time.Time{}, "", nil
		s.Items = append([]lockstep.Item(nil), s.Items...)
		slices.SortFunc(s.Items, func(a, b lockstep.Item) int { return cmp.Compare(a.ID, b.ID) })
	}
	return r
}
