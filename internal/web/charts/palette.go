package charts

import (
	"github.com/go-analyze/charts"

	"github.com/lockstep-dev/lockstep/internal/look"
)

// palettes are the colors of the style sheet, in light and in dark mode.
var palettes = map[bool]charts.ColorPalette{false: palette(false), true: palette(true)}

func palette(dark bool) charts.ColorPalette {
	color := func(name string) charts.Color { return charts.ColorFromHex(look.Color(name, dark)) }
	text := color("soft")
	return charts.MakeTheme(charts.ThemeOption{IsDarkMode: dark, BackgroundColor: color("card"),
		AxisStrokeColor: color("edge"), AxisSplitLineColor: color("line"), TextColor: text, TextColorTitle: text,
		TextColorLegend: text, TextColorXAxis: text, TextColorYAxis: text, TextColorLabel: text, TextColorMark: text,
		SeriesColors: []charts.Color{color("accent"), color("bad"), color("good")}})
}
