package state

import (
	"testing"
	"time"
)

func TestPeriodsKeepTheAnchorsDay(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		parsed, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for name, test := range map[string]struct {
		anchor, from, interval string
		count                  int64
		want                   []string
	}{
		"31st": {"2027-01-31 10:00", "2027-01-31 10:00", "month", 1, []string{"2027-02-28 10:00", "2027-03-31 10:00",
			"2027-04-30 10:00", "2027-05-31 10:00"}},
		"leap year": {"2028-01-31 10:00", "2028-01-31 10:00", "month", 1,
			[]string{"2028-02-29 10:00", "2028-03-31 10:00"}},
		"leap day": {"2028-02-29 00:00", "2028-02-29 00:00", "year", 1, []string{"2029-02-28 00:00", "2030-02-28 00:00",
			"2031-02-28 00:00", "2032-02-29 00:00"}},
		"quarter": {"2026-11-30 23:59", "2026-11-30 23:59", "month", 3,
			[]string{"2027-02-28 23:59", "2027-05-30 23:59"}},
		"week":         {"2026-12-28 08:00", "2026-12-28 08:00", "week", 1, []string{"2027-01-04 08:00", "2027-01-11 08:00"}},
		"ten days":     {"2026-12-28 08:00", "2026-12-28 08:00", "day", 10, []string{"2027-01-07 08:00"}},
		"future start": {"2026-12-28 08:00", "2026-12-01 00:00", "month", 1, []string{"2026-12-28 08:00"}},
		"far away":     {"2000-01-31 00:00", "2026-02-28 00:00", "month", 1, []string{"2026-03-31 00:00"}},
	} {
		from := at(test.from)
		for _, want := range test.want {
			end := After(at(test.anchor), from, test.interval, test.count)
			if !end.Equal(at(want)) {
				t.Errorf("%s: the period from %s ends %s, want %s", name, from, end, want)
			}
			from = end
		}
	}
}
