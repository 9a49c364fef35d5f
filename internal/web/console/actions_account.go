package console

import (
	"net/http"
	"net/url"
	"strings"
)

// accountAPI is the path of an account in the API.
func accountAPI(account string) string {
	kind, id, _ := strings.Cut(account, "/")
	return "/v1/accounts/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

// accountActions are the actions of an account's page.
var accountActions = []action{
	{name: "sync", button: "Sync now", given: []string{"account"},
		says: func(_ *visit, form url.Values) ([]string, error) {
			return []string{"Lockstep reads " + form.Get("account") + " at Stripe and in the directory, and writes what differs: " +
				"the database first, then the metadata, then notices. Access can change if Stripe says something else than the database."}, nil
		},
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: accountAPI(form.Get("account")) + "/sync"}
		},
		done: func(form url.Values, _ map[string]any) string {
			return "The sync of " + form.Get("account") + " is queued. It usually takes a few seconds."
		},
		back: func(form url.Values) string { return accountPath(form.Get("account")) }},
}
