package upstream

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object of which single members are read. A member that is
// missing, null or of another type than expected reads as the zero value: what a
// provider adds or changes must not stop what does not depend on it. The nil
// object has no members.
type Object map[string]json.RawMessage

// Decode returns the object that raw is; nil where it is none, or not whole. Its members
// are parts of raw, which must not be written any more.
func Decode(raw []byte) Object {
	s, o := scanner{raw: raw}, Object{}
	if !s.begins('{') || !s.members(func(quoted []byte) bool {
		from := s.at
		if !s.value(nil, 1) {
			return false
		}
		o[textOf(quoted)] = raw[from:s.at:s.at]
		return true
	}) || !s.ends() {
		return nil
	}
	return o
}

// whole reports whether raw is JSON.
func whole(raw []byte) bool {
	s := scanner{raw: raw}
	s.space()
	return s.value(nil, 0) && s.ends()
}

// Object returns a member that is an object.
func (o Object) Object(name string) Object { return Decode(o[name]) }

// Array returns the elements of a member; ok tells an array without any from what
// is not an array.
func (o Object) Array(name string) (elements []json.RawMessage, ok bool) { return Elements(o[name]) }

// Elements returns those of the array that raw is; ok tells one without any from what is
// not an array, or not whole. They are parts of raw, which must not be written any more.
func Elements(raw []byte) (elements []json.RawMessage, ok bool) {
	s := scanner{raw: raw}
	if !s.begins('[') || !s.elements(func() bool {
		from := s.at
		if !s.value(nil, 1) {
			return false
		}
		elements = append(elements, raw[from:s.at:s.at])
		return true
	}) || !s.ends() {
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

// plain reports whether what stands between the quotes is the text itself.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Number returns a member that is a whole number.
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
