package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// settled KEY: waits until every event of the simulators is delivered and processed. Only then can a script
// check that something did not happen. It also waits for the last event of a payment, which comes a second
// or two later.
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

// underway describes what is still to be delivered or processed; empty if nothing is. It ignores work that is
// scheduled for more than a minute from now, such as the end of a trial or the next sweep.
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
		wait := time.Minute
		if strings.HasPrefix(w.Key, "sweep/") {
			wait = 0 // dev looks for lost webhooks every few seconds
		}
		if w.Pending && time.Until(w.RunAt) < wait {
			return "work on " + w.Key, nil
		}
	}
	// A sync that ended between the two reads may have caused an event.
	after, deliveries, err := deliveriesOf(stripe)
	if err != nil || deliveries > 0 || after != before {
		return "what the last run did", err
	}
	return "", nil
}

// deliveriesOf returns how many deliveries are pending, and a number that changes with each new one. It
// ignores events about products and prices: a script that creates them before Lockstep runs would wait a
// minute for their retry.
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

// read decodes an answer with status 200.
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
