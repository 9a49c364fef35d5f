package console

import (
	"net/http"
	"net/url"
)

// sendActions are the actions of a notice's page.
var sendActions = []action{
	{name: "send-notice", button: "Send again", title: "Send the e-mail again", given: []string{"notice", "to"},
		says: sendingSays,
		call: func(form url.Values) call {
			return call{method: http.MethodPost, path: noticeAPI(form.Get("notice")) + "/send?" +
				url.Values{"to": {form.Get("to")}}.Encode()}
		},
		done: func(url.Values, map[string]any) string {
			return "The e-mail is queued. This page shows when the mail server accepted it."
		},
		back: func(form url.Values) string { return path("notices", form.Get("notice")) }},
}

// sendingSays says who gets the e-mail, and whether it may arrive twice. It shows no address.
func sendingSays(v *visit, form url.Values) ([]string, error) {
	var n shownNotice
	if err := v.get(noticeAPI(form.Get("notice")), &n); err != nil {
		return nil, err
	}
	to, before := "the address of "+n.Account+" in the directory", n.Mail
	if form.Get("to") == "buyer" {
		to, before = "the address that the buyer typed at checkout", n.BuyerMail
	}
	sentences := []string{"Lockstep sends the e-mail “" + n.Words() + "” to " + to + ". It says what was true on " +
		clockOf(v.Request).stamp(n.CreatedAt).Text + ", not what is true now."}
	return append(sentences, twice(before)), nil
}

// twice says what another try means after the last one.
func twice(before *shownMail) string {
	if before == nil {
		return "It was never tried, so nobody got it yet."
	}
	switch before.State {
	case "sent":
		return "The mail server accepted it before, so they get it twice."
	case "unknown":
		return "The last try may have arrived: Lockstep does not know. If it did, they get it twice."
	case "undelivered":
		return "The last try did not arrive: " + before.Reason + "."
	case "skipped":
		return "Lockstep skipped it: " + before.Reason + ". If the cause still exists, it may skip it again."
	case "sending":
		return "It is being sent right now, so Lockstep refuses to send it again until that ends."
	}
	return "It was not sent yet. Lockstep tries at once, and for three days from now."
}
