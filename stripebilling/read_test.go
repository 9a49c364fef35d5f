package stripebilling

import (
	"bytes"
	"encoding/json"
	"errors"
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

func TestRead(t *testing.T) {
	event := func(e lockstep.Event) lockstep.Event { e.Source = lockstep.Stripe; return e }
	for name, c := range map[string]struct {
		body string
		want lockstep.Hint
	}{
		"customer": {
			`{"id":"evt_1","object":"event","type":"customer.updated","api_version":"2020-03-02","created":1767225601,"livemode":false,
			  "data":{"object":{"id":"cus_1","object":"customer","metadata":{"lockstepAccount":"user/user_1"}}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "customer.updated", APIVersion: "2020-03-02",
				OccurredAt: at2026(1), ObjectID: "cus_1", CustomerID: "cus_1"}), Ours: true},
		},
		"deleted customer of three fields": {
			`{"id":"evt_1","type":"customer.deleted","data":{"object":{"id":"cus_1","object":"customer","deleted":true}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "customer.deleted", ObjectID: "cus_1",
				CustomerID: "cus_1"})},
		},
		"session": {
			`{"id":"evt_1","type":"checkout.session.completed","data":{"object":{"id":"cs_1","object":"checkout.session","mode":"payment",
			  "customer":{"id":"cus_1"},"payment_intent":{"id":"pi_1","object":"payment_intent"},"metadata":{"orgId":"org_1"}}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "checkout.session.completed", ObjectID: "cs_1",
				CustomerID: "cus_1"}),
				CheckoutID: "cs_1", Mode: "payment", PaymentID: "pi_1", Ours: true},
		},
		"session of a guest": {
			`{"id":"evt_1","type":"checkout.session.completed","data":{"object":{"id":"cs_1","object":"checkout.session","mode":"payment",
			  "customer":null,"payment_intent":"pi_1","metadata":{}}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "checkout.session.completed", ObjectID: "cs_1"}),
				CheckoutID: "cs_1", Mode: "payment", PaymentID: "pi_1"},
		},
		"dispute": {
			`{"id":"evt_1","type":"charge.dispute.created","data":{"object":{"id":"dp_1","object":"dispute","charge":"ch_1","payment_intent":"pi_1"}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "charge.dispute.created", ObjectID: "dp_1"}),
				PaymentID: "pi_1"},
		},
		"payment intent": {
			`{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent","customer":"cus_1"}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "payment_intent.succeeded", ObjectID: "pi_1",
				CustomerID: "cus_1"}), PaymentID: "pi_1"},
		},
		"upcoming invoice without id": {
			`{"id":"evt_1","type":"invoice.upcoming","data":{"object":{"object":"invoice","customer":"cus_1","metadata":null}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "invoice.upcoming", CustomerID: "cus_1"})},
		},
		"thin": {
			`{"id":"evt_1","object":"v2.core.event","type":"v1.customer.created","livemode":true,"created":"2026-01-01T00:00:02.500Z","context":null,
			  "related_object":{"id":"cus_1","type":"customer","url":"/v1/customers/cus_1"}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "customer.created",
				OccurredAt: at2026(2).Add(500 * time.Millisecond),
				ObjectID:   "cus_1", CustomerID: "cus_1"}), Thin: true, Foreign: "live event, test key"},
		},
		"thin of a session": {
			`{"id":"evt_1","object":"v2.core.event","type":"v1.checkout.session.completed","related_object":{"id":"cs_1","type":"checkout.session"}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "checkout.session.completed", ObjectID: "cs_1"}),
				Thin: true, CheckoutID: "cs_1"},
		},
		"thin about nothing": {
			`{"id":"evt_1","object":"v2.core.event","type":"v2.core.ping","related_object":null,"created":5}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "v2.core.ping"})},
		},
		"connected account": {
			`{"id":"evt_1","type":"customer.created","account":"acct_1","livemode":true}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "customer.created"}),
				Foreign: "connected account acct_1"},
		},
		"everything of another type": {
			`{"id":"evt_1","type":"x","object":7,"api_version":{},"created":"now","livemode":"yes","account":[],"data":{"object":{"id":5,"object":[],"customer":[{"id":"cus_1"}],
			  "payment_intent":true,"metadata":["userId"],"mode":{}}}}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})},
		},
		"arrays for objects": {`{"id":"evt_1","type":"x","data":[{"object":{"id":"a"}}]}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
		"metadata without text": {`{"id":"evt_1","type":"x","data":{"object":{"metadata":{"userId":"","clerkUserId":7,"orgId":null}}}}`, lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
		"the last of two keys": {`{"id":"evt_0","type":"x","id":"evt_1"}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
		"keys are case-sensitive": {`{"id":"evt_1","ID":"evt_0","type":"x","Account":"acct_1"}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
		"a time beyond all times": {`{"id":"evt_1","type":"x","created":1e400}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
		"a time beyond a year": {`{"id":"evt_1","type":"x","created":9223372036854775807}`,
			lockstep.Hint{Event: event(lockstep.Event{ID: "evt_1", Type: "x"})}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read([]byte(c.body), Environment{})
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

func TestReadKnowsForeignEvents(t *testing.T) {
	for body, want := range map[string][2]string{ // with a test key, with a live key
		`{"id":"e","type":"x"}`:                            {"", ""},
		`{"id":"e","type":"x","livemode":null}`:            {"", ""},
		`{"id":"e","type":"x","livemode":true}`:            {"live event, test key", ""},
		`{"id":"e","type":"x","livemode":false}`:           {"", "test event, live key"},
		`{"id":"e","type":"x","account":"acct_9"}`:         {"connected account acct_9", "connected account acct_9"},
		`{"id":"e","type":"x","account":"","context":"c"}`: {"", ""},
	} {
		for i, live := range []bool{false, true} {
			got, err := Read([]byte(body), Environment{Live: live})
			if err != nil || got.Foreign != want[i] {
				t.Errorf("%s, live %v: %q %v", body, live, got.Foreign, err)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	long := strings.Repeat("x", 256)
	for body, want := range map[string]error{
		"":                                     ErrNotJSON,
		"null":                                 ErrNotJSON,
		"[]":                                   ErrNotJSON,
		`"evt_1"`:                              ErrNotJSON,
		`{"id":"evt_1","type":"x"`:             ErrNotJSON,
		`{"id":"evt_1","type":"x"}{}`:          ErrNotJSON,
		"\xef\xbb\xbf{}":                       ErrNotJSON,
		"\x1f\x8b\x08\x00":                     ErrNotJSON,
		strings.Repeat(`{"data":`, 100_000):    ErrNotJSON,
		nested(100_000):                        ErrNotJSON,
		`{}`:                                   ErrNotEvent,
		`{"id":"evt_1"}`:                       ErrNotEvent,
		`{"type":"x"}`:                         ErrNotEvent,
		`{"id":1,"type":"x"}`:                  ErrNotEvent,
		`{"id":"evt_1","type":null}`:           ErrNotEvent,
		`{"id":"evt_1","type":""}`:             ErrNotEvent,
		`{"id":"` + long + `","type":"x"}`:     ErrNotEvent,
		`{"id":"evt_1","type":"` + long + `"}`: ErrNotEvent,
		`{"id":"evt_1","type":"x","data":{"object":{"id":"` + long + `"}}}`:                         ErrNotEvent,
		`{"id":"evt_1","type":"x","data":{"object":{"customer":{"id":"` + long + `"}}}}`:            ErrNotEvent,
		`{"id":"evt_1","type":"x","data":{"object":{"payment_intent":"` + long + `"}}}`:             ErrNotEvent,
		`{"id":"evt_1\u0000","type":"x"}`:                                                           ErrNotEvent,
		`{"id":"evt_1","type":"x","data":{"object":{"id":"a\u0000b"}}}`:                             ErrNotEvent,
		`{"id":"evt_1","type":"x","account":"` + long + `"}`:                                        ErrNotEvent,
		`{"id":"evt_1","object":"v2.core.event","type":"x","related_object":{"id":"` + long + `"}}`: ErrNotEvent,
	} {
		if _, err := Read([]byte(body), Environment{}); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", body, err, want)
		}
	}
}

func nested(depth int) string {
	return `{"id":"evt_1","type":"x","data":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
}

// TestReadPayloadsOfOthers reads events from other projects, most in an API version of
// 2020.
func TestReadPayloadsOfOthers(t *testing.T) {
	shared := os.Getenv("LOCKSTEP_SHARED")
	if shared == "" {
		t.Skip("LOCKSTEP_SHARED does not name the directory with payloads/stripe")
	}
	files, err := filepath.Glob(filepath.Join(shared, "payloads", "stripe", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d payloads, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var plain struct {
			ID, Type string
			Created  int64
			Data     struct {
				Object struct {
					ID, Object string
					Customer   any
				}
			}
		}
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatal(err)
		}
		got, err := Read(body, Environment{Live: false})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		customer, _ := plain.Data.Object.Customer.(string)
		if plain.Data.Object.Object == "customer" {
			customer = plain.Data.Object.ID
		}
		if got.Event.ID != plain.ID || got.Event.Type != plain.Type || got.Event.ObjectID != plain.Data.Object.ID ||
			got.Event.CustomerID != customer || got.Event.OccurredAt.Unix() != plain.Created ||
			!bytes.Equal(got.Event.Body, body) {
			t.Errorf("%s: %+v", file, got.Event.ID)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"id":"evt_1","type":"x"}`, nested(20),
		`{"id":"evt_1","id":5,"type":"x","data":{"object":null}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v1.x","related_object":{"id":"a"},"created":"2026-01-01T00:00:00Z"}`,
		"{\"id\":\"\xff\xfe\",\"type\":\"x\"}", `{"id":"evt_1","type":"x","created":-1e999,"data":{"object":{"customer":{"id":{}}}}}`,
		`{"id":"evt_1","type":"checkout.session.completed","livemode":true,"data":{"object":{"id":"cs","object":"checkout.session","payment_intent":{"id":"pi"}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hint, err := Read(body, Environment{})
		if err != nil {
			if !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrNotEvent) {
				t.Fatalf("%v is neither of the errors", err)
			}
			return
		}
		e := hint.Event
		if e.ID == "" || e.Type == "" || e.OccurredAt.Year() > 9999 {
			t.Fatalf("%+v", e)
		}
		for _, id := range []string{e.ID, e.Type, e.ObjectID, e.CustomerID, hint.CheckoutID, hint.PaymentID} {
			if len(id) > upstream.LongestID || strings.ContainsRune(id, 0) {
				t.Fatalf("%q is no id", id)
			}
		}
	})
}
