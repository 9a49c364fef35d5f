package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// workCommand shows the keys that are not in sync, and repairs them.
type workCommand struct {
	List  listWork  `cmd:"" help:"List keys that are pending, parked or failed."`
	Retry retryWork `cmd:"" help:"Run keys again now, with all their attempts."`
	Drop  dropWork  `cmd:"" help:"Settle a key that you have decided about. A new event or a retry brings it back."`
}

// workOf is a key in the API's answers.
type workOf struct {
	Key, Status, Reason, Disposition string

	Attempts   int
	RunAt      time.Time  `json:"run_at"`
	LeaseUntil *time.Time `json:"lease_until"`
	Since      *time.Time `json:"since"`
}

// next says when the key runs next.
func (w workOf) next() string {
	switch {
	case w.LeaseUntil != nil:
		return "running, until " + w.LeaseUntil.UTC().Format(time.DateTime) + " at most"
	case w.Status != "pending":
		return "-"
	case w.RunAt.After(time.Now()):
		return w.RunAt.UTC().Format(time.DateTime)
	}
	return "now"
}

// String describes the key in words; empty for no key.
func (w *workOf) String() string {
	if w == nil {
		return ""
	}
	text := map[string]string{"done": "in sync", "pending": "pending, next run: " + w.next()}[w.Status]
	text = cmp.Or(text, w.Status)
	if w.Attempts > 0 {
		text += ", after " + plural(w.Attempts, "attempt")
	}
	if w.Reason != "" {
		text += " (" + w.Reason + ")"
	}
	return text
}

type listWork struct {
	remote
	Status  string `help:"Only keys in this state: pending, parked or failed." enum:"any,pending,parked,failed" default:"any"`
	Kind    string `help:"Only keys of this kind: user, organization, customer, checkout, payment, object, sweep, notice, mail, buyermail, hook or wake." enum:"any,user,organization,customer,checkout,payment,object,sweep,notice,mail,buyermail,hook,wake" default:"any"`
	Key     string `help:"Only this key." placeholder:"KEY" example:"customer/cus_x"`
	Account string `help:"Only this account." placeholder:"ACCOUNT" example:"user/user_2x"`
	Limit   int    `help:"Print at most so many keys." placeholder:"N" default:"100"`
	After   string `help:"Continue after this cursor, which the page before printed." placeholder:"CURSOR" example:"ended:customer/cus_x"`
	JSON    bool   `help:"Print each key as a JSON object on a line."`
}

// Run prints a line for each key.
func (c *listWork) Run(ctx context.Context, in *surroundings) error {
	query := url.Values{}
	setGiven(query, map[string]string{"status": c.Status, "kind": c.Kind, "key": c.Key, "account": c.Account,
		"after": c.After})
	return table[workOf]{json: c.JSON, none: "Nothing is open.", head: "key\tstatus\tsince\tattempts\tnext run\tlast error",
		row: func(w workOf) string {
			since := "-"
			if w.Since != nil {
				since = w.Since.UTC().Format(time.DateTime)
			}
			return row(w.Key, w.Status, since, strconv.Itoa(w.Attempts), w.next(), cmp.Or(w.Reason, "-"))
		}}.show(ctx, in, pages{remote: c.remote, path: "/v1/work", query: query, cursor: "after", limit: c.Limit})
}

type retryWork struct {
	confirmed
	Keys   []string `arg:"" optional:"" help:"The keys, for example customer/cus_x."`
	Failed bool     `help:"All keys that failed, up to 10,000."`
	Parked bool     `help:"All keys that are parked, up to 10,000."`
	JSON   bool     `help:"Print each key, as it was before, as a JSON object on a line."`
}

// Run retries the keys.
func (c *retryWork) Run(ctx context.Context, in *surroundings) error {
	if (c.Failed || c.Parked) == (len(c.Keys) > 0) {
		return wrongUsage("name the keys, or add --failed or --parked; to list them: lockstep work list")
	}
	if len(c.Keys) > 0 {
		return c.retry(ctx, in, c.Keys)
	}
	keys, err := c.ended(ctx, in)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		if !c.JSON {
			fmt.Fprintln(in.stdout, "No key matches; there is nothing to retry.")
		}
		return nil
	}
	err = c.confirm(ctx, in, "", fmt.Sprintf("%s will run again, after everything else that is due.", plural(len(keys), "key")))
	if err != nil {
		return err
	}
	return bulk{what: "keys retried", all: keys}.each(func(some []string) error { return c.part(ctx, in, some, true) })
}

// ended returns the keys that failed or are parked.
func (c *retryWork) ended(ctx context.Context, in *surroundings) (keys []string, err error) {
	for status, asked := range map[string]bool{"failed": c.Failed, "parked": c.Parked} {
		if !asked || len(keys) == mostSelected {
			continue
		}
		list := pages{remote: c.remote, path: "/v1/work", query: url.Values{"status": {status}}, cursor: "after",
			limit: mostSelected - len(keys)}
		_, err := list.read(ctx, in, func(rows []json.RawMessage) error {
			for _, text := range rows {
				var w workOf
				if err := json.Unmarshal(text, &w); err != nil {
					return err
				}
				keys = append(keys, w.Key)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// retry retries the named keys.
func (c *retryWork) retry(ctx context.Context, in *surroundings, keys []string) error {
	if len(keys) > mostOfPage {
		return wrongUsage("%d keys are too many for one command; name at most %d, or use --failed or --parked", len(keys), mostOfPage)
	}
	return c.part(ctx, in, keys, false)
}

// part retries some keys and prints them.
func (c *retryWork) part(ctx context.Context, in *surroundings, keys []string, many bool) error {
	var did struct {
		Keys    []json.RawMessage
		Unknown []string
	}
	if err := c.call(ctx, in, http.MethodPost, "/v1/work/retry", map[string]any{"keys": keys, "background": many}, &did); err != nil {
		return err
	}
	if c.JSON {
		if err := printLines(in, did.Keys); err != nil {
			return err
		}
	} else {
		for _, text := range did.Keys {
			var w workOf
			if err := json.Unmarshal(text, &w); err != nil {
				return err
			}
			fmt.Fprintln(in.stdout, row(w.Key, "was "+w.Status+", is due now"))
		}
	}
	if len(did.Unknown) > 0 {
		return errors.New("these keys never had work, so nothing was retried: " + strings.Join(did.Unknown, ", "))
	}
	return nil
}

type dropWork struct {
	confirmed
	Key  string `arg:"" help:"The key, for example customer/cus_x."`
	Paid bool   `help:"Drop it although an event says that someone may have paid. They get no access until the customer or payment is linked, or the key is retried."`
	JSON bool   `help:"Print the key as a JSON object on a line."`
}

// Run drops the key.
func (c *dropWork) Run(ctx context.Context, in *surroundings) error {
	err := c.confirm(ctx, in, "", fmt.Sprintf("%s will not run again by itself, and its open events count as dropped. Nothing changes at Stripe or Clerk. "+
		"A new event, a link or lockstep work retry brings it back.", c.Key))
	if err != nil {
		return err
	}
	var dropped json.RawMessage
	if err := c.call(ctx, in, http.MethodPost, "/v1/work/drop", map[string]any{"key": c.Key, "paid": c.Paid}, &dropped); err != nil {
		return err
	}
	if c.JSON {
		return printLines(in, []json.RawMessage{dropped})
	}
	fmt.Fprintf(in.stdout, "Dropped %s. To bring it back: lockstep work retry %s\n", c.Key, c.Key)
	return nil
}
