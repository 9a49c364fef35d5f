package simtest

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// comparison is what the API answers about an account that was verified.
type comparison struct {
	Account     string
	State       string
	Differences []difference
	Failure     string
	Notes       []string
	Fix         []string
}

type difference struct{ Where, Field, Ours, Theirs, Expected, Cause, Detail string }

type verified struct {
	Data  []comparison
	Phase string
	Next  string
}

// verify compares accounts.
func (w *world) verify(accounts ...string) []comparison {
	var all []comparison
	for len(accounts) > 0 {
		var page verified
		w.operate("/v1/verify", map[string]any{"accounts": accounts}, &page, http.StatusOK)
		all, accounts = append(all, page.Data...), accounts[len(page.Data):]
	}
	return all
}

// verifyAll compares all accounts, page by page.
func (w *world) verifyAll(limit int) (all []comparison) {
	for cursor := ""; ; {
		var page verified
		w.operate("/v1/verify", map[string]any{"cursor": cursor, "limit": limit}, &page, http.StatusOK)
		all = append(all, page.Data...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// fixDrift syncs the keys that comparisons named, and waits until they are done.
func (w *world) fixDrift(all []comparison) {
	var keys []string
	for _, c := range all {
		keys = append(keys, c.Fix...)
	}
	for len(keys) > 0 {
		some := keys[:min(len(keys), 200)]
		w.operate("/v1/verify/fix", map[string]any{"keys": some}, nil, http.StatusAccepted)
		for open := 1; open > 0; {
			time.Sleep(time.Second)
			var work struct {
				Data []struct{ Key, Reason string }
			}
			w.operate("/v1/verify/open", map[string]any{"keys": some}, &work, http.StatusOK)
			open = len(work.Data)
		}
		keys = keys[len(some):]
	}
}

// operate calls the API as an operator.
func (w *world) operate(path string, in, out any, want int) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+path, apiKey, in, out)
	if err != nil || status != want {
		w.t.Fatalf("POST %s: %d %v", path, status, err)
	}
}

// checkVerify: verification finds nothing in a world in which all agrees, except what a provider refuses, and the
// names of prices, which are read with the subscriptions.
func (c *checker) checkVerify() {
	for _, v := range c.verifyAll(50) {
		v.Differences = slices.DeleteFunc(v.Differences, func(d difference) bool {
			refused := d.Cause == "failed_write" && len(c.answers[v.Account].Problems) > 0
			return refused || d.Cause == "price_changed"
		})
		if v.Failure != "" || len(v.Differences) > 0 {
			c.wrong("verify says %s of %s: %s %+v", v.State, v.Account, v.Failure, v.Differences)
		}
	}
}
