package schedule

import (
	"hash/fnv"
	"math/rand/v2"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns prefix followed by length letters and digits. Each prefix has
// its own counter, so what one provider does never changes the ids of the
// other. Call it under the lock.
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

// Rand returns the choices that belong to the nth thing of a stream. Drawing
// from it never moves another stream, so that the order in which goroutines
// come to draw cannot change what they draw.
func (w *World) Rand(stream string, n uint64) *rand.Rand {
	hash := fnv.New64a()
	hash.Write([]byte(stream))
	return rand.New(rand.NewPCG(w.seed^hash.Sum64(), n))
}
