// Package charts draws lines over time as SVG, for the console. It draws with a library; here are the colours of
// the shared style sheet, the labels of the axes, and gaps: a time in which nothing was counted is not a zero.
//
// Lines differ in shape too, not only in color: the second one has squares at its points, the third one diamonds.
package charts

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-analyze/charts"
)

// Chart is a chart of lines over the same times.
type Chart struct {
	Lines   []Line      // at most three
	Starts  []time.Time // of the points, in the zone to show
	Seconds bool        // the values are seconds, otherwise counts
	Narrow  bool        // for a phone
}

// Line is a line of a chart.
type Line struct {
	Name   string
	Values []*float64 // nil: a gap
}

// The size of a chart, and its width on a phone. It scales to the width of its place.
const (
	Width       = 560
	NarrowWidth = 320
	Height      = 220
)

// SVG draws the chart in light or dark colors.
func (c Chart) SVG(dark bool) ([]byte, error) {
	width := Width
	if c.Narrow {
		width = NarrowWidth
	}
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: Height})
	if err := painter.LineChart(c.options(dark)); err != nil {
		return nil, fmt.Errorf("draw chart: %w", err)
	}
	return painter.Bytes()
}

// shapes are the symbols of the lines.
var shapes = []charts.SymbolShape{charts.SymbolCircle, charts.SymbolSquare, charts.SymbolDiamond}

func (c Chart) options(dark bool) charts.LineChartOption {
	list, names, highest := charts.LineSeriesList{}, []string{}, 0.0
	for i, l := range c.Lines {
		series := charts.LineSeries{Name: l.Name, Symbol: charts.Symbol{Shape: shapes[i%len(shapes)],
			Size: float64(1 + min(i, 1))}}
		for _, v := range l.Values {
			if v == nil {
				series.Values = append(series.Values, charts.GetNullValue())
				continue
			}
			series.Values, highest = append(series.Values, *v), max(highest, *v)
		}
		list, names = append(list, series), append(names, l.Name)
	}
	options := charts.NewLineChartOptionWithSeries(list)
	options.Theme = palettes[dark]
	options.Padding = charts.NewBox(8, 8, 16, 8)
	options.LineStrokeWidth = 2
	options.Legend = charts.LegendOption{SeriesNames: names, FontStyle: font()}
	options.XAxis = charts.XAxisOption{Labels: c.labels(), LabelFontStyle: font(), LabelCount: c.times(),
		BoundaryGap: charts.Ptr(false)}
	top, steps := scale(highest, c.Seconds)
	options.YAxis = []charts.YAxisOption{{Min: charts.Ptr(0.0), Max: charts.Ptr(top), LabelCount: steps + 1,
		LabelFontStyle: font(), ValueFormatter: c.format}}
	return options
}

// times is how many labels fit below the chart.
func (c Chart) times() int {
	if c.Narrow {
		return 4
	}
	return 7
}

func font() charts.FontStyle { return charts.FontStyle{FontSize: 10} }

// labels are the times under the chart: the hour and minute, or the day for points of hours.
func (c Chart) labels() (texts []string) {
	layout := "15:04"
	if len(c.Starts) > 1 && c.Starts[1].Sub(c.Starts[0]) >= time.Hour {
		layout = "Jan 2"
	}
	for _, at := range c.Starts {
		texts = append(texts, at.Format(layout))
	}
	return texts
}

// scale returns the top of the axis above a value, and in how many steps: round numbers that people read, and
// whole ones for counts.
func scale(highest float64, fractions bool) (top float64, steps int) {
	if highest <= 0 {
		highest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(highest/4)))
	for _, times := range []float64{1, 2, 5, 10} {
		if times*step*4 >= highest {
			step *= times
			break
		}
	}
	if !fractions {
		step = max(1, math.Round(step))
	}
	steps = max(1, int(math.Ceil(highest/step-1e-9)))
	return step * float64(steps), steps
}

// format writes a value of the axis.
func (c Chart) format(v float64) string {
	if !c.Seconds {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return Duration(v)
}

// Duration writes seconds as people read them: "250 ms", "1.5 s", "12 min".
func Duration(seconds float64) string {
	switch {
	case seconds == 0:
		return "0"
	case seconds < 1:
		return strconv.FormatFloat(math.Round(seconds*1000), 'f', -1, 64) + " ms"
	case seconds < 120:
		return strconv.FormatFloat(math.Round(seconds*10)/10, 'f', -1, 64) + " s"
	case seconds < 7200:
		return strconv.FormatFloat(math.Round(seconds/60), 'f', -1, 64) + " min"
	}
	return strconv.FormatFloat(math.Round(seconds/360)/10, 'f', -1, 64) + " h"
}
