package stripesim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// node is one level of a decoded form: a value, named fields, or both kinds of
// list that Stripe's clients send (a[]=x and a[0]=x).
type node struct {
	value  string
	isSet  bool
	fields map[string]*node
	order  []string
	items  []*node // of a[]
}

// parseForm decodes an application/x-www-form-urlencoded text with brackets.
func parseForm(texts ...string) (*node, *Error) {
	root := &node{}
	for _, text := range texts {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			rawName, rawValue, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(rawName)
			if err != nil {
				return nil, malformed("", "", "Invalid form encoding in a parameter's name.")
			}
			value, err := url.QueryUnescape(rawValue)
			if err != nil {
				return nil, malformed("", name, "Invalid form encoding in parameter: %s", name)
			}
			if failure := root.insert(name, value); failure != nil {
				return nil, failure
			}
		}
	}
	return root, nil
}

func (n *node) insert(name, value string) *Error {
	head, rest, nested := strings.Cut(name, "[")
	if head == "" {
		return malformed("", name, "Invalid parameter name: %s", name)
	}
	at := n.field(head)
	if !nested {
		at.value, at.isSet = value, true
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(rest, "]"), "][")
	if !strings.HasSuffix(rest, "]") || len(parts) > 8 {
		return malformed("", name, "Invalid parameter name: %s", name)
	}
	for i, part := range parts {
		if part == "" {
			at = at.nextItem(parts[i+1:])
			continue
		}
		at = at.field(part)
	}
	at.value, at.isSet = value, true
	return nil
}

func (n *node) field(name string) *node {
	if n.fields == nil {
		n.fields = map[string]*node{}
	}
	child, known := n.fields[name]
	if !known {
		child = &node{}
		n.fields[name] = child
		n.order = append(n.order, name)
	}
	return child
}

// rename gives a field another name.
func (n *node) rename(old, name string) {
	n.fields[name] = n.fields[old]
	delete(n.fields, old)
	n.order[slices.Index(n.order, old)] = name
}

// nextItem returns the element of a[] that the rest of a name belongs to: the
// last one, unless it has that field already, which begins the next.
func (n *node) nextItem(rest []string) *node {
	if len(n.items) > 0 && len(rest) > 0 {
		last := n.items[len(n.items)-1]
		if taken, known := last.fields[rest[0]]; !known || len(rest) > 1 && !taken.isSet {
			return last
		}
	}
	item := &node{}
	n.items = append(n.items, item)
	return item
}

// list returns the elements of a list, whichever way it was sent.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	indexed := slices.Clone(n.order)
	slices.SortStableFunc(indexed, func(a, b string) int {
		i, _ := strconv.Atoi(a)
		j, _ := strconv.Atoi(b)
		return i - j
	})
	list := make([]*node, 0, len(indexed)+len(n.items))
	for _, name := range indexed {
		list = append(list, n.fields[name])
	}
	return append(list, n.items...)
}

// nested says whether a node is a hash or an array, not a value.
func (n *node) nested() bool { return n != nil && len(n.order)+len(n.items) > 0 }

func isIndex(name string) bool {
	_, err := strconv.ParseUint(name, 10, 16)
	return err == nil
}

func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	return n.fields[name]
}
