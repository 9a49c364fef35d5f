package schedule

import (
	"hash/fnv"
	"math/rand/v2"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns prefix followed by length letters and digits. Each prefix has its
// own counter, so the actions of one provider never change the ids of the other.
// Call it under the lock.
func (w *World) NewID(prefix string, length int) string {
	w.counters[prefix]++
	random := w.Rand(prefix, w.counters[prefix])
	id := make([]byte, 0, len(prefix)+length)
	id = append(id, prefix...)
	for range length {
		id = append(id, alphabet[random.IntN(len(alphabet))])
	}
	return string(id)
}

// Rand returns the random source of the nth item of a stream. Each item has its
// own, so the order in which goroutines draw cannot change what they draw.
func (w *World) Rand(stream string, n uint64) *rand.Rand {
	hash := fnv.New64a()
	hash.Write([]byte(stream))
	return rand.New(rand.NewPCG(w.seed^hash.Sum64(), n))
}
