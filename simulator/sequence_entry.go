package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// How many bytes of a body are shown: on a page of many entries, and on that of
// one. The history itself keeps at most 1 MiB of a body.
const (
	shortBody = 8 << 10
	wholeBody = 4 << 20
)

// entryView is an entry as the pages show it. Secrets are masked.
type entryView struct {
	Seq           uint64
	At            time.Time
	From, To      string
	What, Detail  string
	Status, Tone  string
	Took          string
	Fault, Error  string
	Raw           string // the request line
	Request       bodyView
	Response      bodyView
	Mentions      []mention
	CutByTheStore bool
}

// bodyView is one direction of an exchange.
type bodyView struct {
	Header []headerRow
	Text   string
	More   bool // Text is only the beginning
}

type headerRow struct{ Name, Value string }

// mention is an id in an entry, with where to follow it.
type mention struct {
	ID      string
	Console string // URL; "" without a console
	Open    string // what the console shows
}

func (s *Simulator) viewEntry(e Entry, most int) entryView {
	view := entryView{Seq: e.Seq, At: e.At, Fault: wire.Mask(e.Fault), Error: wire.Mask(e.Error), CutByTheStore: e.Cut,
		Raw: wire.Mask(e.Method + " " + e.Path), Mentions: s.mentions(&e)}
	view.From, view.To = s.between(&e)
	if e.Side == "delivery" {
		view.What, view.Detail = e.EventType, attemptText(&e)
	} else {
		view.What, view.Detail = requestText(&e)
	}
	view.Status, view.Tone = statusText(&e)
	if e.Took > 0 && e.Status != 0 {
		view.Took = tookText(e.Took)
	}
	view.Request = bodyOf(e.Request, e.RequestHeader, most)
	view.Response = bodyOf(e.Response, e.ResponseHeader, most)
	return view
}

// providers are the names of the sides.
var providers = map[string]string{"stripe": "Stripe", "clerk": "Clerk"}

// between says who called whom.
func (s *Simulator) between(e *Entry) (from, to string) {
	if e.Side == "delivery" {
		return cmp.Or(providers[e.Provider], e.Provider), s.config.Links.Service
	}
	to = cmp.Or(providers[e.Side], e.Side)
	agent := e.RequestHeader["User-Agent"]
	switch {
	case e.Kind() == wire.KindPage, strings.HasPrefix(agent, "Mozilla/"):
		return "Browser", to
	case s.config.Links.AppAgent != "" && strings.HasPrefix(agent, s.config.Links.AppAgent):
		return s.config.Links.AppName, to
	}
	return s.config.Links.Service, to
}

// mostDetail is how many bytes of a query the line of an entry shows.
const mostDetail = 120

// requestText is the method and path of a request, and its query in plain text.
func requestText(e *Entry) (line, query string) {
	path, query, _ := strings.Cut(e.Path, "?")
	if plain, err := url.QueryUnescape(query); err == nil {
		query = plain
	}
	if len(query) > mostDetail {
		query = strings.ToValidUTF8(query[:mostDetail], "") + "…"
	}
	return wire.Mask(e.Method + " " + path), wire.Mask(query)
}

func attemptText(e *Entry) string {
	if e.Attempt > 1 {
		return fmt.Sprintf("%s, attempt %d", e.EventID, e.Attempt)
	}
	return e.EventID
}

// statusText is the answer's status, or why there is none.
func statusText(e *Entry) (text, tone string) {
	switch {
	case e.Fault == "dropped" || strings.HasSuffix(e.Error, "fault: lost"):
		return "lost", "bad"
	case e.Status == 0:
		return "no answer", "bad"
	case e.Status >= http.StatusInternalServerError:
		return fmt.Sprint(e.Status), "bad"
	case e.Status >= http.StatusBadRequest:
		return fmt.Sprint(e.Status), "warn"
	}
	return fmt.Sprint(e.Status), "good"
}

func tookText(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// bodyOf makes a body readable: JSON is indented, and a form has a line for each
// field.
func bodyOf(text string, header map[string]string, most int) bodyView {
	var view bodyView
	for name, value := range header {
		view.Header = append(view.Header, headerRow{name, value})
	}
	slices.SortFunc(view.Header, func(a, b headerRow) int { return cmp.Compare(a.Name, b.Name) })
	kind := header["Content-Type"]
	var indented bytes.Buffer
	switch {
	case text == "":
	case json.Indent(&indented, []byte(text), "", "  ") == nil:
		text = indented.String()
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		text = formLines(text)
	}
	text = wire.Mask(text)
	if len(text) > most {
		text, view.More = strings.ToValidUTF8(text[:most], ""), true
	}
	view.Text = text
	return view
}

func formLines(text string) string {
	var lines []string
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plainName, badName := url.QueryUnescape(name)
		plainValue, badValue := url.QueryUnescape(value)
		if badName != nil || badValue != nil {
			return text
		}
		if strings.Contains(plainName, "password") || strings.Contains(plainName, "secret") {
			plainValue = "…"
		}
		lines = append(lines, plainName+" = "+plainValue)
	}
	return strings.Join(lines, "\n")
}

// idForm finds the ids that people follow.
var idForm = regexp.MustCompile(`\b(?:evt|msg|user|org|cus|sub|cs_test|cs_live|pi|in)_[A-Za-z0-9]{8,}\b`)

const (
	mostMentions = 8
	searched     = 64 << 10 // bytes of a body
)

// mentions lists the first ids in an entry, each once.
func (s *Simulator) mentions(e *Entry) []mention {
	var found []mention
	for _, text := range []string{e.EventID, e.Path, e.Request, e.Response} {
		for _, id := range idForm.FindAllString(text[:min(len(text), searched)], -1) {
			if len(found) == mostMentions {
				return found
			}
			if !slices.ContainsFunc(found, func(m mention) bool { return m.ID == id }) {
				found = append(found, s.mention(id))
			}
		}
	}
	return found
}

// mention links an id to the console, which knows events and accounts.
func (s *Simulator) mention(id string) mention {
	m := mention{ID: id}
	console := s.config.Links.Console
	if console == "" {
		return m
	}
	kind, _, _ := strings.Cut(id, "_")
	switch kind {
	case "evt":
		m.Console, m.Open = console+"/events/stripe/"+id, "event"
	case "msg":
		m.Console, m.Open = console+"/events/clerk/"+id, "event"
	case "user":
		m.Console, m.Open = console+"/accounts/user/"+id, "account"
	case "org":
		m.Console, m.Open = console+"/accounts/organization/"+id, "account"
	default:
		m.Console, m.Open = console+"/accounts?q="+id, "account"
	}
	return m
}
