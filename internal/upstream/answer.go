package upstream

import (
	"context"
	"encoding/json"
	"time"
)

// Answer is the exact JSON that a provider sent. The SDK does not decode it, because its
// types fail on a field of a new shape and it parses an answer several times.
type Answer struct {
	Raw    json.RawMessage
	Object Object // nil if the answer is not an object

	skew  time.Duration // see skewOf
	dated bool          // the answer, or the refusal, has a date
}

type answerKey struct{}

// Keep returns a context for one call, and the place where the guard puts the answer. The
// SDK gets an empty object instead.
func Keep(ctx context.Context) (context.Context, *Answer) {
	a := &Answer{}
	return context.WithValue(ctx, answerKey{}, a), a
}

// kept returns the place for the answer to a call; nil if the SDK should get the answer.
func kept(ctx context.Context) *Answer {
	a, _ := ctx.Value(answerKey{}).(*Answer)
	return a
}
