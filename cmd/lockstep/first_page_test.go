package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// signUp signs a user up at the sample app as a browser does, and returns the first page that they see.
func (d *devWorld) signUp(t *testing.T, email string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tab := &http.Client{Jar: jar, Timeout: patience}
	defer tab.CloseIdleConnections()
	read := func(response *http.Response, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", response.Request.URL, response.StatusCode, err)
		}
		return string(text)
	}
	home := read(tab.Get(d.app))
	link := regexp.MustCompile(`id="sign-up" href="([^"]+)"`).FindStringSubmatch(home)
	if link == nil {
		t.Fatalf("the page has no link to sign up: %s", home)
	}
	return read(tab.PostForm(strings.ReplaceAll(link[1], "&amp;", "&"),
		url.Values{"email": {email}, "first_name": {"Ada"}, "last_name": {"Lovelace"}}))
}

// TestTheFirstPageAfterSignUpShowsNoError: whether the event of the sign-up was processed, has not arrived,
// or Lockstep cannot ask Clerk.
func TestTheFirstPageAfterSignUpShowsNoError(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	shows := func(email, want string) {
		t.Helper()
		page := d.signUp(t, email)
		if strings.Contains(page, `role="alert"`) || !strings.Contains(page, `id="sign-out"`) ||
			!strings.Contains(page, want) {
			t.Errorf("the first page of %s lacks %q or shows an error: %s", email, want, page)
		}
	}
	for _, email := range []string{"ada@example.com", "bea@example.com", "cleo@example.com"} {
		shows(email, "Nothing yet.")
	}
	d.deliveries(t, `{"hold":true}`)
	shows("dora@example.com", "Nothing yet.")
	d.faults(t, "POST", `{"side":"clerk","method":"GET","path":"/v1/users/*","status":503}`)
	shows("eve@example.com", "Your account is being set up")
	d.faults(t, "DELETE", "")
	if err := d.stop(); err != nil {
		t.Error(err)
	}
}
