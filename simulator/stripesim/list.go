package stripesim

import (
	"iter"
	"slices"
	"time"
)

// paginate reads limit, starting_after and ending_before, applies them to the
// matching objects, newest first, and shows the result as a list object.
func paginate[P interface{ Key() string }](c *call, items iter.Seq[P], match func(P) bool,
	show func(P) object) (object, error) {
	limit := c.integer("limit", 10)
	if limit < 1 || limit > 100 {
		c.fail(malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (inclusive)."))
	}
	after, before := c.text("starting_after"), c.text("ending_before")
	if after != "" && before != "" {
		c.fail(malformed("", "ending_before", "You may only specify one of these parameters: starting_after, ending_before."))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	// The cursor is looked up among all objects: it need not match the filter.
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
		return nil, noSuch(kindOf(after+before), after+before,
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
	return list(c.request.URL.Path, data, more), nil
}

// newestOf yields a list that is oldest first from its end.
func newestOf[P any](items []P) iter.Seq[P] {
	return func(yield func(P) bool) {
		for _, item := range slices.Backward(items) {
			if !yield(item) {
				return
			}
		}
	}
}

// createdFilter reads created, or created[gt|gte|lt|lte].
func createdFilter(c *call) func(time.Time) bool { return timeFilter(c, "created") }

// timeFilter reads an exact time or its bounds.
func timeFilter(c *call, field string) func(time.Time) bool {
	if !c.has(field) {
		return func(time.Time) bool { return true }
	}
	if !c.hash(field) {
		at := c.integer(field, 0)
		return func(t time.Time) bool { return t.Unix() == at }
	}
	bounds := c.sub(field).only("gt", "gte", "lt", "lte")
	const unbounded = int64(1) << 60
	gt, gte := bounds.integer("gt", -unbounded), bounds.integer("gte", -unbounded)
	lt, lte := bounds.integer("lt", unbounded), bounds.integer("lte", unbounded)
	return func(t time.Time) bool {
		at := t.Unix()
		return at > gt && at >= gte && at < lt && at <= lte
	}
}
