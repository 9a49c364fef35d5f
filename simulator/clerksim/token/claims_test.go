package token_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
)

func TestTemplatesKeepTheTypeOfTheirValue(t *testing.T) {
	t.Parallel()
	values := map[string]any{
		"user": map[string]any{"id": "user_1", "first_name": "Ada", "last_name": nil, "public_metadata": map[string]any{
			"plan": "pro", "seats": 5.0, "deep": map[string]any{"list": []any{"a"}}}},
		"org": map[string]any{"id": "org_1", "public_metadata": map[string]any{"plan": "team"}},
	}
	for template, want := range map[string]any{
		"{{user.public_metadata.plan}}":       "pro",
		"{{ user.public_metadata.seats }}":    5.0,
		"{{user.public_metadata.deep.list}}":  []any{"a"},
		"{{user.public_metadata.none.there}}": nil,
		"{{org.public_metadata.plan}}":        "team",
		"{{user.last_name}}":                  nil,
		"Hello {{user.first_name}}!":          "Hello Ada!",
		"constant":                            "constant",
	} {
		if diff := cmp.Diff(want, token.Fill(template, values)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", template, diff)
		}
	}
}
