package upstream

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Object is a JSON object whose members are read one by one. A member that is missing, null or of an unexpected type
// reads as the zero value: a field that a provider adds or changes must not stop what does not depend on it. The nil
// object has no members.
//
// It is a list, not a map: an adapter reads a few of some fifty members, and building a map costs more than that.
type Object []member

// member is a member of an object. Its value is as written in the text.
type member struct {
	name  []byte
	value json.RawMessage
}

// Decode returns raw as an object; nil if raw is not one complete JSON object. The last member with a name wins. The
// members share memory with raw, so do not modify it.
func Decode(raw []byte) Object {
	d := newDecoder(raw)
	if d.PeekKind() != '{' {
		return nil
	}
	o, ok := d.object()
	if !ok || !d.atEnd() {
		return nil
	}
	return o
}

// object reads an object and reports whether it is valid.
func (d decoder) object() (o Object, ok bool) {
	o = make(Object, 0, 16) // of the size of most nested ones
	ok = d.members(func(quoted []byte) bool {
		name := quoted[1 : len(quoted)-1]
		if !plain(quoted) {
			name = []byte(textOf(quoted))
		}
		value, ok := d.next()
		o = append(o, member{name, value})
		return ok
	})
	return o, ok
}

// Raw returns the JSON text of a member; nil if it is missing.
func (o Object) Raw(name string) json.RawMessage {
	for i := len(o) - 1; i >= 0; i-- {
		if string(o[i].name) == name {
			return o[i].value
		}
	}
	return nil
}

// Texts returns the members that are strings and not empty.
func (o Object) Texts() map[string]string {
	texts := make(map[string]string, len(o))
	for _, m := range o {
		name := string(m.name)
		delete(texts, name) // the last member with a name wins
		if text := textOf(m.value); text != "" {
			texts[name] = text
		}
	}
	return texts
}

// Object returns a member that is an object.
func (o Object) Object(name string) Object { return Decode(o.Raw(name)) }

// Array returns the elements of a member that is an array. ok is false if it is not an array, and true if it is an
// empty one.
func (o Object) Array(name string) (elements []json.RawMessage, ok bool) {
	return Elements(o.Raw(name))
}

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

// Objects returns the elements of a member that is an array of objects; an element of another type is a nil object. ok
// is as that of Array.
func (o Object) Objects(name string) (elements []Object, ok bool) {
	d := newDecoder(o.Raw(name))
	if d.PeekKind() != '[' || !d.within(']', func() (ok bool) {
		var o Object
		if d.PeekKind() == '{' {
			o, ok = d.object()
		} else {
			_, ok = d.next()
		}
		elements = append(elements, o)
		return ok
	}) || !d.atEnd() {
		return nil, false
	}
	return elements, true
}

// Text returns a member that is a string.
func (o Object) Text(name string) string { return textOf(o.Raw(name)) }

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
func (o Object) Number(name string) int64 { return numberOf(o.Raw(name)) }

func numberOf(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Flag reports whether a member is true.
func (o Object) Flag(name string) bool { return string(o.Raw(name)) == "true" }
