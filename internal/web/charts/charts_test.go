package charts

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sample is an hour with a gap, as a chart of two lines.
func sample(seconds bool) Chart {
	c := Chart{Seconds: seconds, Lines: []Line{{Name: "stored"}, {Name: "refused"}}}
	for i := range 60 {
		c.Starts = append(c.Starts, time.Date(2026, 12, 1, 13, i, 0, 0, time.UTC))
		one, two := 20+10*math.Sin(float64(i)/6), float64(i%7)
		if i > 30 && i < 36 {
			c.Lines[0].Values, c.Lines[1].Values = append(c.Lines[0].Values, nil), append(c.Lines[1].Values, nil)
			continue
		}
		c.Lines[0].Values, c.Lines[1].Values = append(c.Lines[0].Values, &one), append(c.Lines[1].Values, &two)
	}
	return c
}

// A chart is well-formed, small, and made of text and lines: no script, no address, no font of its own.
func TestSVG(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Chart{"counts": sample(false), "seconds": sample(true), "nothing": {},
		"empty": {Lines: []Line{{Name: "a"}}}, "one": {Lines: []Line{{Name: "a", Values: []*float64{new(float64)}}},
			Starts: []time.Time{time.Now()}}} {
		for _, dark := range []bool{false, true} {
			svg, err := c.SVG(dark)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if len(svg) > 20_000 {
				t.Errorf("%s: %d bytes", name, len(svg))
			}
			for _, part := range []string{"<script", "href=", "url(", "NaN", "Inf", "179769"} {
				if strings.Contains(string(svg), part) {
					t.Errorf("%s contains %q: %s", name, part, svg)
				}
			}
			wellFormed(t, name, string(svg))
			if folder := os.Getenv("LOCKSTEP_SCREENSHOTS"); folder != "" {
				file := filepath.Join(folder, "chart-"+name+map[bool]string{true: "-dark"}[dark]+".svg")
				if err := os.WriteFile(file, svg, 0o600); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func wellFormed(t *testing.T, name, svg string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// A name is text, and a gap interrupts the line.
func TestNamesAndGaps(t *testing.T) {
	t.Parallel()
	c := sample(false)
	c.Lines[0].Name = `<script>alert("1")</script>`
	svg, err := c.SVG(false)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(svg), "<script>") {
		t.Errorf("a name is markup: %s", svg)
	}
	stroke := "stroke:rgb(61,79,209)" // the first line's
	whole, err := Chart{Starts: c.Starts[:30], Lines: []Line{{Name: "a", Values: c.Lines[0].Values[:30]}}}.SVG(false)
	if err != nil {
		t.Fatal(err)
	}
	c.Lines = c.Lines[:1]
	gap, err := c.SVG(false)
	if err != nil {
		t.Fatal(err)
	}
	if one, two := strings.Count(string(whole), stroke), strings.Count(string(gap), stroke); one == 0 || two < one {
		t.Errorf("a line has %d parts, with a gap %d", one, two)
	}
	if moves := strings.Count(string(gap), "M "); moves <= strings.Count(string(whole), "M ") {
		t.Errorf("the gap does not interrupt the line: %s", gap)
	}
}

// The axis has round numbers: whole ones for counts.
func TestScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		highest   float64
		fractions bool
		top       float64
		steps     int
	}{{0, false, 1, 1}, {1, false, 1, 1}, {3, false, 3, 3}, {7, false, 8, 4}, {30, false, 30, 3}, {101, false, 150, 3},
		{1234, false, 1500, 3}, {0.35, true, 0.4, 4}, {12, true, 15, 3}, {0.004, true, 0.004, 4}} {
		if top, steps := scale(c.highest, c.fractions); math.Abs(top-c.top) > 1e-9 || steps != c.steps {
			t.Errorf("%v: %v in %d steps, want %v in %d", c.highest, top, steps, c.top, c.steps)
		}
	}
	for seconds, want := range map[float64]string{0: "0", 0.25: "250 ms", 1.5: "1.5 s", 90: "90 s", 720: "12 min", 9000: "2.5 h"} {
		if got := Duration(seconds); got != want {
			t.Errorf("%v seconds: %q, want %q", seconds, got, want)
		}
	}
}
