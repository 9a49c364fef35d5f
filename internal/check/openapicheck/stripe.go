package openapicheck

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// stripeExchange checks an answer and, if the request was accepted, the request.
func (c *checker) stripeExchange(e *wire.Entry) {
	path, query, _ := strings.Cut(e.Path, "?")
	o := c.stripe.operation(e.Method, path)
	where := e.Method + " " + path
	if o != nil {
		where = o.name
	}
	release := releaseOf(cmp.Or(e.Version, c.stripe.version))
	if e.Status >= 300 {
		c.answer(&walk{document: c.stripe}, where, e, c.stripe.schema("error"))
		return
	}
	if o == nil {
		if !undocumented(e.Method, path) {
			c.report(where, []deviation{{what: "is accepted, but the document does not have it"}})
		}
		return
	}
	if c.described(release) {
		c.answer(&walk{document: c.stripe, excused: excusedBy(release), visit: c.stripeObject}, where, e, o.answer(e.Status))
	}
	form := query
	if e.Method != http.MethodGet && e.Request != "" {
		form += "&" + e.Request
	}
	sent, err := parseForm(form)
	if err != nil {
		c.report(where, []deviation{{what: "accepts a form that cannot be parsed: " + err.Error()}})
		return
	}
	w := &walk{document: c.stripe, excused: func(_, name string) bool { return elsewhere(release, o.name, name) }}
	w.hash(o.parameters(), sent, nil)
	c.report(where+" accepts", w.found)
}

// releaseOf returns the release of a version, such as "dahlia"; "" for versions from before releases had names.
func releaseOf(version string) string {
	_, release, _ := strings.Cut(version, ".")
	return release
}

// answer checks an answer's body.
func (c *checker) answer(w *walk, where string, e *wire.Entry, s *schema) {
	where = fmt.Sprintf("%s %d", where, e.Status)
	if s == nil {
		c.report(where, []deviation{{what: "the document has no answer with this status"}})
		return
	}
	value, err := read(e.Response)
	if err != nil {
		c.report(where, []deviation{{what: "the answer is not JSON: " + err.Error()}})
		return
	}
	w.value(s, value, nil)
	c.report(where, w.found)
}

// described reports whether the document describes a release: its own and, with the additions in lists.go, the next
// one. Older releases have other shapes.
func (c *checker) described(release string) bool {
	return release == releaseOf(c.stripe.version) || release == "endive"
}

// parameters returns all parameters of an operation except those in the path, as one hash.
func (o *operation) parameters() *schema {
	all := &schema{Type: "object", Properties: map[string]*schema{}}
	for _, p := range o.Parameters {
		if p.In != "query" {
			continue
		}
		all.Properties[p.Name] = p.Schema
		if p.Required {
			all.Required = append(all.Required, p.Name)
		}
	}
	if o.RequestBody == nil {
		return all
	}
	if form := o.RequestBody.Content["application/x-www-form-urlencoded"].Schema; form != nil {
		for name, property := range form.Properties {
			all.Properties[name] = property
		}
		all.Required = append(all.Required, form.Required...)
	}
	return all
}

// undocumented reports whether undocumentedOperations has an operation.
func undocumented(method, path string) bool {
	for pattern := range undocumentedOperations {
		wanted, template, _ := strings.Cut(pattern, " ")
		if wanted == method && newTemplate(template).fit(strings.Split(path, "/")) >= 0 {
			return true
		}
	}
	return false
}

// stripeDelivery checks an event that was sent.
func (c *checker) stripeDelivery(e *wire.Entry) {
	where := "event " + e.EventType
	if parsed, err := url.Parse(e.Path); err != nil || parsed.Host == "" {
		c.report(where, []deviation{{what: "is sent to a path without a host: " + e.Path}})
	}
	value, err := read(e.Request)
	if err != nil {
		c.report(where, []deviation{{what: "is not JSON: " + err.Error()}})
		return
	}
	w := &walk{document: c.stripe, visit: c.stripeObject}
	w.value(c.stripe.schema("event"), value, nil)
	c.report(where, w.found)
}
