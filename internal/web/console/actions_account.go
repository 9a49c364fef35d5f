package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

// accountAPI is the path of an account in the API.
func accountAPI(account string) string {
	kind, id, _ := strings.Cut(account, "/")
	return "/v1/accounts/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

// toAccount leads back to the account of an action.
func toAccount(form url.Values) string { return accountPath(form.Get("account")) }

// accountActions are the actions of an account's page that look at it again, or forget it.
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
		back: toAccount},
	{name: "retry-account", button: "Retry now", given: []string{"account"}, says: sayRetry,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/work/retry", body: map[string]any{"keys": []string{form.Get("account")}}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("account") + " runs again now. The timeline shows how it ends."
		},
		back: toAccount},
	{name: "forget", button: "Forget", title: "Forget the account", danger: true, given: []string{"account"}, says: sayForget,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: accountAPI(form.Get("account")) + "/forget"}
		},
		done: func(form url.Values, answer map[string]any) string {
			text := form.Get("account") + " is forgotten."
			if n, is := answer["events"].(float64); is {
				text += " " + plural(int64(n), "stored event was", "stored events were") + " blanked."
			}
			return text
		},
		back: toAccount},
}

// about reads the account that an action names.
func about(v *visit, form url.Values) (data accountAbout, err error) {
	err = v.get(accountAPI(form.Get("account")), &data)
	return data, err
}

// sayRetry says what is open now.
func sayRetry(v *visit, form url.Values) ([]string, error) {
	var open struct {
		Data []struct {
			Status, Reason string
			Attempts       int
		}
	}
	if err := v.get("/v1/work?"+url.Values{"account": {form.Get("account")}}.Encode(), &open); err != nil {
		return nil, err
	}
	says := []string{"Lockstep runs " + form.Get("account") + " again now, with all its attempts. It reads Stripe and the " +
		"directory, and settles the open events if it succeeds."}
	for _, work := range open.Data {
		text := "Now it is " + work.Status + " after " + plural(int64(work.Attempts), "attempt", "attempts")
		if work.Reason != "" {
			text += ": " + strings.TrimRight(work.Reason, ".")
		}
		says = append(says, text+".")
	}
	return says, nil
}

// sayForget says what is erased.
func sayForget(v *visit, form url.Values) ([]string, error) {
	data, err := about(v, form)
	if err != nil {
		return nil, err
	}
	return []string{"Lockstep erases what it stores about " + form.Get("account") +
		": the address, the name, the bodies of its events, its runs and the customers that it had (" +
		plural(int64(len(data.Customers)), "customer", "customers") + "). This cannot be undone.",
		"Nothing changes at Stripe or in the directory. The audit log keeps the id and your reason."}, nil
}

// gives reads what an account gives access to, as the sentence of its explanation.
func gives(v *visit, of string) (string, error) {
	var why explain.Explanation
	q := url.Values{"of": {of}, "offset": {clockOf(v.Request).Offset()}}
	err := v.get("/v1/explanation?"+q.Encode(), &why)
	return why.Summary, err
}
