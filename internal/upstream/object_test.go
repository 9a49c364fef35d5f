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

func TestObjectsOfAnArray(t *testing.T) {
	o := Decode([]byte(`{"data":[{"id":"a","\u0069d":"b"},7,{},{"id":"c"}],"none":[],"text":"[]"}`))
	data, ok := o.Objects("data")
	if !ok || len(data) != 4 || data[0].Text("id") != "b" || data[1] != nil || data[2] == nil || data[3].Text("id") != "c" {
		t.Errorf("%v %v", data, ok)
	}
	if none, ok := o.Objects("none"); !ok || len(none) != 0 {
		t.Errorf("an empty array reads as %v %v", none, ok)
	}
	for _, name := range []string{"text", "missing"} {
		if _, ok := o.Objects(name); ok {
			t.Errorf("%s reads as an array", name)
		}
	}
}

func TestTextsAreTheMembersThatAreStrings(t *testing.T) {
	got := Decode([]byte(`{"a":"x","b":7,"c":"","\u0064":"\u0079","e":"old","e":null}`)).Texts()
	if len(got) != 2 || got["a"] != "x" || got["d"] != "y" {
		t.Errorf("%v", got)
	}
}
