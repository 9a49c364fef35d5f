// Package recent is a map that keeps the entries used last, up to a fixed number.
package recent

// Map keeps the entries that were used last, between half of its limit and its limit. It has two
// generations: when the young one reaches half of the limit, it becomes the old one, and the former old
// one is dropped. A Map is not safe for concurrent use.
type Map[K comparable, V any] struct {
	limit      int
	young, old map[K]V
}

// New returns a map of at most limit entries. limit must be at least 2.
func New[K comparable, V any](limit int) *Map[K, V] {
	return &Map[K, V]{limit: limit, young: map[K]V{}}
}

// Find returns the value of a key and whether there is one. It counts as a use.
func (m *Map[K, V]) Find(key K) (V, bool) {
	if v, has := m.young[key]; has {
		return v, true
	}
	v, has := m.old[key]
	if has {
		m.Put(key, v)
	}
	return v, has
}

// Put sets the value of a key, which counts as a use.
func (m *Map[K, V]) Put(key K, value V) {
	if _, has := m.young[key]; !has && len(m.young) >= m.limit/2 {
		m.old, m.young = m.young, map[K]V{}
	}
	m.young[key] = value
}

// Drop removes a key.
func (m *Map[K, V]) Drop(key K) {
	delete(m.young, key)
	delete(m.old, key)
}
