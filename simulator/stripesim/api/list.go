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
	limit := c.Integer("limit", 10)
	if limit < 1 || limit > 100 {
		c.Fail(Malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (inclusive)."))
	}
	after, before := c.Text("starting_after"), c.Text("ending_before")
	if after != "" && before != "" {
		c.Fail(Malformed("", "ending_before", "You may only specify one of these parameters: starting_after, ending_before."))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	// The cursor may be any object; it need not match the filter.
	var chosen []P
	skipping, found := after != "", after == "" && before == ""
	for item := range items {
		if item.Key() == before && before != "" {
			found = true
			break
		}
		if skipping {
			if item.Key() == after {
				skipping, found = false, true
			}
			continue
		}
		if !match(item) {
			continue
		}
		chosen = append(chosen, item)
		if before == "" && int64(len(chosen)) > limit {
			break
		}
	}
	if !found {
		return nil, NoSuch(kindOf(after+before), after+before,
			map[bool]string{true: "starting_after", false: "ending_before"}[after != ""])
	}
	more := int64(len(chosen)) > limit
	if more && before != "" {
		chosen = chosen[int64(len(chosen))-limit:]
	} else if more {
		chosen = chosen[:limit]
	}
	data := make([]any, len(chosen))
	for i, item := range chosen {
		data[i] = show(item)
	}
	return List(c.Request.URL.Path, data, more), nil
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
