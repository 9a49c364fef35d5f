package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/charts"
)

var chartPages = []page{{path: "/charts/{chart}", title: "Chart", file: "chart.html", live: true, section: "/",
	read: readChart}}

// chartKind is a chart of the overview.
type chartKind struct {
	Name, Title string
	lines       []chartLine
}

// chartLine is a line, which adds up series of the API.
type chartLine struct {
	name string
	of   []string
}

// chartKinds are the charts, in the order of the overview.
var chartKinds = []chartKind{
	{"deliveries", "Webhooks received", []chartLine{{"stored", []string{"deliveries.stored"}},
		{"failed", []string{"deliveries.refused", "deliveries.not_stored"}}, {"duplicate", []string{"deliveries.duplicate"}}}},
	{"lag", "From webhook to access", []chartLine{{"half within", []string{"access_lag.database.p50"}},
		{"99 % within", []string{"access_lag.database.p99"}}}},
	{"queue", "Due work, at most", []chartLine{{"keys", []string{"queue.due.max"}}}},
	{"runs", "Syncs", []chartLine{{"done", []string{"runs.done"}},
		{"retried", []string{"runs.retry", "runs.waiting", "runs.lease_lost"}}, {"failed or parked", []string{"runs.failed", "runs.parked"}}}},
	{"stripe", "Calls to Stripe", callLines("stripe")},
	{"clerk", "Calls to Clerk", callLines("clerk")},
}

// callLines are the lines of a provider's calls.
func callLines(provider string) []chartLine {
	return []chartLine{{"calls", []string{"upstream." + provider + ".calls"}},
		{"over the limit", []string{"upstream." + provider + ".refused"}},
		{"waited", []string{"upstream." + provider + ".waits", "upstream." + provider + ".put_off"}}}
}

// spans are how far back charts look, with what people call it.
var spans = []struct{ Value, Text string }{{string(lockstep.LastHour), "Last hour"}, {string(lockstep.LastDay), "Last day"},
	{string(lockstep.LastMonth), "Last 30 days"}}

// statistics is the API's answer about a span.
type statistics struct {
	Starts  []time.Time
	Written []bool
	Series  []struct {
		Name, Unit string
		Values     []*float64
	}
}

// chartOf returns the kind, the span and the chart that a request names.
func chartOf(v *visit) (kind chartKind, span string, chart charts.Chart, err error) {
	at := slices.IndexFunc(chartKinds, func(k chartKind) bool { return k.Name == v.PathValue("chart") })
	if at < 0 {
		return kind, "", chart, &apiError{Status: http.StatusNotFound, Detail: "There is no chart at this address."}
	}
	kind, span = chartKinds[at], v.URL.Query().Get("span")
	if span == "" {
		span = string(lockstep.LastHour)
	}
	var read statistics
	if err := v.get("/v1/statistics?"+url.Values{"span": {span}}.Encode(), &read); err != nil {
		return kind, span, chart, err
	}
	zone := clockOf(v.Request).zone
	for _, at := range read.Starts {
		chart.Starts = append(chart.Starts, at.In(zone))
	}
	for _, line := range kind.lines {
		values, unit := read.sum(line.of)
		chart.Lines, chart.Seconds = append(chart.Lines, charts.Line{Name: line.name, Values: values}), unit == "seconds"
	}
	return kind, span, chart, nil
}

// sum adds up series; where all have a gap, the sum has one.
func (s statistics) sum(names []string) (values []*float64, unit string) {
	values = make([]*float64, len(s.Starts))
	for _, series := range s.Series {
		if !slices.Contains(names, series.Name) {
			continue
		}
		unit = series.Unit
		for i, v := range series.Values {
			switch {
			case v == nil || i >= len(values):
			case values[i] == nil:
				values[i] = new(*v)
			default:
				*values[i] += *v
			}
		}
	}
	return values, unit
}

// chart answers a chart as an image. Its own style is inline, and it changes once a minute.
func (s *Console) chart(w http.ResponseWriter, r *http.Request) {
	v, in := s.signedIn(w, r)
	if !in {
		return
	}
	theme, isImage := strings.CutSuffix(r.PathValue("theme"), ".svg")
	theme, narrow := strings.CutSuffix(theme, "-narrow")
	if !isImage || theme != "light" && theme != "dark" {
		s.notFound(w, r)
		return
	}
	_, _, chart, err := chartOf(v)
	var image []byte
	if err == nil {
		chart.Narrow = narrow
		image, err = chart.SVG(theme == "dark")
	}
	if err != nil {
		s.problem(w, r, v, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "private, max-age=60")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	_, _ = w.Write(image) // fails only if the browser has gone
}

// chartData is the content of the page: the same as a table.
type chartData struct {
	Kind  chartKind
	Span  string
	Lines []string
	Rows  []chartRow
}

type chartRow struct {
	At     time.Time
	Values []string
}

func readChart(v *visit) (any, error) {
	kind, span, chart, err := chartOf(v)
	if err != nil {
		return nil, err
	}
	v.title = kind.Title
	data := &chartData{Kind: kind, Span: span}
	for _, line := range chart.Lines {
		data.Lines = append(data.Lines, line.Name)
	}
	for i, at := range slices.Backward(chart.Starts) {
		row := chartRow{At: at}
		for _, line := range chart.Lines {
			row.Values = append(row.Values, cell(line.Values[i], chart.Seconds))
		}
		data.Rows = append(data.Rows, row)
	}
	return data, nil
}

// cell writes a value of the table; a gap is a dash.
func cell(v *float64, seconds bool) string {
	switch {
	case v == nil:
		return "–"
	case seconds:
		return charts.Duration(*v)
	}
	return number(int64(*v))
}

// figure is a chart on the overview.
type figure struct {
	Kind        chartKind
	Table       string // address of the numbers
	base, query string // of the images
}

// Image returns the address of the image of a theme: light, dark, light-narrow or dark-narrow.
func (f figure) Image(theme string) string { return f.base + "/" + theme + ".svg?" + f.query }

// Width, Narrow and Height are the sizes of the images, so that nothing moves when they arrive.
func (figure) Width() int  { return charts.Width }
func (figure) Narrow() int { return charts.NarrowWidth }
func (figure) Height() int { return charts.Height }

// Figures returns the charts of a span. Their addresses change once a minute, as the charts do.
func (f frame) Figures(span string) (all []figure) {
	q := url.Values{"span": {span}, "minute": {strconv.FormatInt(f.At.now.Unix()/60, 10)}}.Encode()
	for _, kind := range chartKinds {
		base := path("charts", kind.Name)
		all = append(all, figure{kind, base + "?span=" + span, base, q})
	}
	return all
}
