package upstream

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object whose members are read one by one. A member that is missing, null or of an unexpected type
// reads as the zero value: a field that a provider adds or changes must not stop what does not depend on it. The nil
// object has no members.
type Object map[string]json.RawMessage

// Decode returns raw as an object; nil if raw is not one complete JSON object. The last member with a name wins. The
// members share memory with raw, so do not modify it.
func Decode(raw []byte) Object {
	d, o := newDecoder(raw), Object{}
	if d.PeekKind() != '{' || !d.members(func(quoted []byte) bool {
		value, ok := d.next()
		o[textOf(quoted)] = value
		return ok
	}) || !d.atEnd() {
		return nil
	}
	return o
}

// Object returns a member that is an object.
func (o Object) Object(name string) Object { return Decode(o[name]) }

// Array returns the elements of a member that is an array. ok is false if it is not an array, and true if it is an
// empty one.
func (o Object) Array(name string) (elements []json.RawMessage, ok bool) { return Elements(o[name]) }

// Elements returns the elements of an array. ok is false if raw is not one complete JSON array, and true if it is an
// empty one. The elements share memory with raw, so do not modify it.
func Elements(raw []byte) (elements []json.RawMessage, ok bool) {
	d := newDecoder(raw)
	if d.PeekKind() != '[' || !d.within(']', func() bool {
		value, ok := d.next()
		elements = append(elements, value)
		return ok
	}) || !d.atEnd() {
		return nil, false
	}
	return elements, true
}

// Text returns a member that is a string.
func (o Object) Text(name string) string { return textOf(o[name]) }

func textOf(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	if plain(raw) {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// plain reports whether a quoted string is ASCII without escapes, so that it can be used as it is.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Number returns a member that is an integer.
func (o Object) Number(name string) int64 { return numberOf(o[name]) }

func numberOf(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Flag reports whether a member is true.
func (o Object) Flag(name string) bool { return string(o[name]) == "true" }
