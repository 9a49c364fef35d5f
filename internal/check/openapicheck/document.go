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

// document is an OpenAPI document. It decodes its parts on first use, because a run needs a hundred of Stripe's 1454
// schemas. It is safe for concurrent use.
type document struct {
	version    string
	base       string // prefix of the document's paths
	strict     bool   // objects may have no property that their schema does not name
	schemas    map[string]json.RawMessage
	responses  map[string]json.RawMessage
	parameters map[string]json.RawMessage
	paths      map[string]map[string]json.RawMessage
	templates  map[int][]template // by number of segments

	mu         sync.Mutex
	decoded    map[string]*schema
	operations map[string]*operation
}

// stripeDocument loads Stripe's document once per process.
var stripeDocument = sync.OnceValues(func() (*document, error) {
	return load(embedded.OpenAPISpec, "", true)
})

// clerkDocument loads Clerk's document once per process. It returns nil if LOCKSTEP_SHARED is not set.
var clerkDocument = sync.OnceValues(func() (*document, error) {
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(shared, "specs", "clerk-backend-api-2026-05-12.json"))
	if err != nil {
		return nil, fmt.Errorf("read Clerk's OpenAPI document: %w", err)
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

// schema returns a schema by name; nil if the document has none.
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
			panic(fmt.Sprintf("openapicheck: schema %s: %v", name, err))
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

// refName returns the last segment of a reference.
func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
