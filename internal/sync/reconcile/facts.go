package reconcile

import (
	"hash/fnv"
	"reflect"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// database is the system that an effect on our own tables names.
const database = "database"

// observe notes the versions of the objects that a run decides on. They have no personal data: a version is a
// state, a time and a hash.
func (d *draft) observe(r lockstep.Record) {
	f := &d.facts
	f.Observed, f.Unlisted = nil, 0
	f.Observe(r.Account.String(), string(r.State)+" "+strconv.FormatInt(r.IdentityUpdatedAt, 10))
	for _, l := range r.Customers() {
		version := string(l.Trust)
		if l.CustomerID == r.CustomerID {
			version = "primary"
		}
		if l.Deleted {
			version += " deleted"
		}
		f.Observe(l.CustomerID, version)
	}
	for _, s := range r.Subscriptions {
		f.Observe(s.ID, versionOf(s))
	}
	for _, l := range r.Licenses {
		h := versionHash{}
		h.items(l.Items)
		h.text(l.PlanNamed)
		h.number(l.RefundedAmount)
		f.Observe(l.ID, string(l.Status)+" "+h.String())
	}
	if len(r.Entitlements) > 0 {
		h := versionHash{}
		for _, e := range r.Entitlements {
			h.text(e)
		}
		f.Observe("entitlements", strconv.Itoa(len(r.Entitlements))+" "+h.String())
	}
}

// versionOf identifies a subscription's state: its status, the end of its paid period, and a hash of what else
// decides on access.
func versionOf(s lockstep.Subscription) string {
	h := versionHash{}
	h.items(s.Items)
	h.text(s.PlanNamed)
	h.number(int64(flag(s.CancelAtPeriodEnd)))
	h.times(s.CancelAt, s.CanceledAt, s.EndedAt, s.TrialEnd, s.UnpaidSince, s.TriedAt)
	version := s.Status
	if end := s.PeriodEnd(); !end.IsZero() {
		version += " " + end.UTC().Format(time.RFC3339)
	}
	return version + " " + h.String()
}

// versionHash collects what a version depends on.
type versionHash []byte

func (h *versionHash) text(s string)  { *h = append(append(*h, s...), 0) }
func (h *versionHash) number(n int64) { *h = append(strconv.AppendInt(*h, n, 36), 0) }

func (h *versionHash) times(all ...time.Time) {
	for _, t := range all {
		if t.IsZero() {
			h.text("")
		} else {
			h.number(t.Unix())
		}
	}
}

func (h *versionHash) items(items []lockstep.Item) {
	for _, i := range items {
		h.text(i.ID)
		h.text(i.PriceID)
		h.text(i.BoughtAs)
		h.number(i.Quantity)
		h.times(i.PeriodStart, i.PeriodEnd)
	}
}

// String returns the hash.
func (h *versionHash) String() string {
	sum := fnv.New32a()
	_, _ = sum.Write(*h) // a hash returns no error
	return strconv.FormatUint(uint64(sum.Sum32()), 36)
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}

// decide notes the access that the stored record gives by now, and the access that the record gave at the start of
// the run, if it differs.
func (d *draft) decide(catalog lockstep.Catalog, at time.Time) {
	after := catalog.Access(d.now, at).InBrief()
	d.facts.After = &after
	if len(d.facts.Wrote) == 0 { // the record is the same
		return
	}
	if before := catalog.Access(d.found, at).InBrief(); !reflect.DeepEqual(before, after) {
		d.facts.Before = &before
	}
}
