package stripebilling

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v86"
)

// object is a JSON object of which single members are read. A member that is
// missing, null or of another type than expected reads as the zero value: what
// Stripe adds or changes must not stop what does not depend on it. The nil object
// has no members.
type object map[string]json.RawMessage

// SetLastResponse makes object something that the SDK decodes into.
func (*object) SetLastResponse(*stripe.APIResponse) {}

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

// reference is the id of another object, which is there as such or expanded.
func (o object) reference(name string) string {
	if id := o.text(name); id != "" {
		return id
	}
	return o.object(name).text("id")
}

func (o object) flag(name string) bool { return string(o[name]) == "true" }

func (o object) number(name string) int64 {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// lastSecond is the last of the year 9999; what is later does not survive being
// written as text.
const lastSecond = 253402300799

// time reads seconds since 1970; zero where there are none.
func (o object) time(name string) time.Time {
	seconds := o.number(name)
	if seconds <= 0 || seconds > lastSecond {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// metadata reads an object's metadata, whose members are all text.
func (o object) metadata() map[string]string {
	texts := map[string]string{}
	members := o.object("metadata")
	for key := range members {
		if text := members.text(key); text != "" {
			texts[key] = text
		}
	}
	return texts
}
