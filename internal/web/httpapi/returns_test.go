package httpapi_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
	"github.com/lockstep-dev/lockstep/server"
)

// foreign are URLs that lead elsewhere than to https://app.test, or may in some
// browser.
var foreign = []string{
	"https://evil.example/", "https://app.test.evil.example/", "https://app.testevil.example",
	"https://evil.example/?https://app.test/",
	"https://evil.example#https://app.test", "http://app.test/", "https://app.test:444/", "//evil.example/",
	"///evil.example", "/done",
	"https:evil.example", "https:/evil.example", `https://app.test\@evil.example/`, `https:\\evil.example`,
	"https://app.test@evil.example/",
	"https://user@app.test/", "https://app.test:x@evil.example/", "javascript:alert(1)//https://app.test",
	"data:text/html,x",
	"https://evil.example\t.app.test/", "\thttps://app.test/", "https://app.test/\n", "https://[::1/", "https://",
	"http://127.0.0.1.evil.example/",
	// the last with a Cyrillic letter
	`https://app.test/\evil.example`, "https://app.test./", "ftp://app.test/", "https://аpp.test/",
}

func TestForeignRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	quote := strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)
	for _, key := range []string{apiKey, k.token(ada, "")} {
		for _, url := range foreign {
			url = quote.Replace(url)
			for _, body := range []string{`"success_url":"` + url + `"`, `"success_url":"https://app.test/","cancel_url":"` +
				url + `"`} {
				a := k.call("POST", "/v1/checkout", key, `{"account":"`+ada.String()+`","lookup_key":"pro",`+body+`}`)
				named := "success_url"
				if strings.Contains(body, "cancel_url") {
					named = "cancel_url"
				}
				if a.status != 422 || !strings.Contains(a.body, named) {
					t.Errorf("%s: %d %s", body, a.status, a.body)
				}
			}
			if a := k.call("POST", "/v1/portal", key, `{"account":"`+ada.String()+`","return_url":"`+url+`"}`); a.status != 422 {
				t.Errorf("portal, %s: %d %s", url, a.status, a.body)
			}
		}
	}
	if begun := k.sim.CheckoutSessions(); len(begun) > 0 {
		t.Errorf("%d sessions were started", len(begun))
	}
	for _, url := range []string{"https://app.test", "https://APP.test:443/x?y=1#z",
		"https://app.test/?s={CHECKOUT_SESSION_ID}", "https://app.test/a//evil.example"} {
		if a := k.call("POST", "/v1/checkout", apiKey, `{"account":"`+ada.String()+`","lookup_key":"pro","success_url":"`+url+`"}`); a.status != 200 {
			t.Errorf("%s: %d %s", url, a.status, a.body)
		}
	}
}

// TestWithoutReturnOriginsOnlyServersSayWhere: and their URLs must be absolute https URLs.
func TestWithoutReturnOriginsOnlyServersSayWhere(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.HTTP.ReturnOrigins = nil })
	ada := k.signUp("ada@example.com")
	for _, c := range []struct {
		key, url string
		status   int
	}{
		{apiKey, "https://anywhere.example/", 200}, {apiKey, "http://127.0.0.1:3000/", 200}, {apiKey, "http://localhost/",
			200},
		{apiKey, "http://anywhere.example/", 422}, {apiKey, "javascript:alert(1)", 422}, {apiKey, `https://a\\b/`, 422},
		{k.token(ada, ""), "https://app.test/", 422},
	} {
		if a := k.call("POST", "/v1/checkout", c.key, `{"account":"`+ada.String()+`","lookup_key":"pro","success_url":"`+c.url+`"}`); a.status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.url, a.status, c.status, a.body)
		}
	}
}

func TestOriginsAreCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://app.example", "https://app.example:8443", "http://localhost:3000",
		"http://127.0.0.1:3000", "http://[::1]:3000"} {
		if err := httpapi.CheckOrigin(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "app.example", "https://app.example/", "https://app.example/x",
		"https://APP.example", "https://app.example:443", "http://app.example", "https://u@app.example", "*", "https://*"} {
		if err := httpapi.CheckOrigin(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
