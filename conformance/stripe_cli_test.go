package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// trigger is the outcome of one of the CLI's triggers.
type trigger struct {
	name    string
	fault   string // why it failed; empty if it passed
	written bool   // the simulator wrote its event
	output  string // of the CLI, and the simulator's errors
}

// writtenBy is the type of the event that a trigger causes, if it differs from the trigger's name.
var writtenBy = map[string]string{
	"subscription.payment_failed":    "invoice.payment_failed",
	"subscription.payment_succeeded": "invoice.payment_succeeded",
}

// TestEveryTriggerOfTheStripeCLI runs all triggers and compares the outcome with the table in docs/stripe-cli.md. A
// trigger in scope must pass and write its event; one that is out of scope must fail.
func TestEveryTriggerOfTheStripeCLI(t *testing.T) {
	wanted(t)
	t.Parallel()
	names := triggers(t, newBench(t))
	if len(names) < 100 {
		t.Fatalf("the CLI lists only %d triggers: %v", len(names), names)
	}
	queue, results := make(chan string), make(chan trigger, len(names))
	var workers sync.WaitGroup
	for range 2 * runtime.NumCPU() {
		b := newBench(t)
		workers.Go(func() {
			for name := range queue {
				results <- pull(b, name)
			}
		})
	}
	for _, name := range names {
		queue <- name
	}
	close(queue)
	workers.Wait()
	close(results)
	var all []trigger
	for result := range results {
		all = append(all, result)
		why, out := reasonOut(result.name)
		switch {
		case result.fault != "" && !out:
			t.Errorf("%s: %s\n%s", result.name, result.fault, result.output)
		case result.fault == "" && out:
			t.Errorf("%s passes but is listed as out of scope (%s); remove it from outOfScope", result.name, why)
		case result.fault == "" && otherwise[result.name] != "" && result.written:
			t.Errorf("%s writes its event but is listed in otherwise; remove it", result.name)
		}
	}
	slices.SortFunc(all, func(a, b trigger) int { return cmp.Compare(a.name, b.name) })
	compareTable(t, "../docs/stripe-cli.md", all)
}

var indented = regexp.MustCompile(`(?m)^  ([a-z0-9_.]+)$`)

// triggers returns the triggers that the CLI lists.
func triggers(t *testing.T, b *bench) []string {
	help, err := b.run(nil, "stripe", "trigger", "--help")
	if err != nil {
		t.Fatalf("%v\n%s", err, help)
	}
	_, list, _ := strings.Cut(help, "Supported events:")
	list, _, _ = strings.Cut(list, "Usage:")
	var names []string
	for _, match := range indented.FindAllStringSubmatch(list, -1) {
		names = append(names, match[1])
	}
	return names
}

// stripeCLI runs the Stripe CLI against the simulator.
func (b *bench) stripeCLI(args ...string) (string, error) {
	return b.run(nil, "stripe", append(args, "--api-base", b.stripeURL, "--api-key", simulator.DefaultStripeKey)...)
}

// pull runs one trigger and waits until the simulator has written its event.
func pull(b *bench, name string) trigger {
	before, sent := len(b.Events()), len(b.History())
	args := []string{"trigger", name}
	if version := versionFor[name]; version != "" {
		args = append(args, "--api-version", version)
	}
	output, err := b.stripeCLI(args...)
	output += failures(b.History()[sent:])
	if err != nil {
		return trigger{name: name, fault: err.Error(), output: output}
	}
	kind, written := cmp.Or(writtenBy[name], name), []string(nil)
	// A test clock writes its events after the CLI has exited.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		written = nil
		for _, event := range b.Events()[before:] {
			if event.Type == kind {
				return trigger{name: name, written: true}
			}
			written = append(written, event.Type)
		}
		if otherwise[name] != "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if otherwise[name] != "" {
		return trigger{name: name}
	}
	return trigger{name: name, output: output, fault: fmt.Sprintf("the simulator wrote no %s, only %v", kind, written)}
}

// TestTheStripeCLIResendsAnEvent resends an event that was already delivered.
func TestTheStripeCLIResendsAnEvent(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	deliveries := make(chan string, 10)
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&event); err == nil {
			deliveries <- event.ID
		}
	}))
	defer inbox.Close()
	created, err := b.stripeCLI("webhook_endpoints", "create", "--url", inbox.URL, "--enabled-events", "product.created",
		"--confirm")
	if err != nil {
		t.Fatalf("%v\n%s", err, created)
	}
	var endpoint struct{ ID string }
	if err := json.Unmarshal([]byte(created), &endpoint); err != nil {
		t.Fatalf("%v: %s", err, created)
	}
	if output, err := b.stripeCLI("products", "create", "--name", "Resent", "--confirm"); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	arrived := func() string {
		select {
		case id := <-deliveries:
			return id
		case <-time.After(patience):
			t.Fatal("no webhook arrived")
			return ""
		}
	}
	first := arrived()
	if output, err := b.stripeCLI("events", "resend", first, "--webhook-endpoint", endpoint.ID, "--confirm"); err != nil {
		t.Fatalf("%v\n%s\n%s", err, output, failures(b.History()))
	}
	if again := arrived(); again != first {
		t.Errorf("%s was resent, %s arrived", first, again)
	}
}

// TestTheStripeCLIRunsAFixture creates objects that refer to each other from one file.
func TestTheStripeCLIRunsAFixture(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	if output, err := b.stripeCLI("fixtures", "testdata/subscriber.json"); err != nil {
		t.Fatalf("%v\n%s\n%s", err, output, failures(b.History()))
	}
	subscriptions := b.Subscriptions()
	if len(subscriptions) != 1 || subscriptions[0].Status != "active" ||
		subscriptions[0].Customer != b.Customers()[0].ID || b.Prices()[0].LookupKey != "pro_monthly" {
		t.Errorf("the fixture made %+v", subscriptions)
	}
}

const tableMark = "<!-- the table: make clients-table writes it -->\n"

// compareTable compares the table in a document with the outcomes, or writes it if LOCKSTEP_WRITE_TABLE is set.
func compareTable(t *testing.T, file string, all []trigger) {
	t.Helper()
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, committed, found := strings.Cut(string(document), tableMark)
	if !found {
		t.Fatalf("%s lacks the line %q", file, tableMark)
	}
	table := tableOf(all)
	if os.Getenv("LOCKSTEP_WRITE_TABLE") != "" && !t.Failed() {
		if err := os.WriteFile(file, []byte(text+tableMark+table), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if committed != table {
		t.Errorf("the table in %s differs from the outcomes; run make clients-table", file)
	}
}

// tableOf renders the outcomes in Markdown.
func tableOf(all []trigger) string {
	var table strings.Builder
	table.WriteString("| `stripe trigger` | |\n|---|---|\n")
	for _, result := range all {
		outcome := "passes"
		if version := versionFor[result.name]; version != "" {
			outcome = "passes with `--api-version " + version + "`"
		}
		if why, out := reasonOut(result.name); out {
			outcome = "out of scope: " + why
		} else if why := otherwise[result.name]; why != "" {
			outcome = "runs, without that event: " + why
		}
		fmt.Fprintf(&table, "| %s | %s |\n", result.name, outcome)
	}
	return table.String()
}
