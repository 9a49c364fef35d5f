package upstream

import (
	"strings"
	"testing"
)

func TestMembersOfAnotherTypeReadAsAbsent(t *testing.T) {
	names := []string{"missing", "null", "text", "number", "float", "big", "flag", "array", "object"}
	all := `{"null":null,"text":"a","number":7,"float":1.5,"big":1e400,"flag":true,"array":[1],"object":{"id":"b"}}`
	for _, o := range []Object{Decode([]byte(all)), nil} {
		for _, name := range names {
			there := func(want string) bool { return o != nil && name == want }
			if got := o.Text(name); got != "" != there("text") {
				t.Errorf("text of %s: %q", name, got)
			}
			if got := o.Number(name); got != 0 != there("number") {
				t.Errorf("number of %s: %d", name, got)
			}
			if got := o.Flag(name); got != there("flag") {
				t.Errorf("flag of %s: %v", name, got)
			}
			if got, ok := o.Array(name); ok != there("array") || len(got) != 0 != there("array") {
				t.Errorf("array of %s: %s", name, got)
			}
			if got := o.Object(name); got != nil != there("object") || got.Text("id") != "" != there("object") {
				t.Errorf("object of %s: %s", name, got)
			}
		}
	}
	if _, ok := Decode([]byte(`{"data":[]}`)).Array("data"); !ok {
		t.Error("an empty array reads as absent")
	}
}

func TestDecodeRejectsWhatIsNotOneCompleteObject(t *testing.T) {
	for _, raw := range []string{"", "null", "[]", `"a"`, `{"id":"a"`, "{}{}", "\xef\xbb\xbf{}", "\x1f\x8b\x08\x00",
		strings.Repeat(`{"data":`, 100_000), `{"data":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}"} {
		if Decode([]byte(raw)) != nil {
			t.Errorf("%.20q decodes as an object", raw)
		}
	}
	if Decode([]byte(" {} ")) == nil {
		t.Error("the empty object does not decode")
	}
}
