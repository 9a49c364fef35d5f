package explain

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// words format times in the zone of the reader.
type words struct {
	now  time.Time
	zone *time.Location
}

// date formats a day: December 30, 2026.
func (w words) date(t time.Time) string { return t.In(w.zone).Format("January 2, 2006") }

// moment formats a time to the second, with the day unless that is today.
func (w words) moment(t time.Time) string {
	t = t.In(w.zone)
	if w.date(t) == w.date(w.now) {
		return t.Format("15:04:05")
	}
	return t.Format("January 2, 2006 15:04")
}

// span formats a duration in its largest unit.
func span(d time.Duration) string {
	round := func(unit time.Duration) int64 { return int64(math.Round(float64(d) / float64(unit))) }
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%d s", round(time.Second))
	case d < 100*time.Minute:
		return fmt.Sprintf("%d minutes", round(time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", round(time.Hour))
	}
	return fmt.Sprintf("%d days", round(24*time.Hour))
}

// count says how many there are of something: "1 event", "3 events".
func count(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + one + "s"
}

// list joins words: "a, b and c".
func list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// some joins the first of many words: "a, b and 3 more".
func some(all []string, most int) string {
	if len(all) <= most {
		return list(all)
	}
	return strings.Join(all[:most], ", ") + " and " + strconv.Itoa(len(all)-most) + " more"
}

// sentence begins with a capital letter and ends with a period.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimRight(s[1:], ".") + "."
}
