package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// eventsCommand shows stored events, and replays them.
type eventsCommand struct {
	List   listEvents   `cmd:"" help:"List stored events, newest first."`
	Show   showEvent    `cmd:"" help:"Show an event, and what became of it."`
	Replay replayEvents `cmd:"" help:"Look again at what events are about. No event is applied: Lockstep reads the current state."`
}

// eventFilter selects events.
type eventFilter struct {
	Account string `help:"Only events of this account." placeholder:"ACCOUNT" example:"user/user_2x"`
	Key     string `help:"Only events of this key." placeholder:"KEY" example:"customer/cus_x"`
	Type    string `help:"Only events of this type." placeholder:"TYPE" example:"invoice.paid"`
	Status  string `help:"Only events in this state: pending, done, ignored, parked, failed or dropped." enum:"any,pending,done,ignored,parked,failed,dropped" default:"any"`
	Source  string `help:"Only events from stripe or clerk." enum:"any,stripe,clerk" default:"any"`
	Since   string `help:"Only events received from then on: a duration before now, a date or a time." placeholder:"TIME" example:"24h"`
	Until   string `help:"Only events received before then." placeholder:"TIME" example:"2026-11-30"`
}

// pages returns the list of the events that match.
func (f eventFilter) pages(r remote, limit int) (pages, error) {
	query := url.Values{}
	setGiven(query, map[string]string{"account": f.Account, "key": f.Key, "type": f.Type, "status": f.Status,
		"source": f.Source})
	err := errors.Join(setTime(query, "since", f.Since), setTime(query, "until", f.Until))
	return pages{remote: r, path: "/v1/events", query: query, cursor: "before", limit: limit}, err
}

// empty reports whether no flag is given.
func (f eventFilter) empty() bool {
	return f == eventFilter{Status: "any", Source: "any"}
}

// storedEvent is an event in the API's answers.
type storedEvent struct {
	Source, ID, Type, Origin, Status, Reason, Key, Object, Customer string

	OccurredAt time.Time       `json:"occurred_at"`
	ReceivedAt time.Time       `json:"received_at"`
	Body       json.RawMessage `json:"body"`
	Expired    bool            `json:"body_expired"`
	Work       *workOf         `json:"work"`
}

type listEvents struct {
	remote
	eventFilter
	Limit  int    `help:"Print at most so many events." placeholder:"N" default:"100"`
	Before string `help:"Continue below this cursor, which the page before printed." placeholder:"CURSOR" example:"4711"`
	JSON   bool   `help:"Print each event as a JSON object on a line."`
}

// Run prints a line for each event.
func (c *listEvents) Run(ctx context.Context, in *surroundings) error {
	list, err := c.pages(c.remote, c.Limit)
	if err != nil {
		return err
	}
	setGiven(list.query, map[string]string{"before": c.Before})
	return table[storedEvent]{json: c.JSON, none: "No events.", head: "received\tsource\tid\ttype\tstatus\tkey\twhy",
		row: func(e storedEvent) string {
			return row(e.ReceivedAt.UTC().Format(time.DateTime), e.Source, e.ID, e.Type, e.Status, cmp.Or(e.Key, "-"),
				cmp.Or(e.Reason, "-"))
		}}.show(ctx, in, list)
}

type showEvent struct {
	remote
	ID     string `arg:"" help:"The event's id: evt_… or msg_…."`
	Source string `help:"Only an event from stripe or clerk." enum:"any,stripe,clerk" default:"any"`
	Body   bool   `help:"Print the body too. It contains personal data, such as names and e-mail addresses."`
	JSON   bool   `help:"Print a JSON object on a line."`
}

// Run prints the event.
func (c *showEvent) Run(ctx context.Context, in *surroundings) error {
	query := url.Values{}
	setGiven(query, map[string]string{"source": c.Source})
	if c.Body {
		query.Set("body", "true")
	}
	var text json.RawMessage
	if err := c.get(ctx, in, "/v1/events/"+url.PathEscape(c.ID)+"?"+query.Encode(), &text); err != nil {
		return err
	}
	if c.JSON {
		return printLines(in, []json.RawMessage{text})
	}
	var e storedEvent
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	if err := e.print(in); err != nil || !c.Body {
		return err
	}
	return e.printBody(in)
}

// print prints what is known about the event, one fact per line.
func (e storedEvent) print(in *surroundings) error {
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"event", e.ID}, {"source", e.Source}, {"type", e.Type},
		{"received", e.ReceivedAt.UTC().Format(time.DateTime) + map[string]string{"scan": ", found by the gap scan",
			"webhook": ", by webhook"}[e.Origin]},
		{"occurred", e.OccurredAt.UTC().Format(time.DateTime)},
		{"about", strings.Join(slices.Compact([]string{e.Object, e.Customer}), " ")}, {"key", e.Key}, {"status", e.Status},
		{"processed", e.processed()}, {"why", e.Reason}, {"key now", e.Work.String()},
	} {
		if text := strings.TrimSpace(line[1]); text != "" {
			fmt.Fprintln(out, row(line[0], text))
		}
	}
	return out.Flush()
}

// processed says in words what became of the event.
func (e storedEvent) processed() string {
	return map[string]string{
		"pending": "not yet: it waits for the next run of its key",
		"done":    "a run of its key that began after its arrival ended well",
		"ignored": "never: it marks no key",
		"parked":  "not yet: its key waits for an account or a link",
		"failed":  "a run of its key ended with an error that a retry cannot fix",
		"dropped": "never: an operator dropped its key",
	}[e.Status]
}

func (e storedEvent) printBody(in *surroundings) error {
	if e.Expired {
		fmt.Fprintln(in.stdout, "\nThe body is no longer stored: its retention has ended, or the account was forgotten.")
		return nil
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, e.Body, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintf(in.stdout, "\n%s\n", printableLines(pretty.String()))
	return err
}
