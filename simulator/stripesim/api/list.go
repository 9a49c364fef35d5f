package api

import (
	"iter"
	"slices"
	"time"
)

// Paginate reads limit, starting_after and ending_before. It returns a list
// object with a page of the objects that match, newest first.
func Paginate[P interface{ Key() string }](c *Call, items iter.Seq[P], match func(P) bool,
	show func(P) Object) (Object, error) {
	at := readCursor(c)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	chosen, more, found := pageOf(items, match, at)
	if !found {
		return nil, at.notFound()
	}
	data := make([]any, len(chosen))
	for i, item := range chosen {
		data[i] = show(item)
	}
	return List(c.Request.URL.Path, data, more), nil
}

// cursor is where a page of a list is: after or before an object, or at the
// start.
type cursor struct {
	after, before string // ids; at most one is set
	limit         int64
}

// readCursor reads limit, starting_after and ending_before.
func readCursor(c *Call) cursor {
	at := cursor{limit: c.Integer("limit", 10), after: c.Text("starting_after"), before: c.Text("ending_before")}
	if at.limit < 1 || at.limit > 100 {
		c.Fail(Malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (inclusive)."))
	}
	if at.after != "" && at.before != "" {
		c.Fail(Malformed("", "ending_before", "You may only specify one of these parameters: starting_after, ending_before."))
	}
	return at
}

// notFound returns the error for a cursor that names no object.
func (at cursor) notFound() *Error {
	if at.after != "" {
		return NoSuch(kindOf(at.after), at.after, "starting_after")
	}
	return NoSuch(kindOf(at.before), at.before, "ending_before")
}

// pageOf returns the matching items of a page, whether more follow, and whether
// the cursor's object exists. That object need not match.
func pageOf[P interface{ Key() string }](items iter.Seq[P], match func(P) bool,
	at cursor) (chosen []P, more, found bool) {
	skipping, found := at.after != "", at.after == "" && at.before == ""
	for item := range items {
		if item.Key() == at.before && at.before != "" {
			found = true
			break
		}
		if skipping {
			if item.Key() == at.after {
				skipping, found = false, true
			}
			continue
		}
		if !match(item) {
			continue
		}
		chosen = append(chosen, item)
		if at.before == "" && int64(len(chosen)) > at.limit {
			break
		}
	}
	more = int64(len(chosen)) > at.limit
	if more && at.before != "" {
		chosen = chosen[int64(len(chosen))-at.limit:]
	} else if more {
		chosen = chosen[:at.limit]
	}
	return chosen, more, found
}

// NewestOf iterates backwards over a list that is sorted oldest first.
func NewestOf[P any](items []P) iter.Seq[P] {
	return func(yield func(P) bool) {
		for _, item := range slices.Backward(items) {
			if !yield(item) {
				return
			}
		}
	}
}

// CreatedFilter reads created, or created[gt|gte|lt|lte].
func CreatedFilter(c *Call) func(time.Time) bool { return TimeFilter(c, "created") }

// TimeFilter reads an exact time, or bounds (gt, gte, lt, lte).
func TimeFilter(c *Call, field string) func(time.Time) bool {
	if !c.Has(field) {
		return func(time.Time) bool { return true }
	}
	if !c.Hash(field) {
		at := c.Integer(field, 0)
		return func(t time.Time) bool { return t.Unix() == at }
	}
	bounds := c.Sub(field).Only("gt", "gte", "lt", "lte")
	const unbounded = int64(1) << 60
	gt, gte := bounds.Integer("gt", -unbounded), bounds.Integer("gte", -unbounded)
	lt, lte := bounds.Integer("lt", unbounded), bounds.Integer("lte", unbounded)
	return func(t time.Time) bool {
		at := t.Unix()
		return at > gt && at >= gte && at < lt && at <= lte
	}
}
