package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"
	"time"
)

// Lists that continue with a cursor.

// mostOfPage is the most rows that the service returns at once.
const mostOfPage = 200

// pages is a list of the API, read page after page.
type pages struct {
	remote
	path   string
	query  url.Values
	cursor string // the parameter that takes the cursor: before or after
	limit  int    // the most rows
}

// read calls show with each page that has rows. It returns the cursor of the rows after the limit; empty at the end.
func (p pages) read(ctx context.Context, in *surroundings,
	show func([]json.RawMessage) error) (next string, err error) {
	for read := 0; ; {
		p.query.Set("limit", strconv.Itoa(min(mostOfPage, p.limit-read)))
		var page struct {
			Data []json.RawMessage
			Next string
		}
		if err := p.get(ctx, in, p.path+"?"+p.query.Encode(), &page); err != nil {
			return "", err
		}
		if len(page.Data) > 0 {
			if err := show(page.Data); err != nil {
				return "", err
			}
		}
		if read += len(page.Data); page.Next == "" || read >= p.limit {
			return page.Next, nil
		}
		p.query.Set(p.cursor, page.Next)
	}
}

// table prints the rows of a list with aligned columns, or as JSON lines.
type table[T any] struct {
	head string
	row  func(T) string
	json bool
	none string // what to print without rows
}

// show prints all pages of a list, and to standard error how to continue.
func (t table[T]) show(ctx context.Context, in *surroundings, p pages) error {
	if p.limit < 1 {
		return wrongUsage("--limit: %d is too few; print at least 1", p.limit)
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	printed := 0
	next, err := p.read(ctx, in, func(rows []json.RawMessage) error {
		if printed += len(rows); t.json {
			return printLines(in, rows)
		}
		if printed == len(rows) {
			fmt.Fprintln(out, t.head)
		}
		for _, text := range rows {
			var one T
			if err := json.Unmarshal(text, &one); err != nil {
				return err
			}
			fmt.Fprintln(out, t.row(one))
		}
		return out.Flush()
	})
	if err != nil {
		return err
	}
	if printed == 0 && !t.json {
		fmt.Fprintln(in.stdout, t.none)
	}
	if next != "" {
		fmt.Fprintf(os.Stderr, "There are more. For the next ones, add: --%s %s\n", p.cursor, next)
	}
	return nil
}

// setTime sets a parameter to the time that a flag says, if it is given.
func setTime(query url.Values, name, text string) error {
	if text == "" {
		return nil
	}
	t, err := parseTime("--"+name, text, time.Now())
	if err == nil {
		query.Set(name, t.UTC().Format(time.RFC3339Nano))
	}
	return err
}

// setGiven sets the parameters whose flags are given. "any" is the default of a choice.
func setGiven(query url.Values, flags map[string]string) {
	for name, value := range flags {
		if value != "" && value != "any" {
			query.Set(name, value)
		}
	}
}

// bulk is a change of many things, some at a time.
type bulk struct {
	what  string // in the plural, and what happens to it
	all   []string
	quiet bool // show no progress
}

// mostSelected is the most that a command changes at once.
const mostSelected = 10_000

// each calls do with each part, and shows the progress: a bar on a terminal, otherwise a line for each part.
func (b bulk) each(do func([]string) error) error {
	show := newProgress(os.Stderr)
	defer show.end()
	for done := 0; done < len(b.all); {
		some := b.all[done:min(done+mostOfPage, len(b.all))]
		if err := do(some); err != nil {
			if done == 0 {
				return err
			}
			return fmt.Errorf("after %d of %d %s: %w", done, len(b.all), b.what, err)
		}
		done += len(some)
		switch {
		case b.quiet:
		case show.terminal:
			show.at(backfillProgress{Phase: b.what, Done: int64(done), Total: int64(len(b.all))})
		default:
			fmt.Fprintf(os.Stderr, "%d of %d %s\n", done, len(b.all), b.what)
		}
	}
	return nil
}
