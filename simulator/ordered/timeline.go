package ordered

import (
	"cmp"
	"slices"
	"time"
)

// Dated is an object that lists show by its creation time. A client may choose
// that time, so it can differ from the order in a table. The sequence number
// decides between equal times.
type Dated interface {
	comparable
	Created() (at time.Time, sequence uint64)
}

// ByAge compares two objects by creation, oldest first.
func ByAge[T Dated](a, b T) int {
	atA, sequenceA := a.Created()
	atB, sequenceB := b.Created()
	return cmp.Or(atA.Compare(atB), cmp.Compare(sequenceA, sequenceB))
}

// Timeline keeps objects by creation time, oldest first. The zero value is
// empty. It is not safe for concurrent use.
type Timeline[T Dated] struct{ items []T }

// Items returns the objects, oldest first. The caller must not change the slice.
func (l *Timeline[T]) Items() []T { return l.items }

// Add inserts an object at its place.
func (l *Timeline[T]) Add(item T) {
	at, _ := slices.BinarySearchFunc(l.items, item, ByAge)
	l.items = slices.Insert(l.items, at, item)
}

// Remove takes an object out. Its creation time must be the one it had when it
// was added.
func (l *Timeline[T]) Remove(item T) {
	if at, found := slices.BinarySearchFunc(l.items, item, ByAge); found {
		l.items = slices.Delete(l.items, at, at+1)
	}
}

// Page says which objects of a list to take.
type Page[T Dated] struct {
	After         T // the list goes on after this one; the zero value starts at an end
	Newest        bool
	Limit, Offset int
}

// Take returns the objects of a page that match. items is in the order of ByAge.
// It looks no further than it must.
func (p Page[T]) Take(items []T, matches func(T) bool) []T {
	at, step, end := p.start(items)
	offset := p.Offset
	var chosen []T
	for ; at != end && len(chosen) < p.Limit; at += step {
		if !matches(items[at]) {
			continue
		}
		if offset > 0 {
			offset--
			continue
		}
		chosen = append(chosen, items[at])
	}
	return chosen
}

// start returns the first index to look at, the direction, and where to stop.
func (p Page[T]) start(items []T) (at, step, end int) {
	var none T
	place, found := 0, false
	if p.After != none {
		place, found = slices.BinarySearchFunc(items, p.After, ByAge)
	}
	switch {
	case p.Newest && p.After == none:
		return len(items) - 1, -1, -1
	case p.Newest:
		return place - 1, -1, -1
	case found:
		return place + 1, 1, len(items)
	}
	return place, 1, len(items)
}
