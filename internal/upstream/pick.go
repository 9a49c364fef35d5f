package upstream

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
)

// Picker finds members of a JSON object that may be nested, in one pass over the whole
// text and without decoding the rest. What it takes for an object, and for a member's
// value, is what [Decode] and [Object] do: of members of one name the last counts, an
// escaped name is that name, bytes that are no UTF-8 are let through.
type Picker struct {
	paths []string
	root  *branch
}

// branch is what is wanted of an object.
type branch struct {
	name   string
	slot   int       // of the paths; -1: only what is within is wanted
	within []*branch // nil: nothing of it by itself
}

// NewPicker returns a picker of the members at the paths, each the names with dots
// between: "data.object.id".
func NewPicker(paths ...string) *Picker {
	p := &Picker{paths: paths, root: &branch{slot: -1}}
	for slot, path := range paths {
		at := p.root
		for name := range strings.SplitSeq(path, ".") {
			at = at.member(name)
		}
		at.slot = slot
	}
	return p
}

// member is the branch of a name, which is made if it is not there.
func (b *branch) member(name string) *branch {
	for _, m := range b.within {
		if m.name == name {
			return m
		}
	}
	m := &branch{name: name, slot: -1}
	b.within = append(b.within, m)
	return m
}

// Picked is what was found. Its members are read as those of an [Object].
type Picked struct {
	paths  []string
	values [][]byte // by slot; nil: missing
}

// Raw returns the value at a path that the picker was given, as it was written; nil
// where there is none.
func (p Picked) Raw(path string) json.RawMessage {
	for slot, known := range p.paths {
		if known == path {
			return p.values[slot]
		}
	}
	return nil
}

// Text returns a value that is a string.
func (p Picked) Text(path string) string { return textOf(p.Raw(path)) }

// Number returns a value that is a whole number.
func (p Picked) Number(path string) int64 { return numberOf(p.Raw(path)) }

// Object returns a value that is an object.
func (p Picked) Object(path string) Object {
	raw := p.Raw(path)
	if len(raw) < 3 { // no object has a member
		return nil
	}
	return Decode(raw)
}

// Pick reports whether raw is an object, and whole, and returns what was found.
func (p *Picker) Pick(raw []byte) (Picked, bool) {
	s := scanner{raw: raw, values: make([][]byte, len(p.paths))}
	if !s.begins('{') || !s.object(p.root, 1) || !s.ends() {
		return Picked{}, false
	}
	return Picked{p.paths, s.values}, true
}

// deepest is how deep encoding/json lets values be nested.
const deepest = 10_000

// scanner walks over a JSON text (RFC 8259). Its methods begin at a value's first byte,
// end behind its last one, and report whether it is whole.
type scanner struct {
	raw    []byte
	at     int
	values [][]byte
}

// Eight bytes are looked at at once; these are the same in all of them.
const (
	each    = 0x0101010101010101
	highest = each * 0x80
	indent  = each * ' '
	quotes  = each * '"'
	slashes = each * '\\'
)

// space skips white space, of which often there is none.
func (s *scanner) space() {
	if s.at < len(s.raw) && s.raw[s.at] <= ' ' {
		s.spaces()
	}
}

//go:noinline
func (s *scanner) spaces() { // by itself, so that space is inlined
	raw, at := s.raw, s.at
	for at < len(raw) && (raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\t' || raw[at] == '\r') {
		if raw[at] == '\n' { // an indentation follows
			for at+9 <= len(raw) && binary.LittleEndian.Uint64(raw[at+1:]) == indent {
				at += 8
			}
		}
		at++
	}
	s.at = at
}

// begins skips white space and reports whether c comes then.
func (s *scanner) begins(c byte) bool {
	s.space()
	return s.at < len(s.raw) && s.raw[s.at] == c
}

// ends reports whether only white space is left.
func (s *scanner) ends() bool {
	s.space()
	return s.at == len(s.raw)
}

// is skips c, if it is what comes.
func (s *scanner) is(c byte) bool {
	if s.at < len(s.raw) && s.raw[s.at] == c {
		s.at++
		return true
	}
	return false
}

// value skips a value of which b is wanted; nil: nothing.
func (s *scanner) value(b *branch, depth int) bool {
	if s.at >= len(s.raw) {
		return false
	}
	switch c := s.raw[s.at]; {
	case c == '"':
		return s.text()
	case c == '{':
		return depth < deepest && s.object(b, depth+1)
	case c == '[':
		return depth < deepest && s.array(depth+1)
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return false
}

func (s *scanner) object(b *branch, depth int) bool {
	return s.members(func(quoted []byte) bool {
		wanted, from := b.find(quoted), s.at
		s.forget(wanted)
		if !s.value(wanted, depth) {
			return false
		}
		if wanted != nil && wanted.slot >= 0 {
			s.values[wanted.slot] = s.raw[from:s.at]
		}
		return true
	})
}

// members walks over an object. each is called at a member's value, which it skips, with the
// name as it is written.
func (s *scanner) members(each func(quoted []byte) bool) bool {
	s.at++ // {
	s.space()
	if s.is('}') {
		return true
	}
	for {
		from := s.at
		if s.at >= len(s.raw) || s.raw[s.at] != '"' || !s.text() {
			return false
		}
		quoted := s.raw[from:s.at]
		s.space()
		if !s.is(':') {
			return false
		}
		s.space()
		if !each(quoted) {
			return false
		}
		s.space()
		if s.is('}') {
			return true
		}
		if !s.is(',') {
			return false
		}
		s.space()
	}
}

// find returns what is wanted of a member, by its name as it is written.
func (b *branch) find(quoted []byte) *branch {
	if b == nil {
		return nil
	}
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(textOf(quoted))
	}
	for _, m := range b.within {
		if string(name) == m.name {
			return m
		}
	}
	return nil
}

// forget drops what was found in an earlier member of the same name.
func (s *scanner) forget(b *branch) {
	if b == nil {
		return
	}
	if b.slot >= 0 {
		s.values[b.slot] = nil
	}
	for _, m := range b.within {
		s.forget(m)
	}
}

func (s *scanner) array(depth int) bool {
	return s.elements(func() bool { return s.value(nil, depth) })
}

// elements walks over an array. each is called at an element, which it skips.
func (s *scanner) elements(each func() bool) bool {
	s.at++ // [
	s.space()
	if s.is(']') {
		return true
	}
	for each() {
		s.space()
		if s.is(']') {
			return true
		}
		if !s.is(',') {
			return false
		}
		s.space()
	}
	return false
}

// special has a bit for each of eight bytes that is a quote, a backslash or a control
// character; above the lowest bit there may be others.
func special(eight uint64) uint64 {
	quote, slash := eight^quotes, eight^slashes
	return ((quote-each)&^quote | (slash-each)&^slash | (eight-indent)&^eight) & highest
}

func (s *scanner) text() bool {
	raw, i := s.raw, s.at+1
	for i < len(raw) {
		for i+8 <= len(raw) {
			if found := special(binary.LittleEndian.Uint64(raw[i:])); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		if i == len(raw) {
			return false
		}
		switch c := raw[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c == '\\':
			n := escape(raw[i:])
			if n == 0 {
				return false
			}
			i += n
		case c < ' ':
			return false
		default:
			i++
		}
	}
	return false
}

// escape is how long the escape is with which raw begins; 0: it is none.
func escape(raw []byte) int {
	if len(raw) < 2 {
		return 0
	}
	switch raw[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(raw) < 6 {
			return 0
		}
		for _, c := range raw[2:6] {
			if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return 0
			}
		}
		return 6
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (s *scanner) number() bool {
	s.is('-')
	if !s.is('0') && !s.digits() {
		return false
	}
	if s.is('.') && !s.digits() {
		return false
	}
	if s.is('e') || s.is('E') {
		_ = s.is('+') || s.is('-')
		return s.digits()
	}
	return true
}

// digits skips at least one.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.raw) && isDigit(s.raw[s.at]) {
		s.at++
	}
	return s.at > from
}

func (s *scanner) word(w string) bool {
	if !bytes.HasPrefix(s.raw[s.at:], []byte(w)) {
		return false
	}
	s.at += len(w)
	return true
}
