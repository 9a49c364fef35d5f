package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// explainCommand tells why an account has the access that it has.
type explainCommand struct {
	remote
	Account string `arg:"" help:"The account (user/user_2x, or its bare id), or a customer (cus_…), checkout session (cs_…) or payment (pi_…) of it."`
	Offline bool   `help:"Do not compare the account with Stripe and the directory."`
	JSON    bool   `help:"Print the explanation as a JSON object, without a comparison."`
}

// explanation is what the command prints of the API's answer. All sentences come from the service.
type explanation struct {
	Subject, Offset, Summary string
	Causes                   []cause
	Chain                    []struct {
		Text   string
		Grants bool
	}
	Next []struct {
		At   time.Time
		Text string
	}
	Timeline []struct {
		At   time.Time
		Text string
	}
	Earlier  bool
	Operated []struct {
		At          time.Time
		Actor, Text string
	}
}

// cause is what keeps, limits or endangers an access.
type cause struct {
	Fault         bool
	Text, Command string
}

// Run prints the answer first, then what is behind it. Times are in the operator's zone.
func (c *explainCommand) Run(ctx context.Context, in *surroundings) error {
	query := url.Values{"of": {c.Account}, "offset": {time.Now().Format("-07:00")}}
	var answer json.RawMessage
	if err := c.get(ctx, in, "/v1/explanation?"+query.Encode(), &answer); err != nil {
		return err
	}
	if c.JSON {
		return printLines(in, []json.RawMessage{answer})
	}
	var x explanation
	if err := json.Unmarshal(answer, &x); err != nil {
		return err
	}
	story := story{out: in.stdout}
	story.tell(x, c.compare(ctx, in, x.Subject))
	return story.err
}

// story prints paragraphs of up to 100 columns.
type story struct {
	out io.Writer
	err error
}

const storyWidth = 100

func (s *story) tell(x explanation, found *compared) {
	s.line("", x.Subject+"  (times are UTC"+x.Offset+")")
	s.line("", x.Summary)
	said := strings.ToLower(x.Summary)
	causes := slices.DeleteFunc(x.Causes, func(c cause) bool { // the answer has said it
		return c.Command == "" && strings.Contains(said, strings.ToLower(c.Text))
	})
	s.section("Attention", len(causes))
	for _, c := range causes {
		s.line(map[bool]string{true: "! ", false: "- "}[c.Fault], c.Text)
		if c.Command != "" {
			s.print("    " + printable(c.Command)) // never wrapped, so that it can be copied
		}
	}
	s.tellCompared(found)
	s.section("Why", len(x.Chain))
	for _, f := range x.Chain {
		s.line(map[bool]string{true: "+ ", false: "  "}[f.Grants], f.Text)
	}
	s.section("What happens next", len(x.Next))
	for _, u := range x.Next {
		s.line(x.moment(u.At)+"  ", u.Text)
	}
	s.section("What happened, newest first", len(x.Timeline))
	for _, e := range x.Timeline {
		s.line(x.moment(e.At)+"  ", e.Text)
	}
	if x.Earlier {
		s.line("", "More happened before. All runs: GET /v1/accounts/…/runs (docs/history.md)")
	}
	s.section("What operators did, newest first", len(x.Operated))
	for _, o := range x.Operated {
		s.line(x.moment(o.At)+"  ", o.Actor+": "+o.Text)
	}
}

// section prints the title of a section that has entries.
func (s *story) section(title string, entries int) {
	if entries > 0 {
		s.print("\n" + title)
	}
}

// moment formats a time in the zone of the sentences.
func (x explanation) moment(at time.Time) string {
	zone, err := time.Parse("-07:00", x.Offset)
	if err != nil {
		return at.UTC().Format("2006-01-02 15:04:05Z")
	}
	return at.In(zone.Location()).Format(time.DateTime)
}

// line prints a text after a mark, wrapped at the width and indented below the mark. Longer words, such as ids,
// stay whole.
func (s *story) line(mark, text string) {
	line, empty := mark, true
	for _, word := range strings.Fields(printable(text)) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > storyWidth {
			s.print(line)
			line, empty = strings.Repeat(" ", len([]rune(mark))), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	s.print(line)
}

func (s *story) print(line string) {
	if s.err == nil {
		_, s.err = fmt.Fprintln(s.out, line)
	}
}
