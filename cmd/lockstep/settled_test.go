package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// settled KEY: waits until everything that happened at the simulators has been delivered
// and worked off. Only then does it mean something that a script does not see a thing.
// It waits for the last event of a payment, which Stripe sends a second or two later.
func settled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: settled KEY")
	}
	eventually(ts, func() string {
		under, err := underway(ts.Getenv("STRIPE"), ts.Getenv("LOCKSTEP"), args[0])
		ts.Check(err)
		return under
	})
}

// underway says what is still to be delivered or worked off; empty: nothing is. What is
// set for more than a minute from now, as the end of a trial or the next sweep is, is not
// under way.
func underway(stripe, lockstep, key string) (string, error) {
	before, deliveries, err := deliveriesOf(stripe)
	if err != nil || deliveries > 0 {
		return fmt.Sprintf("%d deliveries", deliveries), err
	}
	var work struct {
		Data []struct {
			Key     string
			Pending bool
			RunAt   time.Time `json:"run_at"`
		}
	}
	if err := read(&work, lockstep+"/v1/work", "key="+key); err != nil {
		return "", err
	}
	for _, w := range work.Data {
		if w.Pending && time.Until(w.RunAt) < time.Minute {
			return "work on " + w.Key, nil
		}
	}
	// A run that ended between the two looks may have made an event in the meantime.
	after, deliveries, err := deliveriesOf(stripe)
	if err != nil || deliveries > 0 || after != before {
		return "what the last run did", err
	}
	return "", nil
}

// deliveriesOf is how many deliveries the simulators have to make still, and a number that
// each new one changes. Those that tell of what is sold change nothing here, and a script
// that sets up its shop first would wait a minute for their second try.
func deliveriesOf(stripe string) (sequence uint64, deliveries int, err error) {
	var state struct {
		World  struct{ Sequence uint64 }
		Outbox struct {
			Messages   []struct{ ID, Type string }
			Deliveries []struct{ Message string }
		}
	}
	err = read(&state, stripe+"/_sim/state")
	ofTheShop := map[string]bool{}
	for _, m := range state.Outbox.Messages {
		of, _, _ := strings.Cut(m.Type, ".")
		ofTheShop[m.ID] = of == "product" || of == "price" || of == "plan"
	}
	for _, d := range state.Outbox.Deliveries {
		if !ofTheShop[d.Message] {
			deliveries++
		}
	}
	return state.World.Sequence, deliveries, err
}

// read decodes what is answered with 200.
func read(into any, url string, with ...string) error {
	status, text, err := request(append([]string{http.MethodGet, url}, with...))
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", url, status, text)
	}
	return json.Unmarshal([]byte(text), into)
}
