package clerksim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
)

func TestTemplatesSeeTheUserAndTheActiveOrganization(t *testing.T) {
	t.Parallel()
	user := &User{ID: "user_1", FirstName: "Ada", Public: map[string]any{"plan": "pro"}}
	organization := &Organization{ID: "org_1", Public: map[string]any{"plan": "team"}}
	for template, want := range map[string]any{
		"{{user.public_metadata.plan}}": "pro",
		"{{org.public_metadata.plan}}":  "team",
		"{{user.first_name}}":           "Ada",
		"{{user.last_name}}":            nil,
	} {
		if got := token.Fill(template, claimValues(user, organization)); got != want {
			t.Errorf("%s is %v, want %v", template, got, want)
		}
	}
	if got := token.Fill("{{org.public_metadata.plan}}", claimValues(user, nil)); got != nil {
		t.Errorf("without an organization its plan is %v", got)
	}
}

func TestAPatchMergesAtEveryLevelAndNullRemoves(t *testing.T) {
	t.Parallel()
	old := map[string]any{"a": 1.0, "deep": map[string]any{"x": 1.0, "y": map[string]any{"z": 1.0}},
		"list": []any{1.0, 2.0}}
	got := merged(old, map[string]any{"a": nil, "deep": map[string]any{"x": nil, "y": map[string]any{"w": 2.0}},
		"list": []any{3.0}, "new": map[string]any{"n": nil, "m": 1.0}})
	want := map[string]any{"deep": map[string]any{"y": map[string]any{"z": 1.0, "w": 2.0}}, "list": []any{3.0},
		"new": map[string]any{"m": 1.0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if old["a"] != 1.0 {
		t.Error("merging changed the old metadata")
	}
}
