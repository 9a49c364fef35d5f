package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

var picked = []string{"id", "a", "a.id", "a.b", "a.b.id", "b.id", "created"}

// decode is Decode by encoding/json.
func decode(raw []byte) (o map[string]json.RawMessage) {
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// decoded is what encoding/json finds at a path, decoding one level at a time.
func decoded(raw []byte, path string) []byte {
	o := decode(raw)
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		o = decode(o[name])
	}
	return o[names[len(names)-1]]
}

// texts are seeds that a JSON decoder could get wrong.
func texts() []string {
	return []string{
		`{"id":"x","a":{"id":"y","b":{"id":"z"}},"b":{"id":"w"},"created":17}`,
		` { "id" : "x" , "a" : [ { "id" : 1 } , [] , {} ] , "created" : -0.5e+10 } `,
		`{"a":{"id":1,"b":{"id":2}},"a":{"id":3}}`, `{"a":{"id":1},"a":"id"}`, `{"a":{"b":7},"a":null}`,
		`{"id":"x","id":"y"}`,
		`{"\u0069d":"x","a":{"\u0062":{"i\u0064":"\ud83d\ude00"}}}`, "{\"i\xffd\":1,\"id\":\"\xff\xfe\"}",
		"{\"id\":\"a\u2028\x7f\"}",
		`{"id":"\x"}`, `{"id":"\u12g4"}`, `{"id":"\ud800"}`, "{\"id\":\"\n\"}", "{\"id\":\"\x00\"}", `{"id":"a`, `{"id":"a\`,
		`{"id":"a\"}`, `{"id":"\u00`,
		`{"id":01}`, `{"id":1.}`, `{"id":.5}`, `{"id":1e}`, `{"id":1e+}`, `{"id":-}`, `{"id":+1}`, `{"id":-01}`,
		`{"id":0x1}`, `{"id":1_0}`, `{"id":9223372036854775808}`, `{"created":-0}`, `{"created":1e2}`,
		`{"id":tru}`, `{"id":nul}`, `{"id":truee}`, `{"id":falsefalse}`, `{"id":NaN}`, `{"id":null}`, `{"id":true,"a":false}`,
		`{"id":1,}`, `{,}`, `{"id"}`, `{"id":}`, `{id:1}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":{}`, `{"a":[}`,
		`{"a":{]}`, `{"id":1]`,
		`{}`, `{}{}`, `{} x`, ``, `null`, `[]`, `"a"`, `7`, "\xef\xbb\xbf{}", "{\"id\":\"x\"}\x00", "\v{}",
		`{"a":{"":1},"":{"id":2}}`, `{"a.id":1}`, `{"a":"{\"id\":1}"}`, `{"A":{"ID":1},"ID":2}`,
		`{"a":{"b":[{"id":1}],"id":{"id":1}}}`,
		"{\n                \"id\" :          \t        \r\n\"x\"          ,         \"a\":[        1        ]       }        ", "{        x}", nested(20), nested(9_999), nested(10_000), nested(10_001),
		strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999), strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
		`[ 1 , "a" , { "b" : [ ] } , null ]`, `[]`, `[ ]`, `[1,]`, `[,]`, `[1`, `[1]]`, ` [1] x`, `[[[]],{}]`, `17`, ` "a" `,
		`tru`, `"`,
	}
}

// FuzzDecode compares Decode and Elements with encoding/json: both find the same, or both reject the text.
func FuzzDecode(f *testing.F) {
	for _, seed := range texts() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, want := Decode(raw), decode(raw)
		names := map[string]bool{}
		for _, m := range got {
			names[string(m.name)] = true
		}
		if (got == nil) != (want == nil) || len(names) != len(want) {
			t.Fatalf("%.200q: %d members, encoding/json finds %d", raw, len(names), len(want))
		}
		for name, value := range want {
			if has := got.Raw(name); has == nil || !bytes.Equal(has, value) {
				t.Fatalf("%.200q: %s is %q, encoding/json finds %q", raw, name, has, value)
			}
		}
		var list []json.RawMessage
		isList := json.Unmarshal(raw, &list) == nil && list != nil
		elements, ok := Elements(raw)
		if ok != isList || len(elements) != len(list) {
			t.Fatalf("%.200q: %d elements, ok %v; encoding/json finds %d", raw, len(elements), ok, len(list))
		}
		for i := range list {
			if !bytes.Equal(elements[i], list[i]) {
				t.Fatalf("%.200q: element %d is %q, encoding/json finds %q", raw, i, elements[i], list[i])
			}
		}
	})
}

// TestEveryByteAtEveryPlace puts every byte at every offset of a string and of white space, beside bytes that a
// decoder which reads several at once could confuse it with.
func TestEveryByteAtEveryPlace(t *testing.T) {
	t.Parallel()
	for at := range 18 {
		for c := range 256 {
			for _, next := range []string{"", "\x01", "\x80", "!", "#", "[", "]", "\x1f"} {
				odd := string([]byte{byte(c)}) + next
				for _, raw := range []string{
					`["` + strings.Repeat("a", at) + odd + strings.Repeat("z", 17-at) + `"]`,
					"[\n" + strings.Repeat(" ", at) + odd + strings.Repeat(" ", 17-at) + "7]",
				} {
					if _, ok := Elements([]byte(raw)); ok != json.Valid([]byte(raw)) {
						t.Fatalf("Elements(%q) reports %v, encoding/json %v", raw, ok, !ok)
					}
				}
			}
		}
	}
}

// FuzzPick compares a picker with encoding/json: both find the same, or both reject the text.
func FuzzPick(f *testing.F) {
	for _, seed := range texts() {
		f.Add([]byte(seed))
	}
	p := NewPicker(picked...)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := p.Pick(raw)
		if want := decode(raw) != nil; ok != want {
			t.Fatalf("%.200q: Pick reports %v, encoding/json %v", raw, ok, want)
		}
		for _, path := range picked {
			want := decoded(raw, path)
			if !bytes.Equal(got.Raw(path), want) || (got.Raw(path) == nil) != (want == nil) {
				t.Fatalf("%.200q: %s is %q, encoding/json finds %q", raw, path, got.Raw(path), want)
			}
			holder := Object{{[]byte("x"), want}}
			if got.Text(path) != holder.Text("x") || got.Number(path) != holder.Number("x") ||
				fmt.Sprint(got.Object(path)) != fmt.Sprint(holder.Object("x")) {
				t.Fatalf("%.200q: %s reads as %q, %d and %v", raw, path, got.Text(path), got.Number(path), got.Object(path))
			}
		}
	})
}

// nested returns an object that holds arrays, deep levels in all.
func nested(deep int) string {
	return `{"id":"x","a":` + strings.Repeat("[", deep-1) + strings.Repeat("]", deep-1) + "}"
}

// FuzzText compares Object.Text with encoding/json.
func FuzzText(f *testing.F) {
	for _, seed := range []string{`"a"`, `"\u0041\n"`, "\"\xff\"", `""`, `7`, `null`, `"\ud83d"`, "\"\u00fc\"",
		`{"a":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if raw = bytes.TrimSpace(raw); !json.Valid(raw) {
			return
		}
		var want string
		if json.Unmarshal(raw, &want) != nil {
			want = ""
		}
		if got := (Object{{[]byte("x"), raw}}).Text("x"); got != want {
			t.Errorf("%q reads as %q, want %q", raw, got, want)
		}
	})
}
