package ordered

import (
	"encoding/json"
	"iter"
	"slices"
)

// Keyed is an object with an id.
type Keyed[T any] interface {
	*T
	Key() string
}

// Owned is an object that belongs to one other object; "" means no owner. A table
// finds all objects of an owner without a scan. If the owner changes, the caller
// must call Moved.
type Owned interface{ Owner() string }

// Shared is an object that belongs to several others, such as an invoice to its
// customer and its subscription.
type Shared interface{ Owners() []string }

// owners returns the owners that an item can be found by.
func owners(item any) []string {
	switch owned := item.(type) {
	case Shared:
		return owned.Owners()
	case Owned:
		if owner := owned.Owner(); owner != "" {
			return []string{owner}
		}
	}
	return nil
}

// Table keeps objects of one kind. The zero value is empty. It is not safe for
// concurrent use.
type Table[T any, P Keyed[T]] struct {
	byID    map[string]P
	byOwner map[string][]P
	items   []P
}

// Add appends an item and returns it.
func (t *Table[T, P]) Add(item P) P {
	if t.byID == nil {
		t.byID = map[string]P{}
	}
	t.byID[item.Key()] = item
	t.items = append(t.items, item)
	t.join(item, owners(item))
	return item
}

func (t *Table[T, P]) join(item P, to []string) {
	if t.byOwner == nil {
		t.byOwner = map[string][]P{}
	}
	for _, owner := range to {
		t.byOwner[owner] = append(t.byOwner[owner], item)
	}
}

func (t *Table[T, P]) leave(item P, from []string) {
	for _, owner := range from {
		left := slices.DeleteFunc(t.byOwner[owner], func(other P) bool { return other == item })
		t.byOwner[owner] = left
		if len(left) == 0 {
			delete(t.byOwner, owner)
		}
	}
}

// Moved updates the lookup by owner after an item's owners have changed. had are
// the previous owners. The item comes last among those of its new owner.
func (t *Table[T, P]) Moved(item P, had ...string) {
	have := owners(item)
	if slices.Equal(have, had) {
		return
	}
	t.leave(item, had)
	t.join(item, have)
}

// Of returns a copy of the owner's items, oldest first.
func (t *Table[T, P]) Of(owner string) []P { return slices.Clone(t.byOwner[owner]) }

// Get returns the item with the id, or nil.
func (t *Table[T, P]) Get(id string) P { return t.byID[id] }

// Len returns the number of items.
func (t *Table[T, P]) Len() int { return len(t.items) }

// Remove removes an item. It ignores an unknown id.
func (t *Table[T, P]) Remove(id string) {
	item, known := t.byID[id]
	if !known {
		return
	}
	t.forget(item)
	t.items = slices.DeleteFunc(t.items, func(other P) bool { return other == item })
}

func (t *Table[T, P]) forget(item P) {
	delete(t.byID, item.Key())
	t.leave(item, owners(item))
}

// RemoveOldestWhile removes the oldest item for as long as it is stale.
func (t *Table[T, P]) RemoveOldestWhile(stale func(P) bool) {
	for len(t.items) > 0 && stale(t.items[0]) {
		t.forget(t.items[0])
		t.items[0] = nil
		t.items = t.items[1:]
	}
}

// Find returns the oldest item that matches, or nil.
func (t *Table[T, P]) Find(match func(P) bool) P {
	for _, item := range t.items {
		if match(item) {
			return item
		}
	}
	return nil
}

// Oldest yields the items in the order they were added. The caller may remove
// items during the iteration.
func (t *Table[T, P]) Oldest() iter.Seq[P] { return slices.Values(slices.Clone(t.items)) }

// Newest yields the latest item first. The table must not change during the
// iteration.
func (t *Table[T, P]) Newest() iter.Seq[P] {
	return func(yield func(P) bool) {
		for i := len(t.items) - 1; i >= 0; i-- {
			if !yield(t.items[i]) {
				return
			}
		}
	}
}

// Where returns the matching items, oldest first.
func (t *Table[T, P]) Where(match func(P) bool) []P {
	var matching []P
	for _, item := range t.items {
		if match(item) {
			matching = append(matching, item)
		}
	}
	return matching
}

// MarshalJSON writes the items as an array.
func (t *Table[T, P]) MarshalJSON() ([]byte, error) {
	if t.items == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(t.items)
}

// UnmarshalJSON replaces the table with the items of an array.
func (t *Table[T, P]) UnmarshalJSON(data []byte) error {
	var items []P
	if err := json.Unmarshal(data, &items); err != nil {
		return err
	}
	*t = Table[T, P]{}
	for _, item := range items {
		t.Add(item)
	}
	return nil
}
