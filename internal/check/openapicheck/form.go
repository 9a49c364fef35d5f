package openapicheck

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// parseForm parses a form with brackets into strings, maps and lists. It is independent of the simulator's parser,
// which it helps to check.
func parseForm(text string) (map[string]any, error) {
	root := map[string]any{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, fmt.Errorf("the name %q: %w", rawName, err)
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, fmt.Errorf("the value of %s: %w", name, err)
		}
		first, rest, nested := strings.Cut(name, "[")
		keys := []string{first}
		if nested {
			keys = append(keys, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
		}
		if err := put(root, keys, value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, value := range root {
		root[name] = listed(value)
	}
	return root, nil
}

// put stores a value under nested keys. An empty key, as in a[], means the next free index.
func put(at map[string]any, keys []string, value string) error {
	key := keys[0]
	if key == "" {
		key = strconv.Itoa(len(at))
		// Stripe's rule for a[][x]=1&a[][y]=2: it is one element until a field repeats.
		if last, open := at[strconv.Itoa(len(at)-1)].(map[string]any); open && len(keys) > 1 && last[keys[1]] == nil {
			key = strconv.Itoa(len(at) - 1)
		}
	}
	if len(keys) == 1 {
		if _, twice := at[key]; twice {
			return fmt.Errorf("is given twice")
		}
		at[key] = value
		return nil
	}
	if at[key] == nil {
		at[key] = map[string]any{}
	}
	within, ok := at[key].(map[string]any)
	if !ok {
		return fmt.Errorf("is both a value and a hash")
	}
	return put(within, keys[1:], value)
}

// listed turns maps whose keys count from 0 into lists.
func listed(value any) any {
	fields, is := value.(map[string]any)
	if !is {
		return value
	}
	var elements []any
	for i := range len(fields) {
		element, there := fields[strconv.Itoa(i)]
		if !there {
			elements = nil
			break
		}
		elements = append(elements, listed(element))
	}
	if elements != nil {
		return elements
	}
	for name, field := range fields {
		fields[name] = listed(field)
	}
	return fields
}

// parameter checks a form parameter, in which every scalar is a string.
func (w *walk) parameter(s *schema, value any, at *trail) {
	s = w.document.resolve(s)
	if s == nil {
		return
	}
	if options := w.document.options(s); len(options) > 0 {
		var best *walk
		for _, option := range options {
			trial := &walk{document: w.document, excused: w.excused}
			trial.parameter(option, value, at)
			if best == nil || len(trial.found) < len(best.found) || len(trial.found) == len(best.found) && option.fits(value) {
				best = trial
			}
		}
		w.found = append(w.found, best.found...)
		return
	}
	switch value := value.(type) {
	case string:
		w.scalar(s, value, at)
	case []any:
		if s.Type != "array" {
			w.deviates(at, "is a list, want %s", s.wants())
			return
		}
		for i, element := range value {
			w.parameter(s.Items, element, at.index(i))
		}
	case map[string]any:
		w.hash(s, value, at)
	}
}

// scalar checks a string that stands for a value of the schema's type.
func (w *walk) scalar(s *schema, value string, at *trail) {
	var err error
	switch s.Type {
	case "integer":
		_, err = strconv.ParseInt(value, 10, 64)
	case "number":
		_, err = strconv.ParseFloat(value, 64)
	case "boolean":
		if value != "true" && value != "false" {
			err = fmt.Errorf("neither true nor false")
		}
	case "array", "object":
		err = fmt.Errorf("a string")
	case "string":
		w.text(s, value, at)
	}
	if err != nil {
		w.deviates(at, "is %s, want %s", short(value), s.wants())
		return
	}
	w.enum(s, value, at)
}

// hash checks nested parameters. None may be unknown.
func (w *walk) hash(s *schema, value map[string]any, at *trail) {
	if s.Type != "object" {
		w.deviates(at, "is a hash, want %s", s.wants())
		return
	}
	for name, held := range value {
		switch property := s.Properties[name]; {
		case property != nil:
			w.parameter(property, held, at.field(name))
		case s.Additional.schema != nil:
			w.parameter(s.Additional.schema, held, at.field(name))
		case w.excused != nil && w.excused(s.name, at.field(name).String()):
		default:
			w.deviates(at.field(name), "is unknown to the document")
		}
	}
	for _, name := range s.Required {
		_, there := value[name]
		if excused := w.excused != nil && w.excused(s.name, at.field(name).String()); !there && !excused {
			w.deviates(at.field(name), "is missing; the document requires it")
		}
	}
}
