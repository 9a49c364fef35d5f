package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type replayEvents struct {
	confirmed
	eventFilter
	IDs    []string `arg:"" name:"ids" optional:"" help:"The events (evt_… or msg_…); or select them by flags."`
	Limit  int      `help:"With flags: replay at most so many events, the newest." placeholder:"N" default:"10000"`
	DryRun bool     `help:"Only say which events match, and which keys they would mark."`
	JSON   bool     `help:"Print a JSON object on a line."`
}

// replayed is what a replay did, or would do.
type replayed struct {
	DryRun   bool           `json:"dry_run,omitempty"`
	Matched  map[string]int `json:"matched,omitempty"` // by status
	Replayed int            `json:"replayed"`
	Reopened int            `json:"reopened"`
	Ignored  int            `json:"ignored"`
	Keys     []string       `json:"keys"`
	Unknown  []string       `json:"unknown"`
}

// Run replays the named events, or those that match.
func (c *replayEvents) Run(ctx context.Context, in *surroundings) error {
	if c.empty() == (len(c.IDs) == 0) {
		return wrongUsage("name events, or select them by flags such as --status parked; one of both")
	}
	if c.Limit < 1 || c.Limit > mostSelected {
		return wrongUsage("--limit: %d is not between 1 and %d", c.Limit, mostSelected)
	}
	if len(c.IDs) > 0 && !c.DryRun {
		return c.replay(ctx, in, c.IDs, false)
	}
	ids, would, err := c.selected(ctx, in)
	if err != nil {
		return err
	}
	if c.DryRun || len(ids) == 0 {
		return c.print(in, would)
	}
	err = c.confirm(ctx, in, "", fmt.Sprintf("%s and %s. Lockstep will read the current state of what they are about; it applies no event.",
		matchedText(would.Matched), marksText("mark", would.Keys)))
	if err != nil {
		return err
	}
	return c.replay(ctx, in, ids, true)
}

// selected returns the events to replay, and what that would do. It only reads.
func (c *replayEvents) selected(ctx context.Context, in *surroundings) (ids []string, would replayed, err error) {
	would = replayed{DryRun: true, Matched: map[string]int{}, Unknown: []string{}}
	keys := map[string]bool{}
	add := func(rows []json.RawMessage) error {
		for _, text := range rows {
			var e storedEvent
			if err := json.Unmarshal(text, &e); err != nil {
				return err
			}
			ids = append(ids, e.Source+"/"+e.ID)
			would.Matched[e.Status]++
			if e.Key == "" {
				would.Ignored++
				continue
			}
			if would.Replayed++; e.Status != "done" {
				would.Reopened++
			}
			keys[e.Key] = true
		}
		return nil
	}
	if len(c.IDs) > 0 {
		err = c.named(ctx, in, add)
	} else {
		var list pages
		if list, err = c.pages(c.remote, c.Limit); err == nil {
			_, err = list.read(ctx, in, add)
		}
	}
	would.Keys = slices.Sorted(maps.Keys(keys))
	return ids, would, err
}

// named reads the named events.
func (c *replayEvents) named(ctx context.Context, in *surroundings, add func([]json.RawMessage) error) error {
	for _, id := range c.IDs {
		var e json.RawMessage
		if err := c.get(ctx, in, "/v1/events/"+url.PathEscape(id), &e); err != nil {
			return err
		}
		if err := add([]json.RawMessage{e}); err != nil {
			return err
		}
	}
	return nil
}

// replay replays events in parts. Many leave the way free for everything else.
func (c *replayEvents) replay(ctx context.Context, in *surroundings, ids []string, many bool) error {
	done := replayed{Keys: []string{}, Unknown: []string{}}
	part := func(some []string) error {
		var did replayed
		if err := c.call(ctx, in, http.MethodPost, "/v1/events/replay", map[string]any{"events": some, "background": many},
			&did); err != nil {
			return err
		}
		done.Replayed += did.Replayed
		done.Reopened += did.Reopened
		done.Ignored += did.Ignored
		done.Keys, done.Unknown = append(done.Keys, did.Keys...), append(done.Unknown, did.Unknown...)
		return nil
	}
	if err := (bulk{what: "events replayed", all: ids, quiet: !many}).each(part); err != nil {
		return err
	}
	slices.Sort(done.Keys)
	done.Keys = slices.Compact(done.Keys)
	if err := c.print(in, done); err != nil {
		return err
	}
	if len(done.Unknown) > 0 {
		return errors.New("not stored, so not replayed: " + strings.Join(done.Unknown, ", "))
	}
	return nil
}

// print says what was done, or would be.
func (c *replayEvents) print(in *surroundings, r replayed) error {
	if c.JSON {
		return printLines(in, []replayed{r})
	}
	switch {
	case r.DryRun && len(r.Matched) == 0:
		fmt.Fprintln(in.stdout, "No event matches; there is nothing to replay.")
		return nil
	case r.DryRun:
		fmt.Fprintf(in.stdout, "%s and would %s. Nothing was changed.\n", matchedText(r.Matched), marksText("mark", r.Keys))
	default:
		fmt.Fprintf(in.stdout, "Replayed %s and %s.\n", plural(r.Replayed, "event"), marksText("marked", r.Keys))
		if r.Reopened > 0 {
			fmt.Fprintf(in.stdout, "Pending now: %d. To follow: lockstep events list --status pending\n", r.Reopened)
		}
		if closed := r.Replayed - r.Reopened; closed > 0 {
			fmt.Fprintf(in.stdout, "Already processed, and shown as such: %d.\n", closed)
		}
	}
	if r.Ignored > 0 {
		fmt.Fprintf(in.stdout, "Ignored, because their type changes nothing: %d.\n", r.Ignored)
	}
	return nil
}

// matchedText says how many events match, by status.
func matchedText(byStatus map[string]int) string {
	total, parts := 0, []string{}
	for _, status := range slices.Sorted(maps.Keys(byStatus)) {
		total += byStatus[status]
		parts = append(parts, fmt.Sprintf("%d %s", byStatus[status], status))
	}
	verb := "match"
	if total == 1 {
		verb = "matches"
	}
	return fmt.Sprintf("%s %s (%s)", plural(total, "event"), verb, strings.Join(parts, ", "))
}

// namedKeys is how many keys a text names.
const namedKeys = 10

func marksText(verb string, keys []string) string {
	text := verb + " " + plural(len(keys), "key")
	if len(keys) == 0 {
		return text
	}
	text += ": " + strings.Join(keys[:min(namedKeys, len(keys))], ", ")
	if more := len(keys) - namedKeys; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
