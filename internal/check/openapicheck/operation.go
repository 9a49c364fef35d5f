package openapicheck

import (
	"encoding/json"
	"fmt"
	"strings"
)

// operation is one method of one path.
type operation struct {
	name        string // "POST /v1/customers/{customer}"
	Parameters  []parameter
	RequestBody *body
	Responses   map[string]body
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name     string
	In       string
	Required bool
	Schema   *schema
}

// body describes the body of a request or an answer.
type body struct {
	Ref      string `json:"$ref"`
	Required bool
	Content  map[string]struct{ Schema *schema }
}

// template is a path with variables.
type template struct {
	path  string
	parts []string
}

func newTemplate(path string) template { return template{path: path, parts: strings.Split(path, "/")} }

// fit returns how many segments match literally; -1 if the path does not match.
func (t template) fit(parts []string) int {
	if len(t.parts) != len(parts) {
		return -1
	}
	same := 0
	for i, part := range t.parts {
		switch {
		case part == parts[i]:
			same++
		case !strings.HasPrefix(part, "{") || parts[i] == "":
			return -1
		}
	}
	return same
}

// operation finds the operation of a request; nil if the document has none. Literal segments win over variables:
// /v1/customers/search is the search, not a customer.
func (d *document) operation(method, path string) *operation {
	path, within := strings.CutPrefix(path, d.base)
	if !within {
		return nil
	}
	parts, best, found := strings.Split(path, "/"), -1, ""
	for _, candidate := range d.templates[len(parts)] {
		if _, has := d.paths[candidate.path][strings.ToLower(method)]; !has {
			continue
		}
		if fit := candidate.fit(parts); fit > best {
			best, found = fit, candidate.path
		}
	}
	if best < 0 {
		return nil
	}
	return d.decode(method, found)
}

// decode returns the operation of a path as the document writes it.
func (d *document) decode(method, path string) *operation {
	name := method + " " + path
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, decoded := d.operations[name]; decoded {
		return known
	}
	o := &operation{name: method + " " + d.base + path}
	if err := json.Unmarshal(d.paths[path][strings.ToLower(method)], o); err != nil {
		panic(fmt.Sprintf("openapicheck: operation %s: %v", name, err))
	}
	for i, p := range o.Parameters {
		if p.Ref != "" {
			d.component(d.parameters, p.Ref, &o.Parameters[i])
		}
	}
	for status, answer := range o.Responses {
		if answer.Ref != "" {
			d.component(d.responses, answer.Ref, &answer)
			o.Responses[status] = answer
		}
	}
	d.operations[name] = o
	return o
}

func (d *document) component(among map[string]json.RawMessage, ref string, into any) {
	if err := json.Unmarshal(among[refName(ref)], into); err != nil {
		panic(fmt.Sprintf("openapicheck: %s: %v", ref, err))
	}
}

// parameter finds a parameter of the query or the path.
func (o *operation) parameter(in, name string) *parameter {
	for i, p := range o.Parameters {
		if p.In == in && p.Name == name {
			return &o.Parameters[i]
		}
	}
	return nil
}

// answer returns the schema of an answer's body by status; nil if the document has none.
func (o *operation) answer(status int) *schema {
	for _, key := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100), "default"} {
		if described, found := o.Responses[key]; found {
			return described.Content["application/json"].Schema
		}
	}
	return nil
}
