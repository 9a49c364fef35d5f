package openapicheck

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// clerkExchange checks an answer and, if the request was accepted, the request.
func (c *checker) clerkExchange(e *wire.Entry) {
	path, query, _ := strings.Cut(e.Path, "?")
	o := c.clerk.operation(e.Method, path)
	where := e.Method + " " + path
	if o != nil {
		where = o.name
	}
	if e.Status >= 300 {
		c.answer(&walk{document: c.clerk}, where, e, c.clerk.schema("ClerkErrors"))
		return
	}
	if o == nil {
		c.report(where, []deviation{{what: "is accepted, but the document does not have it"}})
		return
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		c.report(where, []deviation{{what: "accepts a query that cannot be parsed: " + err.Error()}})
		return
	}
	if _, described := o.Responses[fmt.Sprint(e.Status)]; described && e.Status == http.StatusNoContent &&
		e.Response == "" {
		return
	}
	answer := o.answer(e.Status)
	if values.Get("paginated") == "true" && c.clerk.resolve(answer).Type == "array" {
		answer = page(answer)
	}
	c.answer(&walk{document: c.clerk, excused: excusedByClerk}, where, e, answer)
	w := &walk{document: c.clerk}
	w.query(o, values)
	if e.Version == "" || e.Version == c.clerk.version { // older versions accept more
		w.json(o, e.Request)
	}
	c.report(where+" accepts", w.found)
}

// page is the answer to a list with paginated=true. The document has the parameter but not its answer; this is what
// Clerk's own clients read.
func page(list *schema) *schema {
	return &schema{Type: "object", Required: []string{"data", "total_count"}, Additional: additional{given: true},
		Properties: map[string]*schema{"data": list, "total_count": {Type: "integer"}}}
}

// query checks the parameters of a query. Lists may repeat, some clients mark them with brackets, and the API version
// may be a parameter, too.
func (w *walk) query(o *operation, values url.Values) {
	for name, texts := range values {
		if name = strings.TrimSuffix(name, "[]"); name == "__clerk_api_version" {
			continue
		}
		at := (*trail)(nil).field(name)
		described := o.parameter("query", name)
		if described == nil && clientsQuery[o.name+" "+name] != "" {
			continue
		}
		if described == nil {
			w.deviates(at, "is unknown to the document")
			continue
		}
		s := w.document.resolve(described.Schema)
		if s.Type == "array" {
			for i, text := range texts {
				w.scalar(w.document.resolve(s.Items), text, at.index(i))
			}
			continue
		}
		if len(texts) > 1 && repeatable[o.name+" "+name] == "" {
			w.deviates(at, "occurs %d times, want once", len(texts))
		}
		w.scalar(s, texts[0], at)
	}
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required && !values.Has(p.Name) {
			w.deviates((*trail)(nil).field(p.Name), "is missing; the document requires it")
		}
	}
}

// json checks the body of a request. If the document describes none, the body may be empty, null or {}; Clerk's Go
// client deletes with null.
func (w *walk) json(o *operation, text string) {
	var described *schema
	if o.RequestBody != nil {
		described = o.RequestBody.Content["application/json"].Schema
	}
	if strings.TrimSpace(text) == "" {
		if o.RequestBody != nil && o.RequestBody.Required {
			w.deviates(nil, "the body is missing; the document requires it")
		}
		return
	}
	value, err := read(text)
	switch object, isObject := value.(map[string]any); {
	case err != nil:
		w.deviates(nil, "the body is not JSON: %v", err)
	case described != nil:
		w.value(described, value, nil)
	case value != nil && (!isObject || len(object) > 0):
		w.deviates(nil, "has a body, but the document describes none")
	}
}

// clerkDelivery checks the data of a webhook as the Backend API shows the same object. Clerk publishes no newer
// document of its webhooks.
func (c *checker) clerkDelivery(e *wire.Entry) {
	where := "webhook " + e.EventType
	value, err := read(e.Request)
	if err != nil {
		c.report(where, []deviation{{what: "is not JSON: " + err.Error()}})
		return
	}
	w := &walk{document: c.clerk, excused: excusedByClerk}
	w.value(clerkEnvelope, value, nil)
	if envelope, ok := value.(map[string]any); ok {
		data, _ := envelope["data"].(map[string]any)
		object, _ := data["object"].(string)
		name, known := clerkObjects[object]
		if data["deleted"] == true {
			name, known = "DeletedObject", true
		}
		at := (*trail)(nil).field("data")
		if known {
			w.value(c.clerk.schema(name), asAnswered(object, data), at)
		} else {
			w.deviates(at.field("object"), "is %q, which clerkObjects does not list", object)
		}
	}
	c.report(where, w.found)
}

// asAnswered gives the data of a webhook the shape of the Backend API's answer, where the two are known to differ.
func asAnswered(object string, data map[string]any) map[string]any {
	shaped := maps.Clone(data)
	for name := range data {
		if webhookExtras[object+"."+name] != "" {
			delete(shaped, name)
		}
	}
	for lacking := range webhookLacks {
		if name, of := strings.CutPrefix(lacking, object+"."); of && data["deleted"] != true {
			if _, there := shaped[name]; !there {
				shaped[name] = nil
			}
		}
	}
	return shaped
}

// clerkEnvelope is the schema of a webhook around its data.
var clerkEnvelope = &schema{Type: "object", Additional: additional{given: true},
	Required: []string{"object", "type", "timestamp", "instance_id", "data"},
	Properties: map[string]*schema{
		"object": {Type: "string", Enum: []any{"event"}}, "type": {Type: "string"}, "timestamp": {Type: "integer"},
		"instance_id": {Type: "string", Pattern: "^ins_"}, "data": {Type: "object",
			Additional: additional{given: true, allowed: true}},
		"event_attributes": {Type: "object", Additional: additional{given: true}, Properties: map[string]*schema{
			"http_request": {Type: "object", Additional: additional{given: true}, Required: []string{"client_ip", "user_agent"},
				Properties: map[string]*schema{"client_ip": {Type: "string"}, "user_agent": {Type: "string"}}}}},
	}}

// clerkObjects maps the value of "object" to the name of a schema.
var clerkObjects = map[string]string{
	"user":                    "User",
	"organization":            "Organization",
	"organization_membership": "OrganizationMembership",
	"organization_invitation": "OrganizationInvitation",
	"session":                 "Session",
	"role":                    "Role",
	"permission":              "Permission",
}
