package delivery

import "time"

// StripeBackoff is the time between attempts. Stripe says "up to three days with
// an exponential back off" and does not publish the steps. Ours add up to 72 hours.
var StripeBackoff = []time.Duration{
	time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour, 10 * time.Hour,
	14*time.Hour + 24*time.Minute,
}

// SvixBackoff is the schedule that Svix publishes: eight attempts in 27 h 35 min
// 5 s.
var SvixBackoff = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 10 * time.Hour,
}

// Step returns the wait after a number of failed attempts; false after the last.
func Step(schedule []time.Duration, attempts int) (time.Duration, bool) {
	if attempts < 1 || attempts > len(schedule) {
		return 0, false
	}
	return schedule[attempts-1], true
}
