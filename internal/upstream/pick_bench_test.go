package upstream

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// stripePaths are like those that package stripebilling reads from an event.
var stripePaths = []string{"id", "object", "type", "api_version", "created", "account", "livemode", "data.object.object",
	"data.object.id", "data.object.customer", "data.object.customer.id", "data.object.payment_intent",
	"data.object.payment_intent.id", "data.object.mode", "data.object.metadata"}

// sentBySimulator is a folder of events that the simulator sent.
const sentBySimulator = "../check/bench/events/*.json"

// payloads reads the files of a pattern.
func payloads(tb testing.TB, pattern string) (all [][]byte, bytes int64) {
	tb.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		tb.Fatalf("no payloads match %s (%v)", pattern, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		all, bytes = append(all, body), bytes+int64(len(body))
	}
	return all, bytes
}

// providerPayloads reads the events that Stripe and Clerk publish or sent, which are not part of this repository.
func providerPayloads(tb testing.TB) ([][]byte, int64) {
	tb.Helper()
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		tb.Skip("LOCKSTEP_SHARED is not set; it names the folder that holds the payloads")
	}
	return payloads(tb, filepath.Join(shared, "payloads", "*", "*.json"))
}

// pickByMaps is Pick by encoding/json: each object on the way to a member is decoded into a map.
func pickByMaps(b *branch, raw []byte, values [][]byte) bool {
	o := decode(raw)
	for _, m := range b.within {
		value, found := o[m.name]
		if found && m.slot >= 0 {
			values[m.slot] = value
		}
		if found && len(m.within) > 0 {
			pickByMaps(m, value, values)
		}
	}
	return o != nil
}

func TestPickAgreesWithEncodingJSONOnProviderPayloads(t *testing.T) {
	t.Parallel()
	all, _ := providerPayloads(t)
	p := NewPicker(stripePaths...)
	for _, raw := range all {
		want := make([][]byte, len(stripePaths))
		got, ok := p.Pick(raw)
		if !ok || !pickByMaps(p.root, raw, want) {
			t.Fatalf("%.200q is not an object", raw)
		}
		for slot, path := range stripePaths {
			if string(got.Raw(path)) != string(want[slot]) {
				t.Errorf("%.200q: %s is %q, encoding/json finds %q", raw, path, got.Raw(path), want[slot])
			}
		}
	}
}

// BenchmarkPick compares the picker with encoding/json; docs/decisions/0011-json-decoder.md has the figures.
func BenchmarkPick(b *testing.B) {
	p := NewPicker(stripePaths...)
	decoders := map[string]func([]byte) bool{
		"Pick":          func(raw []byte) bool { _, ok := p.Pick(raw); return ok },
		"encoding-json": func(raw []byte) bool { return pickByMaps(p.root, raw, make([][]byte, len(stripePaths))) },
	}
	sources := map[string]func(testing.TB) ([][]byte, int64){
		"simulator": func(tb testing.TB) ([][]byte, int64) { return payloads(tb, sentBySimulator) },
		"providers": providerPayloads,
	}
	for source, read := range sources {
		for name, pick := range decoders {
			b.Run(source+"/"+name, func(b *testing.B) {
				all, size := read(b)
				measure(b, all, size, pick)
			})
		}
	}
}

// BenchmarkDecode compares Decode, and the check of an answer, with encoding/json.
func BenchmarkDecode(b *testing.B) {
	for name, read := range map[string]func([]byte) bool{
		"Decode":        func(raw []byte) bool { return Decode(raw) != nil },
		"encoding-json": func(raw []byte) bool { return decode(raw) != nil },
		"json.Valid":    json.Valid,
	} {
		b.Run(name, func(b *testing.B) {
			all, size := payloads(b, sentBySimulator)
			measure(b, all, size, read)
		})
	}
}

// measure reads one payload per iteration.
func measure(b *testing.B, all [][]byte, size int64, read func([]byte) bool) {
	b.SetBytes(size / int64(len(all)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if !read(all[i%len(all)]) {
			b.Fatalf("%.200q is not an object", all[i%len(all)])
		}
		i++
	}
}
