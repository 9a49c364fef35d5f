package httpapi_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// TestRefusalsAreAsDocumented asks for every operation that the document names, as
// nobody, with a key that is wrong, and as a server that asks for nothing that is
// there. Whatever the answer is, it is as the document says.
func TestRefusalsAreAsDocumented(t *testing.T) {
	t.Parallel()
	k := start(t)
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	asked := 0
	for path, item := range k.document.Paths.Map() {
		for method, operation := range item.Operations() {
			body := ""
			if operation.RequestBody != nil {
				body = `{}`
			}
			for _, kind := range []string{"user", "nobody"} {
				// The first parameter is the kind where there are two.
				filled := path
				if len(parameter.FindAllString(path, -1)) > 1 {
					filled = replaceFirst(parameter, path, kind)
				}
				filled = parameter.ReplaceAllString(filled, "none")
				asked++
				if operation.Security != nil && len(*operation.Security) > 0 {
					for _, key := range []string{"", "wrong"} {
						if a := k.call(method, filled, key, body); a.status != http.StatusUnauthorized {
							k.Errorf("%s %s with the key %q: %d", method, path, key, a.status)
						}
					}
				}
				if a := k.call(method, filled, apiKey, body); a.status >= 500 {
					k.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
			}
		}
	}
	if asked < 10 {
		k.Errorf("only %d requests were made", asked)
	}

}

func replaceFirst(pattern *regexp.Regexp, text, with string) string {
	at := pattern.FindStringIndex(text)
	return text[:at[0]] + with + text[at[1]:]
}

// TestAnswersAreAsDocumented asks for what is there; a new operation gets its line.
func TestAnswersAreAsDocumented(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) {
		c.Webhooks = []server.Webhook{{ID: "app", URL: "https://127.0.0.1:1/", Secrets: []lockstep.Secret{"whsec_a2l0LXdlYmhvb2stc2VjcmV0LW9mLXRoZS1raXQ="}}}
	})
	ada := k.signUp("ada@example.com")
	k.buy(ada, "pro")
	adas := k.token(ada, "")
	own := "/v1/accounts/" + ada.String()
	for _, c := range []struct {
		method, path, key, body string
		status                  int
	}{
		{"GET", "/healthz", "", "", 200},
		{"GET", own, apiKey, "", 200},
		{"GET", own, adas, "", 200},
		{"GET", "/v1/accounts/user/user_nobody", apiKey, "", 404},
		{"GET", own + "/access", apiKey, "", 200},
		{"GET", own + "/access", adas, "", 200},
		{"GET", "/v1/accounts/user/user_nobody/access", adas, "", 403},
		{"GET", "/v1/accounts/user/user_nobody/access", apiKey, "", 404},
		{"POST", "/v1/check", apiKey, `{"account":"` + ada.String() + `","feature":"export"}`, 200},
		{"POST", "/v1/check", apiKey, `{"account":"user/user_nobody","feature":"export"}`, 200},
		{"POST", "/v1/check", adas, `{"account":"` + ada.String() + `","feature":"export"}`, 403},
		{"POST", own + "/sync", apiKey, "", 202},
		{"POST", own + "/forget", apiKey, "", 409},
		{"POST", "/v1/accounts/user/user_nobody/forget", apiKey, "", 404},
		{"POST", own + "/forget", adas, "", 403},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() + `","lookup_key":"life","success_url":"https://app.test/"}`, 200},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() + `","lookup_key":"none","success_url":"https://app.test/"}`, 403},
		{"POST", "/v1/checkout", apiKey, `{"account":"` + ada.String() + `","lookup_key":"pro","success_url":"https://app.test/"}`, 409},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/","flow":"cancel"}`, 200},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/","flow":"cancel","subscription_id":"sub_none"}`, 404},
		{"POST", "/v1/portal", adas, `{"return_url":"https://app.test/"}`, 200},
		{"GET", "/v1/events?body=true", apiKey, "", 200},
		{"GET", "/v1/events?status=none", apiKey, "", 422},
		{"GET", "/v1/work", apiKey, "", 200},
		{"POST", "/v1/links", apiKey, `{"object":"cs_test_never","account":"` + ada.String() + `"}`, 202},
		{"POST", "/v1/links", apiKey, `{"object":"cus_never","account":"` + ada.String() + `"}`, 409},
		{"POST", "/v1/links", apiKey, `{"object":"sub_1","account":"` + ada.String() + `"}`, 422},
		{"POST", "/v1/links", adas, `{"object":"cs_test_never","account":"` + ada.String() + `"}`, 403},
		{"GET", "/v1/deletions", apiKey, "", 200},
		{"GET", "/v1/deletions?state=begun", apiKey, "", 200},
		{"GET", "/v1/deletions?state=none", apiKey, "", 422},
		{"POST", "/v1/deletions/approve", apiKey, `{"all":true}`, 200},
		{"POST", "/v1/deletions/approve", apiKey, `{}`, 422},
		{"POST", "/v1/deletions/discard", apiKey, `{"accounts":["` + ada.String() + `"]}`, 404},
		{"POST", "/v1/deletions/discard", apiKey, `{"accounts":["nobody"]}`, 422},
		{"POST", "/v1/deletions/approve", adas, `{"all":true}`, 403},
		{"GET", "/v1/webhooks", apiKey, "", 200},
		{"GET", "/v1/webhooks", adas, "", 403},
		{"GET", "/v1/webhooks/app/deliveries", apiKey, "", 200},
		{"GET", "/v1/webhooks/none/deliveries", apiKey, "", 404},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"` + ada.String() + `"}`, 202},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"user/user_nobody"}`, 404},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"account":"nobody"}`, 422},
		{"POST", "/v1/webhooks/app/redeliver", apiKey, `{"notice":"none"}`, 404},
		{"POST", "/v1/webhooks/app/enable", apiKey, "", 200},
	} {
		if a := k.call(c.method, c.path, c.key, c.body); a.status != c.status {
			k.Errorf("%s %s: %d, want %d: %s", c.method, c.path, a.status, c.status, a.body)
		}
	}
}
