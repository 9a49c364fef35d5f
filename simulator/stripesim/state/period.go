package state

import "time"

// After returns the end of the billing period that contains at: the first
// anchor + n intervals after at. Months and years count from the anchor, so an
// anchor on the 31st bills on the last day of a short month and on the 31st of
// the next long one. Times are in UTC.
func After(anchor, at time.Time, interval string, count int64) time.Time {
	count = max(1, count)
	switch interval {
	case "day", "week":
		days := int(count)
		if interval == "week" {
			days *= 7
		}
		if at.Before(anchor) {
			return anchor
		}
		const day = 24 * time.Hour
		periods := int(at.Sub(anchor)/day)/days + 1
		return anchor.AddDate(0, 0, periods*days) // every UTC day has 24 hours
	}
	months := int(count)
	if interval == "year" {
		months *= 12
	}
	if at.Before(anchor) {
		return anchor
	}
	passed := (at.Year()-anchor.Year())*12 + int(at.Month()) - int(anchor.Month())
	for n := max(0, passed/months-1); ; n++ {
		if end := AddMonths(anchor, n*months); end.After(at) {
			return end
		}
	}
}

// AddMonths adds months and keeps the anchor's day. In a shorter month it
// returns the last day.
func AddMonths(anchor time.Time, months int) time.Time {
	year, month, day := anchor.Date()
	first := time.Date(year, month+time.Month(months), 1, anchor.Hour(), anchor.Minute(), anchor.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day, last)-1)
}

// PeriodBefore returns the start of the period that ends at end. end must lie
// on the anchor's grid.
func PeriodBefore(anchor, end time.Time, interval string, count int64) time.Time {
	count = max(1, count)
	if interval == "day" || interval == "week" {
		days := int(count)
		if interval == "week" {
			days *= 7
		}
		return end.AddDate(0, 0, -days)
	}
	months := int(count)
	if interval == "year" {
		months *= 12
	}
	passed := (end.Year()-anchor.Year())*12 + int(end.Month()) - int(anchor.Month())
	return AddMonths(anchor, passed-months)
}

// Latest returns the later of two times.
func Latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
