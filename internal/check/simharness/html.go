package simharness

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// Node is an element of a page.
type Node struct {
	name     string
	Attrs    map[string]string
	parent   *Node
	children []*Node
	text     strings.Builder
}

// Parsed reads a page as a tree. The pages are written so that an XML reader
// that knows HTML's empty elements can read them.
func Parsed(t *testing.T, html string) *Node {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(html))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &Node{}
	at := root
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatalf("the page cannot be read: %v\n%s", err, html)
		}
		switch part := token.(type) {
		case xml.StartElement:
			next := &Node{name: part.Name.Local, Attrs: map[string]string{}, parent: at}
			for _, attr := range part.Attr {
				next.Attrs[attr.Name.Local] = attr.Value
			}
			at.children = append(at.children, next)
			at = next
		case xml.EndElement:
			at = at.parent
		case xml.CharData:
			for up := at; up != nil; up = up.parent {
				up.text.Write(part)
			}
		}
	}
}

var selectorForm = regexp.MustCompile(`^([a-z0-9]*)(?:#([\w-]+))?(?:\.([\w-]+))?(?:\[([a-z-]+)(?:=([^\]]*))?\])?$`)

func (e *Node) matches(selector string) bool {
	parts := selectorForm.FindStringSubmatch(selector)
	if parts == nil {
		panic("not a selector: " + selector)
	}
	value, has := e.Attrs[parts[4]]
	return (parts[1] == "" || e.name == parts[1]) && (parts[2] == "" || e.Attrs["id"] == parts[2]) &&
		(parts[3] == "" || strings.Contains(" "+e.Attrs["class"]+" ", " "+parts[3]+" ")) &&
		(parts[4] == "" || has && (parts[5] == "" || value == parts[5]))
}

// All returns the elements that match a chain of simple selectors: tag, #id,
// .class, [attribute=value].
func (e *Node) All(selector string) []*Node {
	first, rest, nested := strings.Cut(selector, " ")
	var found []*Node
	for _, child := range e.children {
		if child.matches(first) {
			if !nested {
				found = append(found, child)
			} else {
				found = append(found, child.All(rest)...)
			}
		}
		found = append(found, child.All(selector)...)
	}
	return found
}

// Says returns the text of the first match with white space collapsed, or "".
func (e *Node) Says(selector string) string {
	if found := e.All(selector); len(found) > 0 {
		return strings.Join(strings.Fields(found[0].text.String()), " ")
	}
	return ""
}

// Value returns an attribute of the first match, or "".
func (e *Node) Value(selector, attribute string) string {
	if found := e.All(selector); len(found) > 0 {
		return found[0].Attrs[attribute]
	}
	return ""
}
