package statistics

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The units of values.
const (
	Count   = "count"
	Seconds = "seconds"
)

// Table holds the series of a span. All of them have the same points.
type Table struct {
	Span    lockstep.StatisticsSpan `json:"span" enum:"1h,24h,30d"`
	Seconds int                     `json:"seconds" doc:"How long a point lasts"`
	Read    time.Time               `json:"read" doc:"When the statistics were read; if the last point ends later, it still grows"`
	Starts  []time.Time             `json:"starts" nullable:"false" doc:"When each point starts, the oldest first"`
	Written []bool                  `json:"written" nullable:"false" doc:"For each point, whether a process wrote; if none did, all values are null: a gap is not a zero"`
	Series  []Series                `json:"series" nullable:"false"`
}

// Series are the values of one metric, one for each point.
type Series struct {
	Name   string     `json:"name" doc:"The metric, as in docs/observability.md; of a gauge its .max or .last, of a lag its .p50, .p99 or .count"`
	Unit   string     `json:"unit" enum:"count,seconds"`
	Values []*float64 `json:"values" nullable:"false" doc:"null: a gap, or a lag of nothing"`
}

// Find returns the values of a series; nil if there is no such series.
func (t Table) Find(name string) []*float64 {
	for _, s := range t.Series {
		if s.Name == name {
			return s.Values
		}
	}
	return nil
}

// NewTable lays out what was read of a span. The current minute is left out, because processes write within it. The
// current bucket of a longer span is there if a process has written in it.
func NewTable(span lockstep.StatisticsSpan, read lockstep.StatisticsReading) Table {
	step := span.Step()
	t := Table{Span: span, Seconds: int(step / time.Second), Read: read.Now.UTC()}
	current := read.Now.UTC().Truncate(step)
	buckets := map[time.Time][]lockstep.StatisticsCell{}
	for _, b := range read.Buckets {
		buckets[b.At.UTC()] = b.Cells
	}
	if step == time.Minute {
		delete(buckets, current)
	}
	var points [][]lockstep.StatisticsCell
	for at := current.Add(-span.Length()); !at.After(current); at = at.Add(step) {
		cells, written := buckets[at]
		if at.Equal(current) && !written {
			break
		}
		t.Starts, t.Written = append(t.Starts, at), append(t.Written, written)
		points = append(points, cells)
	}
	for _, m := range tracked {
		t.Series = append(t.Series, m.series(points, t.Written)...)
	}
	return t
}

// series returns the series of a metric.
func (m metric) series(points [][]lockstep.StatisticsCell, written []bool) []Series {
	parts := map[kind][]string{counter: {""}, gauge: {".max", ".last"}, lag: {".p50", ".p99", ".count"}}[m.kind]
	all := make([]Series, len(parts))
	for i, part := range parts {
		all[i] = Series{Name: m.name + part, Unit: m.unit, Values: make([]*float64, len(points))}
	}
	if m.kind == lag {
		all[2].Unit = Count
	}
	for p, cells := range points {
		if !written[p] {
			continue
		}
		for i, value := range m.values(cells) {
			all[i].Values[p] = value
		}
	}
	return all
}

// values returns the values of a bucket in which a process wrote.
func (m metric) values(cells []lockstep.StatisticsCell) []*float64 {
	var of []lockstep.StatisticsCell
	count := int64(0)
	for _, c := range cells {
		if c.Metric == m.name {
			of, count = append(of, c), count+c.Count
		}
	}
	switch {
	case m.kind == counter:
		return []*float64{number(float64(count))}
	case m.kind == lag:
		return []*float64{quantile(of, .5), quantile(of, .99), number(float64(count))}
	case len(of) == 0:
		return []*float64{nil, nil}
	}
	scale := 1.0
	if m.unit == Seconds {
		scale = 1000
	}
	return []*float64{number(float64(of[0].Most) / scale), number(float64(of[0].Last) / scale)}
}

func number(n float64) *float64 { return &n }
