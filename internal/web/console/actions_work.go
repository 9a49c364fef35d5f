package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// workActions are the actions of open work.
var workActions = []action{
	{name: "retry", button: "Retry now", given: []string{"key"},
		says: func(_ *visit, form url.Values) ([]string, error) {
			if n := len(form["key"]); n > 1 {
				return []string{"Lockstep runs " + plural(int64(n), "key", "keys") + " again now, with all attempts: " +
					strings.Join(form["key"], ", ") + "."}, nil
			}
			return []string{"Lockstep runs " + form.Get("key") + " again now, with all its attempts. If the cause is still there, it ends the same way."}, nil
		},
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/work/retry", body: map[string]any{"keys": form["key"]}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return plural(int64(len(form["key"])), "key runs", "keys run") + " again now."
		},
		back: toKeys},
	{name: "drop", button: "Drop", title: "Drop the work", danger: true, given: []string{"key"}, says: sayDrop,
		asked: []field{{name: "paid", label: "If someone paid", options: []string{"Refuse to drop it", "Drop it although someone paid"},
			hint: "Lockstep refuses to drop what a payment waits for, unless you say so."}},
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/work/drop", body: map[string]any{"key": form.Get("key"),
				"paid": strings.HasPrefix(form.Get("paid"), "Drop it")}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("key") + " is dropped. A new event or a retry brings it back."
		},
		back: func(url.Values) string { return path("work") }},
	{name: "link-object", button: "Link to an account", title: "Link a purchase to an account", given: []string{"object"},
		asked: []field{{name: "account", label: "Account (user/user_2x or organization/org_2x)",
			hint: "Everything that the customer has bought, and will buy, then counts for this account."}},
		says: func(_ *visit, form url.Values) ([]string, error) {
			return []string{"You decide that " + form.Get("object") + " belongs to an account. The link is proven from then on: Lockstep reads the purchases of " +
				form.Get("object") + " and gives the account their access."}, nil
		},
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/links",
				body: map[string]any{"object": form.Get("object"), "account": strings.TrimSpace(form.Get("account"))}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("object") + " is linked to " + form.Get("account") + ". Its purchases count within a few seconds."
		},
		back: func(url.Values) string { return path("work") }},
}

// toKeys leads back to the key of an action, or to the list if there are several.
func toKeys(form url.Values) string {
	if len(form["key"]) != 1 {
		return path("work")
	}
	return openWork{Key: form.Get("key")}.Href()
}

// sayDrop says what is settled.
func sayDrop(v *visit, form url.Values) ([]string, error) {
	var events struct {
		Data []storedEvent
		Next string
	}
	key := form.Get("key")
	if err := v.get("/v1/events?"+url.Values{"key": {key}, "limit": {"200"}}.Encode(), &events); err != nil {
		return nil, err
	}
	open, kinds := 0, map[string]int{}
	for _, e := range events.Data {
		if e.Status == "pending" || e.Status == "parked" || e.Status == "failed" {
			open++
			kinds[e.Type]++
		}
	}
	says := []string{"Lockstep stops waiting for " + key + ", and marks its open events as dropped. It changes nothing at Stripe or in the directory."}
	if open > 0 {
		text := "That settles " + plural(int64(open), "event", "events") + " ("
		if events.Next != "" {
			text = "That settles at least " + plural(int64(open), "event", "events") + " ("
		}
		return append(says, text+counts(kinds)+")."), nil
	}
	return says, nil
}

// counts writes how often each name occurs: "2 × invoice.paid, 1 × customer.created".
func counts(of map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, number(of[name])+" × "+name)
	}
	return strings.Join(parts, ", ")
}
