package upstream

import (
	"encoding/json"
	"strconv"
)

// Object is a JSON object of which single members are read. A member that is
// missing, null or of another type than expected reads as the zero value: what a
// provider adds or changes must not stop what does not depend on it. The nil
// object has no members.
type Object map[string]json.RawMessage

// Decode returns the object that raw is; nil where it is none, or not whole.
func Decode(raw []byte) Object {
	var o Object
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// Object returns a member that is an object.
func (o Object) Object(name string) Object { return Decode(o[name]) }

// Array returns the elements of a member; ok tells an array without any from what
// is not an array.
func (o Object) Array(name string) (elements []json.RawMessage, ok bool) {
	err := json.Unmarshal(o[name], &elements)
	return elements, err == nil && elements != nil
}

// Text returns a member that is a string.
func (o Object) Text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// Number returns a member that is a whole number.
func (o Object) Number(name string) int64 {
	n, err := strconv.ParseInt(string(o[name]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Flag reports whether a member is true.
func (o Object) Flag(name string) bool { return string(o[name]) == "true" }
