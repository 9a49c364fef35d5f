package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func seqs(entries []Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprint(e.Seq))
	}
	return strings.Join(all, " ")
}

func TestTheHistoryIsReadInPages(t *testing.T) {
	t.Parallel()
	var h History
	changed := h.Changed()
	for range 5 {
		h.Add(Entry{Side: "stripe", Path: "/v1/prices", Method: "GET"})
		h.Add(Entry{Side: "clerk", Path: "/v1/users", Method: "POST"})
	}
	select {
	case <-changed:
	default:
		t.Error("nobody learns of an entry")
	}
	stripe := Filter{Side: "stripe"}
	if got := seqs(h.Newest(stripe, 0, 2)); got != "9 7" {
		t.Errorf("the newest are %s", got)
	}
	if got := seqs(h.Newest(stripe, 7, 2)); got != "5 3" {
		t.Errorf("before 7 are %s", got)
	}
	entries, seen := h.After(stripe, 3, 2)
	if seqs(entries) != "5 7" || seen != 7 {
		t.Errorf("after 3 are %s, up to %d", seqs(entries), seen)
	}
	if entries, seen = h.After(stripe, 9, 2); len(entries) != 0 || seen != 10 {
		t.Errorf("after the last are %s, up to %d", seqs(entries), seen)
	}
	for seq, want := range map[uint64]bool{0: false, 1: true, 10: true, 11: false} {
		if _, found := h.Find(seq); found != want {
			t.Errorf("entry %d is found: %v", seq, found)
		}
	}
}

func TestFiltersOfTheHistory(t *testing.T) {
	t.Parallel()
	read := Entry{Side: "stripe", Method: "GET", Path: "/v1/customers/cus_1", Response: `{"id": "cus_1"}`}
	write := Entry{Side: "clerk", Method: "PATCH", Path: "/v1/users/user_1/metadata", Request: `{"plan":"pro"}`}
	hook := Entry{Side: "delivery", Method: "POST", Provider: "stripe", Path: "http://app/hook", EventID: "evt_1",
		Request: `{"customer":"cus_12"}`}
	visit := Entry{Side: "clerk", Method: "GET", Path: "/sign-up"}
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "read write hook visit"},
		{Filter{Side: "stripe"}, "read hook"},
		{Filter{Side: "clerk"}, "write visit"},
		{Filter{Kind: KindAPI}, "read write"},
		{Filter{Kind: KindWrite}, "write"},
		{Filter{Kind: KindDelivery}, "hook"},
		{Filter{Kind: KindPage}, "visit"},
		{Filter{ID: "cus_1"}, "read"}, // not cus_12
		{Filter{ID: "evt_1"}, "hook"},
		{Filter{Text: "PRO"}, "write"},
		{Filter{Text: "cus_1", Kind: KindDelivery}, "hook"},
		{Filter{ID: "none"}, ""},
	} {
		var got []string
		for i, e := range []*Entry{&read, &write, &hook, &visit} {
			if c.filter.Matches(e) {
				got = append(got, []string{"read", "write", "hook", "visit"}[i])
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v lets %v pass, want %s", c.filter, got, c.want)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`"secret": "whsec_bG9ja3N0ZXA+/=="`:        `"secret": "…"`,
		`signs with whsec_abc123`:                  `signs with whsec_…`,
		`sk_test_lockstep_dev`:                     `sk_test_…`,
		`rk_live_abc`:                              `rk_live_…`,
		`{"password":"correct \" horse","a":1}`:    `{"password":"…","a":1}`,
		`{"jwt":"eyJhbGciOi.eyJzdWIiOi.c2ln-_"}`:   `{"jwt":"eyJ…"}`,
		`email=ada@example.com&password=horse&x=1`: `email=ada@example.com&password=…&x=1`,
		`/callback?client_secret=pi_1_secret_2`:    `/callback?client_secret=…`,
		`nothing to hide: task_test_x`:             `nothing to hide: task_test_x`,
	} {
		if got := Mask(given); got != want {
			t.Errorf("%s is shown as %s, want %s", given, got, want)
		}
	}
}

func TestOnlyKnownHeadersAreKept(t *testing.T) {
	t.Parallel()
	got := KeptHeader(http.Header{"Authorization": {"Bearer sk_test_very_secret"}, "Cookie": {"session=1"},
		"Set-Cookie": {"session=1"}, "User-Agent": {strings.Repeat("x", 2000)}, "stripe-version": {"2026-08-26.dahlia"}})
	if got["Authorization"] != "Bearer sk_test_…" || len(got["User-Agent"]) != maxHeader || len(got) != 3 ||
		got["Stripe-Version"] == "" {
		t.Errorf("kept %v", got)
	}
	for given, want := range map[string]string{"Basic c2VjcmV0Og==": "Basic …", "secret": "…", "Bearer other": "Bearer …"} {
		if got := KeptHeader(http.Header{"Authorization": {given}})["Authorization"]; got != want {
			t.Errorf("%s is kept as %s", given, got)
		}
	}
}
