package httpapi

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// TestAnUnknownFieldIsFoundAtAnyDepth: names that differ in case are unknown too. No operation has nested objects
// yet, but one may get them.
func TestAnUnknownFieldIsFoundAtAnyDepth(t *testing.T) {
	t.Parallel()
	type inner struct {
		Known string `json:"known"`
	}
	type body struct {
		Object inner            `json:"object"`
		List   []inner          `json:"list"`
		Open   map[string]inner `json:"open"`
	}
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, reflect.TypeFor[body]())
	for text, want := range map[string]string{
		`{"object":{"known":"x"},"list":[{"known":"x"},{}],"open":{"any":{"known":"x"}}}`: "",
		`{"objects":{}}`:                       "body.objects",
		`{"Object":{}}`:                        "body.Object",
		`{"object":{"unknown":1}}`:             "body.object.unknown",
		`{"object":{"KNOWN":"x"}}`:             "body.object.KNOWN",
		`{"list":[{"known":"x"},{"other":1}]}`: "body.list[1].other",
		`{"object":["known"]}`:                 "", // of another type: the framework rejects it
		`[]`:                                   "",
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if at, unknown := unknownField(registry, schema, value, "body"); at != want || unknown != (want != "") {
			t.Errorf("%s: %q, %v, want %q", text, at, unknown, want)
		}
	}
}
