package console

import (
	"net/http"
	"net/url"
	"strings"
)

// bulkDeletionActions decide several deletions, or all that are held.
var bulkDeletionActions = []action{
	{name: "approve-deletions", button: "Approve", title: "Approve deletions", danger: true, given: []string{"account"},
		says: func(_ *visit, form url.Values) ([]string, error) {
			return []string{"The directory deleted " + decidedAccounts(form) + ". Lockstep ends their billing at Stripe and their access, as the deletion policy says. " +
				"A canceled subscription cannot be resumed."}, nil
		},
		call: func(form url.Values) call { return decideAll("approve", form) },
		done: func(_ url.Values, answer map[string]any) string {
			return decided(answer, "approved. Lockstep ends their billing and access.")
		},
		back: func(url.Values) string { return path("deletions") }},
	{name: "discard-deletions", button: "Discard", title: "Discard deletions", given: []string{"account"},
		says: func(_ *visit, form url.Values) ([]string, error) {
			return []string{"The directory deleted " + decidedAccounts(form) + ", but their billing and access continue: Stripe keeps charging them. " +
				"Do this if the deletions were a mistake. You can approve them later."}, nil
		},
		call: func(form url.Values) call { return decideAll("discard", form) },
		done: func(_ url.Values, answer map[string]any) string {
			return decided(answer, "discarded. Their billing and access continue.")
		},
		back: func(url.Values) string { return path("deletions") }},
}

// everyHeld stands for all deletions that the brake holds.
const everyHeld = "all"

// decidedAccounts names the accounts of a decision.
func decidedAccounts(form url.Values) string {
	if form.Get("account") == everyHeld {
		return "every account whose deletion the brake holds now"
	}
	return plural(int64(len(form["account"])), "account", "accounts") + ": " + strings.Join(form["account"], ", ")
}

func decideAll(decision string, form url.Values) call {
	body := map[string]any{"accounts": form["account"]}
	if form.Get("account") == everyHeld {
		body = map[string]any{"all": true}
	}
	return call{method: http.MethodPost, path: "/v1/deletions/" + decision, body: body}
}

// decided says how many deletions were decided.
func decided(answer map[string]any, how string) string {
	accounts, _ := answer["accounts"].([]any)
	return plural(int64(len(accounts)), "deletion is ", "deletions are ") + how
}
