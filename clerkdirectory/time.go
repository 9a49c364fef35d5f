package clerkdirectory

import "time"

// firstMillisecond separates Unix times in seconds from those in milliseconds: it is the
// year 5138 in seconds and 1973 in milliseconds. Clerk's guides show milliseconds; the
// examples in its OpenAPI document show seconds.
const firstMillisecond = 1e11

// lastMillisecond is the last of the year 9999. Later times have no RFC 3339 form.
const lastMillisecond = 253402300799999

// timeOf reads a Unix time in seconds or milliseconds. It returns the zero time for a
// number that is no plausible time.
func timeOf(n int64) time.Time {
	switch {
	case n <= 0 || n > lastMillisecond:
		return time.Time{}
	case n < firstMillisecond:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}
