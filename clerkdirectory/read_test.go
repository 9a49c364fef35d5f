package clerkdirectory

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

var delivered = http.Header{"Svix-Id": {"msg_1"}}

func TestRead(t *testing.T) {
	event := func(kind, object string, at time.Time) lockstep.Event {
		return lockstep.Event{Source: lockstep.Clerk, ID: "msg_1", Type: kind, ObjectID: object, OccurredAt: at}
	}
	second := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		body string
		want lockstep.Hint
	}{
		"user, milliseconds": {`{"type":"user.updated","timestamp":1767225600123,"instance_id":"ins_1","data":{"id":"user_1"}}`, lockstep.Hint{Event: event("user.updated", "user_1", second.Add(123*time.Millisecond)), Account: user}},
		"user, seconds": {`{"type":"user.created","timestamp":1767225600,"data":{"id":"user_1"}}`,
			lockstep.Hint{Event: event("user.created", "user_1", second), Account: user}},
		"deleted organization": {`{"type":"organization.deleted","data":{"id":"org_1","deleted":true}}`,
			lockstep.Hint{Event: event("organization.deleted", "org_1", time.Time{}), Account: org}},
		"membership": {`{"type":"organizationMembership.created","data":{"id":"orgmem_1","organization":{"id":"org_1"}}}`,
			lockstep.Hint{Event: event("organizationMembership.created", "orgmem_1", time.Time{}),
				Account: lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}}},
		"Clerk's own billing": {`{"type":"subscription.created","data":{"id":"csub_1"}}`,
			lockstep.Hint{Event: event("subscription.created", "csub_1", time.Time{})}},
		"another instance": {`{"type":"user.created","instance_id":"ins_2","data":{"id":"user_1"}}`,
			lockstep.Hint{Event: event("user.created", "user_1", time.Time{}), Account: user, Foreign: "instance ins_2"}},
		"of other types": {`{"type":"user.created","timestamp":"now","instance_id":{},"data":{"id":7}}`,
			lockstep.Hint{Event: event("user.created", "", time.Time{})}},
		"no data": {`{"type":"user.created","data":[{"id":"user_1"}]}`,
			lockstep.Hint{Event: event("user.created", "", time.Time{})}},
		"an id that is a path": {`{"type":"user.created","data":{"id":"../x"}}`,
			lockstep.Hint{Event: event("user.created", "../x", time.Time{})}},
		"a time beyond years": {`{"type":"user.created","timestamp":9223372036854775807,"data":{"id":"user_1"}}`,
			lockstep.Hint{Event: event("user.created", "user_1", time.Time{}), Account: user}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(delivered, []byte(c.body), Environment{InstanceID: "ins_1"})
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Event.Body) != c.body {
				t.Error("the body is not the bytes that were read")
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(lockstep.Event{}, "Body")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnyInstanceWhereNoneIsConfigured(t *testing.T) {
	got, err := Read(delivered, []byte(`{"type":"user.created","instance_id":"ins_2"}`), Environment{})
	if err != nil || got.Foreign != "" {
		t.Fatalf("%+v %v", got, err)
	}
}

// Read must return the signed id.
func TestReadTakesTheIDThatVerifyChecked(t *testing.T) {
	header, err := Sign("msg_1", body, secret, now)
	if err != nil {
		t.Fatal(err)
	}
	header.Set("webhook-id", "msg_2")
	if err := Verify(header, body, []lockstep.Secret{secret}, now, 0); err != nil {
		t.Fatal(err)
	}
	got, err := Read(header, []byte(`{"type":"user.created"}`), Environment{})
	if err != nil || got.Event.ID != "msg_1" {
		t.Fatalf("%q %v", got.Event.ID, err)
	}
}

func TestReadRefuses(t *testing.T) {
	long := strings.Repeat("x", 256)
	for body, want := range map[string]error{
		"":                           ErrNotJSON,
		"null":                       ErrNotJSON,
		"[]":                         ErrNotJSON,
		"\xef\xbb\xbf{}":             ErrNotJSON,
		strings.Repeat("[", 100_000): ErrNotJSON,
		`{"data":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}": ErrNotJSON,
		`{}`:                      ErrNotEvent,
		`{"type":7}`:              ErrNotEvent,
		`{"type":"` + long + `"}`: ErrNotEvent,
		`{"type":"user.created","data":{"id":"` + long + `"}}`: ErrNotEvent,
		`{"type":"user.created","data":{"id":"a\u0000"}}`:      ErrNotEvent,
	} {
		if _, err := Read(delivered, []byte(body), Environment{}); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", body, err, want)
		}
	}
	if _, err := Read(http.Header{}, []byte(`{"type":"user.created"}`), Environment{}); !errors.Is(err, ErrNotEvent) {
		t.Errorf("without an id: %v", err)
	}
}

// TestReadExamplesOfClerk reads an official example of every event.
func TestReadExamplesOfClerk(t *testing.T) {
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		t.Skip("LOCKSTEP_SHARED does not name the directory with payloads/clerk")
	}
	files, err := filepath.Glob(filepath.Join(shared, "payloads", "clerk", "*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d payloads, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.TrimSuffix(filepath.Base(file), ".json")
		got, err := Read(delivered, body, Environment{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		about, _, _ := strings.Cut(kind, ".")
		wanted := about == "user" || about == "organization" || about == "organizationMembership"
		year := got.Event.OccurredAt.Year()
		if got.Event.Type != kind || got.Event.ObjectID == "" || got.Account.IsZero() == wanted || year < 2020 ||
			year > 2030 || !bytes.Equal(got.Event.Body, body) {
			t.Errorf("%s: %q %q %v %d", file, got.Event.Type, got.Event.ObjectID, got.Account, year)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"type":"user.created","timestamp":1,"data":{"id":"user_1"}}`,
		`{"type":"organization.x","data":{"id":{}}}`,
		"{\"type\":\"\xff\"}", `{"type":"user.","timestamp":1e400,"instance_id":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hint, err := Read(delivered, body, Environment{InstanceID: "ins_1"})
		if err != nil {
			if !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrNotEvent) {
				t.Fatalf("%v is neither of the errors", err)
			}
			return
		}
		if e := hint.Event; e.Type == "" || e.OccurredAt.Year() > 9999 || len(e.ObjectID) > upstream.LongestID ||
			strings.ContainsRune(e.ObjectID, 0) {
			t.Fatalf("%+v", e)
		}
	})
}
