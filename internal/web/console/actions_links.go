package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

// linkActions decide which account a customer, a payment or a former account belongs to.
var linkActions = []action{
	{name: "link", button: "Link a purchase", title: "Link a customer or a payment", given: []string{"account"}, says: sayLink,
		asked: []field{{name: "object", label: "Customer (cus_…) or checkout session of a guest's payment (cs_…)",
			hint: "Stripe shows the customer beside each payment."}},
		call: func(form url.Values) call { return linkCall(form.Get("object"), form.Get("account")) },
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("object") + " will belong to " + form.Get("account") + ". It usually takes a few seconds."
		},
		back: toAccount},
	{name: "unlink", button: "Unlink", title: "Unlink the customer", danger: true, given: []string{"account", "customer"},
		says: sayUnlink,
		call: func(form url.Values) call {
			return call{method: http.MethodDelete, path: "/v1/links/" + url.PathEscape(form.Get("customer"))}
		},
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("customer") + " no longer belongs to " + form.Get("account") + "."
		},
		back: toAccount},
	{name: "merge", button: "Make primary", title: "Make it the primary customer", given: []string{"account", "customer"},
		says: sayMerge,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: accountAPI(form.Get("account")) + "/primary-customer",
				body: map[string]any{"customer": form.Get("customer")}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("customer") + " is now the primary customer of " + form.Get("account") + "."
		},
		back: toAccount},
	{name: "succeed", button: "Carry it over", title: "Carry the former account over", danger: true,
		given: []string{"account", "former"}, says: saySucceed,
		call: func(form url.Values) call { return linkCall(form.Get("former"), form.Get("account")) },
		done: func(form url.Values, _ map[string]any) string {
			return form.Get("former") + " is being carried over to " + form.Get("account") + "."
		},
		back: toAccount},
}

func linkCall(object, account string) call {
	return call{method: http.MethodPost, path: "/v1/links", body: map[string]any{"object": object, "account": account}}
}

// sayLink says what a link does, and where the object stands now if the button names it.
func sayLink(v *visit, form url.Values) ([]string, error) {
	object := form.Get("object")
	if object == "" {
		return []string{"The customer or payment will belong to " + form.Get("account") +
			", and what it paid for will give it access. Nothing changes at Stripe but the customer's metadata, which names its account."}, nil
	}
	says := []string{object + " will belong to " + form.Get("account") + ", and what it paid for will give it access."}
	stands, err := gives(v, object)
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		return append(says, "Lockstep knows nothing of "+object+" yet: "+refused.Error()+"."), nil
	case err != nil:
		return nil, err
	}
	return append(says, "Now: "+stands), nil
}

// sayUnlink says what access is lost.
func sayUnlink(v *visit, form url.Values) ([]string, error) {
	id := form.Get("customer")
	why, err := explained(v, form.Get("account"))
	if err != nil {
		return nil, err
	}
	says := []string{id + " will belong to no account, and its subscriptions will give no access until it is linked again. " +
		"Licenses stay with their account. Nothing changes at Stripe."}
	for _, fact := range why.Chain { // the explanation names the customer of each subscription
		if fact.Kind == "subscription" && fact.Grants && strings.Contains(fact.Text, ", of "+id) {
			says = append(says, "This subscription of it gives access now: "+fact.Text+".")
		}
	}
	if len(says) == 1 {
		says = append(says, "No subscription of it gives access now.")
	}
	return says, nil
}

// sayMerge says which customer is the primary one now.
func sayMerge(v *visit, form url.Values) ([]string, error) {
	data, err := about(v, form)
	if err != nil {
		return nil, err
	}
	now := "No customer is the primary one now."
	if at := slices.IndexFunc(data.Customers, func(c customer) bool { return c.Primary }); at >= 0 {
		now = "Now it is " + data.Customers[at].ID + ", which stays linked and still gives access."
	}
	return []string{form.Get("customer") + " will be the primary customer of " + form.Get("account") +
		", for checkouts, the portal and metadata. " + now, "Nothing changes at Stripe."}, nil
}

// saySucceed says what a former account has.
func saySucceed(v *visit, form url.Values) ([]string, error) {
	former, to := form.Get("former"), form.Get("account")
	has, err := gives(v, former)
	if err != nil {
		return nil, err
	}
	return []string{"Everything of " + former + " moves to " + to +
		": customers, subscriptions, licenses and history. The old account is removed, and its id leads to the new one. " +
		"Do this only if both are the same person.", "The former account now: " + has}, nil
}

// explained reads why an account has its access.
func explained(v *visit, account string) (why explain.Explanation, err error) {
	q := url.Values{"offset": {clockOf(v.Request).Offset()}}
	err = v.get(accountAPI(account)+"/explanation?"+q.Encode(), &why)
	return why, err
}
