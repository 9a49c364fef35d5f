package lockstep

import (
	"context"
	"maps"
	"sync"
)

// Calls counts the calls to providers under a context, and the writes that providers accepted. It is safe for
// concurrent use. Nil counts nothing.
type Calls struct {
	mu    sync.Mutex
	made  map[string]int
	facts RunFacts
}

type callsKey struct{}

// WithCalls returns a context whose calls to providers are counted by the result.
func WithCalls(ctx context.Context) (context.Context, *Calls) {
	calls := &Calls{made: make(map[string]int, 2)}
	return context.WithValue(ctx, callsKey{}, calls), calls
}

// CallsOf returns what counts the calls under the context; nil: nothing does.
func CallsOf(ctx context.Context) *Calls {
	calls, _ := ctx.Value(callsKey{}).(*Calls)
	return calls
}

// Made counts a call to a provider.
func (c *Calls) Made(provider string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[provider]++
}

// Wrote notes a write that a provider accepted. The endpoint has no ids.
func (c *Calls) Wrote(provider, endpoint string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facts.Write(provider, endpoint, 1)
}

// Report returns how many calls were made, by provider, and adds what they wrote to the facts.
func (c *Calls) Report(facts *RunFacts) (made map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.facts.Wrote {
		facts.Write(e.To, e.What, e.Times)
	}
	return maps.Clone(c.made)
}
