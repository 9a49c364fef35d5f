package openapicheck

import (
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stripe/stripe-mock/embedded"
)

// TestAnIndependentReaderSeesTheSameDocument compares our partial reading of the document with kin-openapi's. That
// takes 2 s, or 13 s with the race detector, so only make clients runs it.
func TestAnIndependentReaderSeesTheSameDocument(t *testing.T) {
	if os.Getenv("LOCKSTEP_CONFORMANCE") == "" {
		t.Skip("LOCKSTEP_CONFORMANCE is not set; make clients runs this test")
	}
	t.Parallel()
	theirs, err := openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := stripeDocument()
	if err != nil {
		t.Fatal(err)
	}
	if len(ours.schemas) != len(theirs.Components.Schemas) || len(ours.paths) != theirs.Paths.Len() {
		t.Fatalf("%d schemas and %d paths, want %d and %d", len(ours.schemas), len(ours.paths),
			len(theirs.Components.Schemas), theirs.Paths.Len())
	}
	for name, ref := range theirs.Components.Schemas {
		same(t, ours, name, ours.schema(name), ref, 0)
	}
	for path, item := range theirs.Paths.Map() {
		for method, operation := range item.Operations() {
			got := ours.operation(method, path)
			if got == nil || got.name != method+" "+path {
				t.Errorf("%s %s is found as %v", method, path, got)
				continue
			}
			// the other answers are PDFs
			if content := operation.Responses.Status(200).Value.Content.Get("application/json"); content != nil {
				same(t, ours, got.name, got.answer(200), content.Schema, 0)
			}
		}
	}
}

// same compares the outline of two schemas, two levels deep.
func same(t *testing.T, d *document, where string, ours *schema, theirs *openapi3.SchemaRef, depth int) {
	t.Helper()
	ours = d.resolve(ours)
	if ours == nil || len(ours.Properties) != len(theirs.Value.Properties) ||
		len(ours.Required) != len(theirs.Value.Required) ||
		len(ours.AnyOf) != len(theirs.Value.AnyOf) || len(ours.Enum) != len(theirs.Value.Enum) ||
		ours.Nullable != theirs.Value.Nullable {
		t.Errorf("%s is read as %+v", where, ours)
		return
	}
	if depth > 1 {
		return
	}
	for name, property := range theirs.Value.Properties {
		same(t, d, where+"."+name, ours.Properties[name], property, depth+1)
	}
}
