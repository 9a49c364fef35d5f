package openapicheck

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/stripe/stripe-mock/embedded"
)

// document is an OpenAPI document whose parts are decoded when they are first
// needed: of Stripe's 1454 schemas a run sees a hundred. Safe for concurrent use.
type document struct {
	version    string
	base       string // what the document's paths stand behind
	strict     bool   // an object has no other properties than its schema names
	schemas    map[string]json.RawMessage
	responses  map[string]json.RawMessage
	parameters map[string]json.RawMessage
	paths      map[string]map[string]json.RawMessage
	templates  map[int][]template // by the number of parts

	mu         sync.Mutex
	decoded    map[string]*schema
	operations map[string]*operation
}

// stripeDocument is loaded once in a process.
var stripeDocument = sync.OnceValues(func() (*document, error) {
	return load(embedded.OpenAPISpec, "", true)
})

// clerkDocument is loaded once in a process; nil when there is none.
var clerkDocument = sync.OnceValues(func() (*document, error) {
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(shared, "specs", "clerk-backend-api-2026-05-12.json"))
	if err != nil {
		return nil, fmt.Errorf("read Clerk's document: %w", err)
	}
	return load(raw, "/v1", false)
})

func load(raw []byte, base string, strict bool) (*document, error) {
	var outline struct {
		Info       struct{ Version string }
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas, Responses, Parameters map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &outline); err != nil {
		return nil, fmt.Errorf("read an OpenAPI document: %w", err)
	}
	d := &document{version: outline.Info.Version, base: base, strict: strict,
		schemas: outline.Components.Schemas, responses: outline.Components.Responses,
		parameters: outline.Components.Parameters,
		paths:      outline.Paths, templates: map[int][]template{}, decoded: map[string]*schema{},
		operations: map[string]*operation{}}
	for path := range outline.Paths {
		made := newTemplate(path)
		d.templates[len(made.parts)] = append(d.templates[len(made.parts)], made)
	}
	return d, nil
}

// schema returns a schema of the document by its name, nil when it has none.
func (d *document) schema(name string) *schema {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, decoded := d.decoded[name]; decoded {
		return known
	}
	var s *schema
	if raw, found := d.schemas[name]; found {
		s = &schema{}
		if err := json.Unmarshal(raw, s); err != nil {
			panic(fmt.Sprintf("judge: schema %s: %v", name, err))
		}
		s.name = name
	}
	d.decoded[name] = s
	return s
}

// resolve follows references.
func (d *document) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.schema(refName(s.Ref))
	}
	return s
}

// refName is the last part of a reference within a document.
func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
