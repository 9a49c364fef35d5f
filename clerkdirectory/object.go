package clerkdirectory

import (
	"encoding/json"
	"strconv"
	"time"
)

// object is a JSON object of which single members are read. A member that is
// missing, null or of another type than expected reads as the zero value: what
// Clerk adds or changes must not stop what does not depend on it. The nil object
// has no members.
type object map[string]json.RawMessage

func decode(raw json.RawMessage) object {
	var o object
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

func (o object) object(name string) object { return decode(o[name]) }

func (o object) array(name string) (members []json.RawMessage, ok bool) {
	err := json.Unmarshal(o[name], &members)
	return members, err == nil && members != nil
}

func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

func (o object) number(name string) int64 {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Times below are seconds since 1970, else milliseconds: in seconds it is the
// year 5138, in milliseconds 1973. Clerk's guides show milliseconds, the examples
// of its OpenAPI document seconds.
const firstMillisecond = 1e11

// lastMillisecond is the last of the year 9999; what is later does not survive
// being written as text.
const lastMillisecond = 253402300799999

// time reads a Unix time in seconds or milliseconds; zero where there is none.
func (o object) time(name string) time.Time {
	switch n := o.number(name); {
	case n <= 0 || n > lastMillisecond:
		return time.Time{}
	case n < firstMillisecond:
		return time.Unix(n, 0).UTC()
	default:
		return time.UnixMilli(n).UTC()
	}
}
