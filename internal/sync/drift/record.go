package drift

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Stored returns a record as the store would return it, without the time of its last write.
func Stored(r lockstep.Record) lockstep.Record {
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

// bookkeeping are the fields of a record whose change alone means nothing to anyone: they say how far we
// are, and follow from the others. Metadata has its own comparison, [Metadata].
var bookkeeping = map[string]bool{"Account": true, "IdentityUpdatedAt": true, "CustomerGeneration": true, "CustomerEmail": true, "CustomerName": true,
	"Intent": true, "PaysFor": true, "Projected": true, "PacedUntil": true, "EntitledBy": true, "Standing": true, "Notified": true,
	"Deletion": true, "DeletionAt": true, "Problems": true, "InstanceGeneration": true, "MissingSince": true,
	"Candidate": true, "Misnamed": true, "CreatedAt": true, "UpdatedAt": true}

// personal are the fields of a record whose values must not be shown.
var personal = map[string]bool{"Email": true, "Name": true}

// links are the fields of a record that say which customers belong to it.
var links = map[string]bool{"CustomerID": true, "CustomerDeleted": true, "Further": true}

// Records returns what differs between a record as it is stored and as a run leaves it, without its
// bookkeeping. Theirs is empty, and the causes too.
func Records(was, now lockstep.Record) []lockstep.Difference {
	was, now = Stored(was), Stored(now)
	a, b := reflect.ValueOf(was), reflect.ValueOf(now)
	var all []lockstep.Difference
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		if bookkeeping[name] {
			continue
		}
		w := walk{where: lockstep.DriftDatabase, hidden: personal[name]}
		if links[name] {
			w.where = lockstep.DriftLink
		}
		w.compare(fieldName(name), a.Field(i), b.Field(i))
		all = append(all, w.found...)
	}
	return all
}

// walk compares values of the same type.
type walk struct {
	where  lockstep.DriftPlace
	hidden bool // the values are personal
	found  []lockstep.Difference
}

func (w *walk) compare(path string, a, b reflect.Value) {
	_, isTime := a.Interface().(time.Time)
	switch {
	case isTime:
		w.differ(path, text(a), text(b))
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if name := a.Type().Field(i).Name; name != "Account" {
				w.compare(path+"."+fieldName(name), a.Field(i), b.Field(i))
			}
		}
	case a.Kind() == reflect.Slice && a.Type().Elem().Kind() == reflect.Struct:
		w.compareLists(path, a, b)
	default:
		w.differ(path, text(a), text(b))
	}
}

// compareLists compares the objects of two lists by their ids.
func (w *walk) compareLists(path string, a, b reflect.Value) {
	before, after := byID(a), byID(b)
	for _, id := range slices.Sorted(keysOf(before, after)) {
		was, had := before[id]
		now, has := after[id]
		at := fmt.Sprintf("%s[%s]", path, id)
		switch {
		case had && has:
			w.compare(at, was, now)
		case had:
			w.differ(at, summary(was), "")
		default:
			w.differ(at, "", summary(now))
		}
	}
}

func (w *walk) differ(path, ours, expected string) {
	if ours == expected {
		return
	}
	if w.hidden {
		ours, expected = Hide(ours), Hide(expected)
	}
	w.found = append(w.found, lockstep.Difference{Where: w.where, Field: path, Ours: ours, Expected: expected})
}

// Hide replaces a personal value. An empty one stays, so that its absence shows.
func Hide(value string) string {
	if value == "" {
		return ""
	}
	return lockstep.NotShown
}

// byID maps the objects of a list by their id, or by their customer's.
func byID(list reflect.Value) map[string]reflect.Value {
	found := map[string]reflect.Value{}
	for i := range list.Len() {
		v := list.Index(i)
		id := v.FieldByName("ID")
		if !id.IsValid() {
			id = v.FieldByName("CustomerID")
		}
		found[id.String()] = v
	}
	return found
}

func keysOf(maps ...map[string]reflect.Value) func(func(string) bool) {
	all := map[string]bool{}
	for _, m := range maps {
		for key := range m {
			all[key] = true
		}
	}
	return func(yield func(string) bool) {
		for key := range all {
			if !yield(key) {
				return
			}
		}
	}
}

// summary shows what matters most about an object that only one side has.
func summary(v reflect.Value) string {
	for _, name := range []string{"Status", "Trust", "PriceID"} {
		if f := v.FieldByName(name); f.IsValid() && f.String() != "" {
			return f.String()
		}
	}
	return "present"
}

// text shows a plain value; empty for the zero value, except that a number and a flag always show.
func text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.UTC().Format(time.RFC3339)
	case []string:
		return strings.Join(x, ", ")
	}
	return fmt.Sprint(v.Interface())
}

var word = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// fieldName returns a field's name as the API writes it: CustomerID is customer_id.
func fieldName(name string) string {
	return strings.ToLower(word.ReplaceAllString(name, "${1}_${2}"))
}
