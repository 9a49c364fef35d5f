package console

import (
	"net/http"
	"net/url"
)

// deletionActions decide a deletion that the brake on bulk deletions holds.
var deletionActions = []action{
	{name: "approve-deletion", button: "Approve the deletion", danger: true, given: []string{"account"}, says: sayApprove,
		call: func(form url.Values) call { return decide("approve", form.Get("account")) },
		done: func(form url.Values, _ map[string]any) string {
			return "The deletion of " + form.Get("account") + " is approved. Lockstep ends its billing and access."
		},
		back: toAccount},
	{name: "discard-deletion", button: "Discard the deletion", given: []string{"account"}, says: sayDiscard,
		call: func(form url.Values) call { return decide("discard", form.Get("account")) },
		done: func(form url.Values, _ map[string]any) string {
			return "The deletion of " + form.Get("account") + " is discarded. Its billing and access continue."
		},
		back: toAccount},
}

func decide(decision, account string) call {
	return call{method: http.MethodPost, path: "/v1/deletions/" + decision,
		body: map[string]any{"accounts": []string{account}}}
}

// sayApprove says what ends.
func sayApprove(v *visit, form url.Values) ([]string, error) {
	why, err := explained(v, form.Get("account"))
	if err != nil {
		return nil, err
	}
	says := []string{"The directory deleted " + form.Get("account") + ". Lockstep will end its billing at Stripe and its access. " +
		"A canceled subscription cannot be resumed."}
	for _, fact := range why.Chain {
		if fact.Kind == "subscription" && fact.Grants {
			says = append(says, "This subscription is canceled: "+fact.Text+".")
		}
	}
	return says, nil
}

func sayDiscard(_ *visit, form url.Values) ([]string, error) {
	return []string{"The directory deleted " + form.Get("account") + ", but its billing and access will continue: Stripe keeps " +
		"charging the customer. Do this if the deletion was a mistake. You can approve it later."}, nil
}
