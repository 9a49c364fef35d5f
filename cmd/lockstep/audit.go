package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"
)

// auditCommand prints the audit log, the newest entry first.
type auditCommand struct {
	remote
	Since   string `help:"Only entries from then on: a duration before now, a date or a time." placeholder:"TIME" example:"24h"`
	Account string `help:"Only entries about this account." placeholder:"ACCOUNT" example:"user/user_2x"`
	Limit   int    `help:"Print at most so many entries (default: all)." placeholder:"N" example:"20"`
	JSON    bool   `help:"Print each entry in full, as a JSON object on a line."`
}

// auditEntry is an entry in the API's answer.
type auditEntry struct {
	At      time.Time
	Actor   string
	Action  string
	Subject string
	Result  string
	Failure string
	Reason  string
}

// Run reads page after page.
func (c *auditCommand) Run(ctx context.Context, in *surroundings) error {
	query := url.Values{"limit": {"200"}}
	if c.Since != "" {
		since, err := parseTime("--since", c.Since, time.Now())
		if err != nil {
			return err
		}
		query.Set("since", since.UTC().Format(time.RFC3339Nano))
	}
	if c.Account != "" {
		query.Set("account", c.Account)
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	printed := 0
	for {
		var page struct {
			Data []json.RawMessage
			Next string
		}
		if c.Limit > 0 {
			query.Set("limit", strconv.Itoa(min(200, c.Limit-printed)))
		}
		if err := c.get(ctx, in, "/v1/audit?"+query.Encode(), &page); err != nil {
			return err
		}
		if err := c.print(in, out, page.Data, printed == 0); err != nil {
			return err
		}
		printed += len(page.Data)
		if page.Next == "" || printed == c.Limit {
			break
		}
		query.Set("before", page.Next)
	}
	if printed == 0 && !c.JSON {
		fmt.Fprintln(in.stdout, "No entries.")
	}
	return nil
}

// print prints a page. With --json it prints what the service answered, so that no field is lost.
func (c *auditCommand) print(in *surroundings, out *tabwriter.Writer, entries []json.RawMessage, first bool) error {
	if c.JSON {
		return printLines(in, entries)
	}
	if first && len(entries) > 0 {
		fmt.Fprintln(out, "time\twho\twhat\ton\tresult\twhy")
	}
	for _, text := range entries {
		var e auditEntry
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		result := e.Result
		if e.Failure != "" {
			result += " (" + e.Failure + ")"
		}
		fmt.Fprintln(out, row(e.At.UTC().Format(time.DateTime), e.Actor, e.Action, e.Subject, result, cmp.Or(e.Reason, "-")))
	}
	return out.Flush()
}

// parseTime reads a duration before now, a date or a time, which a flag says.
func parseTime(flag, text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrongUsage("%s: %q is neither a duration nor a date nor a time; for example 24h, 2026-11-30 or 2026-11-30T12:00:00Z", flag, text)
}
