package upstream

import (
	"context"
	"encoding/json"
)

// Answer is what a provider has answered, as it was sent: whole JSON, or by the [Rules] an
// object. It comes past the SDK, which would decode it into types that fail on a field of a
// shape that is new to them, and walk over it several times on the way.
type Answer struct {
	Raw    json.RawMessage
	Object Object // nil unless the rules say that answers are objects
}

type answerKey struct{}

// Keep returns a context for one call, whose answer the guard keeps. The SDK gets an empty
// object in its place.
func Keep(ctx context.Context) (context.Context, *Answer) {
	a := &Answer{}
	return context.WithValue(ctx, answerKey{}, a), a
}

// kept is where the answer to a call of this context goes; nil: to the SDK.
func kept(ctx context.Context) *Answer {
	a, _ := ctx.Value(answerKey{}).(*Answer)
	return a
}
