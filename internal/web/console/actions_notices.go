package console

import (
	"net/http"
	"net/url"
)

// noticeActions send again what Lockstep told the app or a person.
var noticeActions = []action{
	{name: "resend-access", button: "Resend webhook", title: "Resend the access to an endpoint",
		given: []string{"account", "endpoint"},
		says: func(v *visit, form url.Values) ([]string, error) {
			stands, err := gives(v, form.Get("account"))
			if err != nil {
				return nil, err
			}
			return []string{"Lockstep sends the access of " + form.Get("account") + ", as it is then, to the endpoint " +
				form.Get("endpoint") + " again, under the same id. Your app must ignore what it has seen.", "Now: " + stands}, nil
		},
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/webhooks/" + url.PathEscape(form.Get("endpoint")) + "/redeliver",
				body: map[string]any{"account": form.Get("account")}}
		},
		done: func(form url.Values, _ map[string]any) string {
			return "The access of " + form.Get("account") + " is being sent to " + form.Get("endpoint") + "."
		},
		back: toAccount},
	{name: "resend-email", button: "Resend e-mail", title: "Send the e-mail again", given: []string{"account", "notice"},
		says: sayResend,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: "/v1/notices/" + url.PathEscape(form.Get("notice")) + "/send"}
		},
		done: func(form url.Values, _ map[string]any) string {
			return "The e-mail of " + form.Get("notice") + " is being sent to the address of the account."
		},
		back: toAccount},
}

// sayResend says what became of the e-mail.
func sayResend(v *visit, form url.Values) ([]string, error) {
	var sent struct {
		Kind, Object string
		Mail         *struct {
			State, Reason string
			Attempts      int
		}
	}
	if err := v.get("/v1/notices/"+url.PathEscape(form.Get("notice")), &sent); err != nil {
		return nil, err
	}
	says := []string{"Lockstep sends the e-mail " + sent.Kind + " about " + sent.Object +
		" to the address of " + form.Get("account") + ". The person may get it twice."}
	switch {
	case sent.Mail == nil:
		says = append(says, "It was not sent before.")
	case sent.Mail.Reason != "":
		says = append(says, "The last time: "+sent.Mail.State+", because "+sent.Mail.Reason+".")
	default:
		says = append(says, "The last time: "+sent.Mail.State+".")
	}
	return says, nil
}
