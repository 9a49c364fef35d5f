package simtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// readMemory is an application that reads access, which Lockstep answers from
// memory: it is what the database says, at every moment.
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

// compareMemory reads the memory between two reads of the database: if those two
// agree, it agrees with them. It reports whether there was anything to compare.
func (w *world) compareMemory(account string) bool {
	database := func() string {
		var a struct{ Access json.RawMessage }
		status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account, apiKey,
			nil, &a)
		if err != nil || status != http.StatusOK {
			return "" // failures are part of life
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
		w.t.Errorf("whether %s may export is %v, of %v", account, verdict.Allowed, access.Features)
	}
	return true
}

// checkMemory compares every account that is known, when nothing happens any more.
func (c *checker) checkMemory() {
	for account := range c.answers {
		if !c.compareMemory(account) {
			c.wrong("access of %s cannot be compared", account)
		}
	}
}
