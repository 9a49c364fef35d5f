package openapicheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// mostShown is how many deviations a test reports; one mistake often causes many.
const mostShown = 40

// Check reports every deviation in a history as a test error.
func Check(t testing.TB, history []wire.Entry) {
	t.Helper()
	found, err := Deviations(history)
	if err != nil {
		t.Fatal(err)
	}
	for i, deviation := range found {
		if i == mostShown {
			t.Errorf("and %d more deviations from the published documents", len(found)-i)
			break
		}
		t.Errorf("deviation from the published documents: %s", deviation)
	}
}

// Deviations returns where a history deviates from the documents, each place once, as
// "POST /v1/customers 200: address.city: is missing; ...". It fails if a document cannot be read.
func Deviations(history []wire.Entry) ([]string, error) {
	stripe, err := stripeDocument()
	if err != nil {
		return nil, err
	}
	clerk, err := clerkDocument()
	if err != nil {
		return nil, err
	}
	c := &checker{stripe: stripe, clerk: clerk, eventTypes: eventTypes(stripe), faulty: map[string]bool{},
		lines: map[string]string{}}
	for i := range history {
		c.entry(&history[i])
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(c.lines)) {
		lines = append(lines, c.lines[key])
	}
	return lines, nil
}

// checker checks one history.
type checker struct {
	stripe *document
	clerk  *document // nil if Clerk is not checked

	eventTypes map[any]bool
	// faulty holds the answers that scripted faults gave, as idempotency key and body, to recognize their replays.
	faulty map[string]bool
	lines  map[string]string
}

func (c *checker) entry(e *wire.Entry) {
	if e.Side != "delivery" && !strings.HasPrefix(e.Path, "/v1/") {
		return // a hosted page, or the Frontend API
	}
	if e.Fault != "" || e.Status == 0 && e.Side != "delivery" {
		c.faulty[e.IdempotencyKey+"\n"+e.Response] = true
		return
	}
	if e.IdempotencyKey != "" && c.faulty[e.IdempotencyKey+"\n"+e.Response] {
		return
	}
	if e.Cut && (e.Side != "clerk" || c.clerk != nil) {
		c.report(e.Method+" "+e.Path, []deviation{{what: "the history cut the body short, so it cannot be checked"}})
		return
	}
	switch {
	case e.Side == "stripe":
		c.stripeExchange(e)
	case e.Side == "delivery" && e.Provider == "stripe":
		c.stripeDelivery(e)
	case e.Side == "clerk" && c.clerk != nil:
		c.clerkExchange(e)
	case e.Side == "delivery" && e.Provider == "clerk" && c.clerk != nil:
		c.clerkDelivery(e)
	}
}

var position = regexp.MustCompile(`\[\d+\]`)

// report keeps each deviation once. The same deviation in another list element, or in another exchange with the same
// operation, is the same mistake.
func (c *checker) report(where string, found []deviation) {
	for _, d := range found {
		at := position.ReplaceAllString(d.at, "[]")
		key := where + ": " + at
		if _, known := c.lines[key]; known {
			continue
		}
		if d.at == "" {
			c.lines[key] = where + ": " + d.what
			continue
		}
		c.lines[key] = where + ": " + d.at + ": " + d.what
	}
}

// read decodes JSON and keeps numbers as they are written.
func read(text string) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data follows the value")
	}
	return value, nil
}
