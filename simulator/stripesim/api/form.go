package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Node is one level of a decoded form: a value, named fields, or a list.
// Stripe's clients send lists as a[]=x and as a[0]=x.
type Node struct {
	Value  string
	IsSet  bool
	Fields map[string]*Node
	Order  []string
	items  []*Node // of a[]
}

// ParseForm decodes application/x-www-form-urlencoded texts whose names have
// brackets.
func ParseForm(texts ...string) (*Node, *Error) {
	root := &Node{}
	for _, text := range texts {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			rawName, rawValue, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(rawName)
			if err != nil {
				return nil, Malformed("", "", "Invalid form encoding in a parameter's name.")
			}
			value, err := url.QueryUnescape(rawValue)
			if err != nil {
				return nil, Malformed("", name, "Invalid form encoding in parameter: %s", name)
			}
			if failure := root.insert(name, value); failure != nil {
				return nil, failure
			}
		}
	}
	return root, nil
}

func (n *Node) insert(name, value string) *Error {
	head, rest, nested := strings.Cut(name, "[")
	if head == "" {
		return Malformed("", name, "Invalid parameter name: %s", name)
	}
	at := n.field(head)
	if !nested {
		at.Value, at.IsSet = value, true
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(rest, "]"), "][")
	if !strings.HasSuffix(rest, "]") || len(parts) > 8 {
		return Malformed("", name, "Invalid parameter name: %s", name)
	}
	for i, part := range parts {
		if part == "" {
			at = at.nextItem(parts[i+1:])
			continue
		}
		at = at.field(part)
	}
	at.Value, at.IsSet = value, true
	return nil
}

func (n *Node) field(name string) *Node {
	if n.Fields == nil {
		n.Fields = map[string]*Node{}
	}
	child, known := n.Fields[name]
	if !known {
		child = &Node{}
		n.Fields[name] = child
		n.Order = append(n.Order, name)
	}
	return child
}

// Rename gives a field another name.
func (n *Node) Rename(old, name string) {
	n.Fields[name] = n.Fields[old]
	delete(n.Fields, old)
	n.Order[slices.Index(n.Order, old)] = name
}

// nextItem returns the element of a[] that the rest of a name belongs to. That
// is the last element; if it already has the field, a new element starts.
func (n *Node) nextItem(rest []string) *Node {
	if len(n.items) > 0 && len(rest) > 0 {
		last := n.items[len(n.items)-1]
		if taken, known := last.Fields[rest[0]]; !known || len(rest) > 1 && !taken.IsSet {
			return last
		}
	}
	item := &Node{}
	n.items = append(n.items, item)
	return item
}

// list returns the elements of a list in either notation.
func (n *Node) list() []*Node {
	if n == nil {
		return nil
	}
	indexed := slices.Clone(n.Order)
	slices.SortStableFunc(indexed, func(a, b string) int {
		i, _ := strconv.Atoi(a)
		j, _ := strconv.Atoi(b)
		return i - j
	})
	list := make([]*Node, 0, len(indexed)+len(n.items))
	for _, name := range indexed {
		list = append(list, n.Fields[name])
	}
	return append(list, n.items...)
}

// nested reports whether a node is a hash or an array.
func (n *Node) nested() bool { return n != nil && len(n.Order)+len(n.items) > 0 }

func isIndex(name string) bool {
	_, err := strconv.ParseUint(name, 10, 16)
	return err == nil
}

// Child returns the named field, or nil. The node may be nil.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	return n.Fields[name]
}
