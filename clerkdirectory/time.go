package clerkdirectory

import "time"

// Times below are seconds since 1970, else milliseconds: in seconds it is the
// year 5138, in milliseconds 1973. Clerk's guides show milliseconds, the examples
// of its OpenAPI document seconds.
const firstMillisecond = 1e11

// lastMillisecond is the last of the year 9999; what is later does not survive
// being written as text.
const lastMillisecond = 253402300799999

// timeOf is a Unix time in seconds or milliseconds; zero where it is none.
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
