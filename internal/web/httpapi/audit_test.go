package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// entry is an entry of the audit log, as the API shows it.
type entry struct {
	Request, Actor, Action, Subject, Account, Result, Failure, Reason string
	Before, After                                                     json.RawMessage
}

// audited returns the entries of an action, the oldest first, with before and after as text.
func (k *kit) audited(action string) (found []entry) {
	k.Helper()
	page := as[struct{ Data []entry }](k, k.call("GET", "/v1/audit?limit=200", apiKey, ""))
	for _, e := range page.Data {
		if e.Action == action {
			found = append([]entry{e}, found...)
		}
	}
	return found
}

// asking are the operations that change nothing although they have a body, because their question is long.
var asking = []string{"verify", "list-open-keys"}

// TestEveryOperationOfAnOperatorIsAudited walks over the document: what changes something and needs the scope
// operate leaves an entry when it is requested, and one with its result. A new operation without them fails.
func TestEveryOperationOfAnOperatorIsAudited(t *testing.T) {
	t.Parallel()
	k := start(t)
	walked := 0
	for _, o := range k.operations() {
		changes := o.method != http.MethodGet && !slices.Contains(asking, o.id)
		if changes != (o.scope == lockstep.APIOperate) && o.scope != lockstep.APICheckout && o.scope != lockstep.APICheck {
			t.Errorf("%s %s needs the scope %s", o.method, o.path, o.scope)
		}
		if o.scope != lockstep.APIOperate {
			continue
		}
		walked++
		a := k.call(o.method, o.path, apiKey, o.body, "Lockstep-Reason: ticket 42 – Zoë")
		entries := k.audited(o.id)
		if len(entries) < 2 {
			t.Errorf("%s left %d entries: %d %s", o.id, len(entries), a.status, a.body)
			continue
		}
		result := "done"
		if a.status >= 300 {
			result = "failed"
		}
		for i, want := range []string{"requested", result} {
			e := entries[i]
			if e.Result != want || e.Actor != "key/environment" || e.Reason != "ticket 42 – Zoë" || e.Subject == "" ||
				e.Request != entries[0].Request || (e.Failure != "") != (want == "failed") {
				t.Errorf("%s: %+v", o.id, e)
			}
		}
	}
	if walked < 14 {
		t.Errorf("only %d operations", walked)
	}
}

// TestAppsLeaveNoEntries: checkouts, the portal and reads are no actions of an operator.
func TestAppsLeaveNoEntries(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, o := range k.operations() {
		if o.scope == lockstep.APIOperate {
			continue
		}
		k.call(o.method, o.path, apiKey, o.body)
		if entries := k.audited(o.id); len(entries) > 0 {
			t.Errorf("%s: %+v", o.id, entries)
		}
	}
}

func TestEntriesSayWhatChanged(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada, bob := k.signUp("ada@example.com"), k.signUp("bob@example.com")
	record, err := k.store.Account(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	customer := record.CustomerID
	if a := k.call("DELETE", "/v1/links/"+customer, apiKey, "", "Lockstep-Reason: not hers"); a.status != 200 {
		t.Fatalf("unlink: %d %s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/links", apiKey, `{"object":"`+customer+`","account":"`+bob.String()+`"}`); a.status != 202 {
		t.Fatalf("link: %d %s", a.status, a.body)
	}
	secret := k.create("web", "check")
	if a := k.call("DELETE", "/v1/keys/web", apiKey, ""); a.status != 200 {
		t.Fatalf("revoke: %d %s", a.status, a.body)
	}
	subject := "customer/" + customer
	for action, want := range map[string]entry{
		"unlink": {Subject: subject, Account: ada.String(), Reason: "not hers",
			Before: json.RawMessage(`{"account":"` + ada.String() + `"}`), After: json.RawMessage(`{"account":""}`)},
		"link": {Subject: subject, Account: bob.String(), Before: json.RawMessage(`{"account":""}`),
			After: json.RawMessage(`{"account":"` + bob.String() + `"}`)},
		"create-key": {Subject: "key/web", After: json.RawMessage(`{"scopes":["check"]}`)},
		"revoke-key": {Subject: "key/web", Before: json.RawMessage(`{"scopes":["check"]}`),
			After: json.RawMessage(`{"revoked":true}`)},
	} {
		entries := k.audited(action)
		if len(entries) != 2 {
			t.Errorf("%s: %+v", action, entries)
			continue
		}
		want.Action, want.Actor, want.Result, want.Request = action, "key/environment", "done", entries[0].Request
		if diff := cmp.Diff(want, entries[1]); diff != "" {
			t.Errorf("%s: want -, got +\n%s", action, diff)
		}
	}
	log := k.call("GET", "/v1/audit?account="+ada.String(), apiKey, "").body
	if strings.Count(log, `"action":"unlink"`) != 1 || strings.Contains(log, `"link"`) {
		t.Errorf("of ada: %s", log)
	}
	if whole := k.call("GET", "/v1/audit", apiKey, "").body; strings.Contains(whole, "@example.com") ||
		strings.Contains(whole, secret) {
		t.Errorf("personal data or a secret: %s", whole)
	}
}

// TestDecisionsAboutDeletionsAreFoundByAccount: a decision about all held deletions has an entry for each account.
func TestDecisionsAboutDeletionsAreFoundByAccount(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Deletion.Brake = lockstep.Brake{Limit: 1, Share: 1} })
	var accounts []lockstep.Account
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		accounts = append(accounts, k.signUp(name+"@example.com"))
	}
	for _, account := range accounts {
		if err := k.sim.DeleteUser(account.ID); err != nil {
			t.Fatal(err)
		}
	}
	var held []lockstep.Deletion
	k.until("deletions are held", func() bool {
		var err error
		held, err = k.store.DeletionsIn(t.Context(), lockstep.DeletionHeld, 100)
		return err == nil && len(held) >= 2
	})
	one := held[0].Account.String()
	if a := k.call("POST", "/v1/deletions/discard", apiKey, `{"accounts":["`+one+`"]}`); a.status != 200 {
		t.Fatalf("discard: %d %s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/deletions/approve", apiKey, `{"accounts":["`+one+`"]}`); a.status != 200 {
		t.Fatalf("approve: %d %s", a.status, a.body)
	}
	if a := k.call("POST", "/v1/deletions/approve", apiKey, `{"all":true}`); a.status != 200 {
		t.Fatalf("approve all: %d %s", a.status, a.body)
	}
	changes := func(account string) (found []string) {
		for _, e := range as[struct{ Data []entry }](k, k.call("GET", "/v1/audit?account="+account, apiKey, "")).Data {
			if e.Result == "done" {
				found = append(found, e.Action+" "+string(e.Before)+" "+string(e.After))
			}
		}
		return found
	}
	want := []string{`approve-deletions {"deletion":"discarded"} {"deletion":"approved"}`,
		`discard-deletions {"deletion":"held"} {"deletion":"discarded"}`}
	if diff := cmp.Diff(want, changes(one)); diff != "" {
		t.Error(diff)
	}
	want = []string{`approve-deletions {"deletion":"held"} {"deletion":"approved"}`}
	if diff := cmp.Diff(want, changes(held[1].Account.String())); diff != "" {
		t.Error(diff)
	}
}

func TestReasonsAreChecked(t *testing.T) {
	t.Parallel()
	k := start(t)
	for reason, status := range map[string]int{"ticket 42": 409, strings.Repeat("x", 501): 422, "ada@example.com": 422,
		"\xff": 422} {
		a := k.call("DELETE", "/v1/keys/environment", apiKey, "", "Lockstep-Reason: "+reason)
		if a.status != status || status == 422 && !strings.Contains(a.body, "Lockstep-Reason: it") {
			t.Errorf("%q: %d %s", reason, a.status, a.body)
		}
	}
	if entries := k.audited("revoke-key"); len(entries) != 2 {
		t.Errorf("a refused reason leaves entries: %+v", entries)
	}
}

// TestTheLogIsPaged: all entries, once.
func TestTheLogIsPaged(t *testing.T) {
	t.Parallel()
	k := start(t)
	for range 5 {
		k.call("DELETE", "/v1/keys/none", apiKey, "")
	}
	seen := map[int64]bool{}
	for next := ""; ; {
		page := as[struct {
			Data []struct{ Number int64 }
			Next string
		}](k, k.call("GET", "/v1/audit?limit=3&before="+next, apiKey, ""))
		for _, e := range page.Data {
			seen[e.Number] = true
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d entries, want 10", len(seen))
	}
}
