package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Picker reads chosen members of a JSON object, nested ones too, in one pass over the text. It never decodes the
// rest, but it does check that the rest is valid JSON.
//
// It agrees with encoding/json decoding each object into a map: names are compared byte for byte after unescaping,
// the last member with a name wins, and invalid UTF-8 is accepted.
type Picker struct {
	paths []string
	root  *branch
}

// branch is a wanted member, or an object that holds wanted members.
type branch struct {
	name   string
	slot   int       // index of its path; -1 if only members within it are wanted
	within []*branch // nil if no member within it is wanted
}

// NewPicker returns a picker for the members at paths. A path joins the names with dots: "data.object.id".
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

// member returns the branch with that name and adds it if it is missing.
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

// Picked holds the members that [Picker.Pick] found. Like those of an [Object], a member that is missing or has an
// unexpected type reads as the zero value.
type Picked struct {
	paths  []string
	values [][]byte // by slot; nil if missing
}

// Raw returns the JSON text of the value at a path given to [NewPicker]; nil if it is missing.
func (p Picked) Raw(path string) json.RawMessage {
	for slot, known := range p.paths {
		if known == path {
			return p.values[slot]
		}
	}
	return nil
}

// Text returns the string at path.
func (p Picked) Text(path string) string { return textOf(p.Raw(path)) }

// Number returns the integer at path.
func (p Picked) Number(path string) int64 { return numberOf(p.Raw(path)) }

// Object returns the object at path.
func (p Picked) Object(path string) Object {
	raw := p.Raw(path)
	if len(raw) < 3 { // missing, or an object without members
		return nil
	}
	return Decode(raw)
}

// Pick returns the wanted members of raw, and reports whether raw is one complete JSON object. The members share
// memory with raw, so do not modify it.
func (p *Picker) Pick(raw []byte) (Picked, bool) {
	w := walk{decoder: newDecoder(raw), values: make([][]byte, len(p.paths))}
	if w.PeekKind() != '{' || !w.object(p.root) || !w.atEnd() {
		return Picked{}, false
	}
	return Picked{p.paths, w.values}, true
}

// walk is one pass over a JSON text.
type walk struct {
	decoder
	values [][]byte // by slot
}

// object reads an object and keeps the members that b wants. It reports whether the object is valid.
func (w *walk) object(b *branch) bool {
	return w.members(func(quoted []byte) bool {
		m := b.find(quoted)
		if m == nil {
			_, ok := w.next()
			return ok
		}
		w.forget(m)
		return w.member(m)
	})
}

// member reads the value of a wanted member and keeps it.
func (w *walk) member(m *branch) (ok bool) {
	var value []byte
	if len(m.within) > 0 && w.PeekKind() == '{' {
		start := w.InputOffset() // behind the name
		start += int64(bytes.IndexByte(w.raw[start:], '{'))
		ok = w.object(m)
		value = w.raw[start:w.InputOffset()]
	} else {
		value, ok = w.next()
	}
	if ok && m.slot >= 0 {
		w.values[m.slot] = value
	}
	return ok
}

// forget drops what an earlier member of the same name held: the last one wins.
func (w *walk) forget(b *branch) {
	if b.slot >= 0 {
		w.values[b.slot] = nil
	}
	for _, m := range b.within {
		w.forget(m)
	}
}

// find returns the wanted member whose name, as written in the text, is quoted.
func (b *branch) find(quoted []byte) *branch {
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

// decoder reads a JSON text that is in memory. Its values share memory with the text.
type decoder struct {
	*jsontext.Decoder
	raw []byte
}

// newDecoder returns a decoder as lenient as encoding/json: providers, not we, decide what they send.
func newDecoder(raw []byte) decoder {
	return decoder{raw: raw, Decoder: jsontext.NewDecoder(bytes.NewBuffer(raw),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// next reads a value of any type and reports whether it is valid.
func (d decoder) next() (value []byte, ok bool) {
	v, err := d.ReadValue()
	if err != nil {
		return nil, false
	}
	end := d.InputOffset() // v itself is valid only until the next read
	return d.raw[end-int64(len(v)) : end : end], true
}

// members reads an object and calls member with each name as it is written, quotes and escapes included. member reads
// the value. Both report whether what they read is valid.
func (d decoder) members(member func(quoted []byte) bool) bool {
	return d.within('}', func() bool {
		quoted, ok := d.next()
		return ok && member(quoted)
	})
}

// within reads the opening delimiter of an object or array, calls each until the closing one comes, and reads that.
// each reads one member or element and reports whether it is valid.
func (d decoder) within(closing jsontext.Kind, each func() bool) bool {
	if _, err := d.ReadToken(); err != nil {
		return false
	}
	for d.PeekKind() != closing {
		if !each() {
			return false
		}
	}
	_, err := d.ReadToken()
	return err == nil
}

// atEnd reports whether only white space is left.
func (d decoder) atEnd() bool {
	_, err := d.ReadToken()
	return err == io.EOF //nolint:errorlint // documented as never wrapped
}
