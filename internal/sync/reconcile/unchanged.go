package reconcile

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// unchanged reports whether to store now would leave what was stored as it was. What it does
// not know of, it takes for a change.
func unchanged(was, now lockstep.Record) bool {
	return reflect.DeepEqual(stored(was), stored(now))
}

// stored is a record as the store gives it back.
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
