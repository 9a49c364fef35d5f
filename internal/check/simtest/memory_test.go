package simtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// readMemory reads access as an app does. Lockstep answers from memory, and the answer must always match the
// database.
func (w *world) readMemory() {
	accounts := slices.Clone(w.gone)
	for _, u := range w.sim.Users() {
		accounts = append(accounts, "user/"+u.ID)
	}
	for _, o := range w.sim.Organizations() {
		accounts = append(accounts, "organization/"+o.ID)
	}
	for range 5 {
		if account, some := pick(w, accounts); some {
			w.compareMemory(account)
		}
	}
}

// compareMemory reads from memory between two reads of the database. If those two agree, the memory must agree, too.
// It reports whether it could compare.
func (w *world) compareMemory(account string) bool {
	database := func() string {
		var a struct{ Access json.RawMessage }
		status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account, apiKey,
			nil, &a)
		if err != nil || status != http.StatusOK {
			return "" // the call may fail in these worlds
		}
		return string(a.Access)
	}
	before := database()
	var memory json.RawMessage
	status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account+"/access",
		apiKey, nil, &memory)
	if err != nil || status != http.StatusOK || before == "" || database() != before {
		return false
	}
	if got := string(memory); got != before {
		w.t.Errorf("access of %s: from memory %s, from the database %s", account, got, before)
	}
	var verdict struct{ Allowed bool }
	var access struct{ Features []string }
	if err := json.Unmarshal(memory, &access); err != nil {
		w.t.Errorf("access of %s: %v", account, err)
	}
	status, err = w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/check", apiKey,
		map[string]string{"account": account, "feature": "export"}, &verdict)
	if err == nil && status == http.StatusOK && database() == before &&
		verdict.Allowed != slices.Contains(access.Features, "export") {
		w.t.Errorf("%s may export: %v, with features %v", account, verdict.Allowed, access.Features)
	}
	return true
}

// checkMemory compares every known account once nothing happens anymore.
func (c *checker) checkMemory() {
	for account := range c.answers {
		if !c.compareMemory(account) {
			c.wrong("access of %s cannot be compared", account)
		}
	}
}
