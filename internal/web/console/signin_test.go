package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/console"
	"github.com/lockstep-dev/lockstep/server"
)

// filled fills in the variables of a path.
func filled(pattern string) string {
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllStringFunc(pattern, func(name string) string {
		switch name {
		case "{kind}":
			return "user"
		case "{chart}":
			return "lag"
		case "{source}":
			return "stripe"
		}
		return "x_1"
	})
}

func TestALinkSignsInOnce(t *testing.T) {
	t.Parallel()
	k := start(t)
	link := k.link(lockstep.ConsoleOperator)

	anna := k.visitor()
	for range 3 { // what shows a preview of the link does not use it up
		if got := anna.open(link); got.status != http.StatusOK || !strings.Contains(got.body, "<button") {
			t.Fatalf("the link's page: %d %s", got.status, got.body)
		}
	}
	got := anna.post("/console/sign-in", "link", linkSecret(link), "next", "/console/doctor")
	if got.status != http.StatusOK || !strings.HasSuffix(got.url, "/console/doctor") {
		t.Fatalf("signed in: %d at %s", got.status, got.url)
	}
	if got := anna.open("/console/audit"); !strings.Contains(got.body, "sign-in") || !strings.Contains(got.body, "console/anna") {
		t.Errorf("the audit log does not have the sign-in: %s", got.body)
	}
	mallory := k.visitor()
	if got := mallory.post("/console/sign-in", "link", linkSecret(link)); got.status != http.StatusForbidden ||
		!strings.Contains(got.body, "used before") {
		t.Errorf("the link was used again: %d %s", got.status, got.body)
	}
	if got := mallory.open("/console/audit"); !strings.Contains(got.url, "/console/sign-in") {
		t.Errorf("no session: it went to %s", got.url)
	}
	// The hash of a session is no secret of one, and a link is no session.
	secret := linkSecret(k.link(lockstep.ConsoleOperator))
	if got := mallory.send(http.MethodGet, "/console/audit", nil, "Cookie", "lockstep-console="+secret); !strings.Contains(got.url,
		"sign-in") {
		t.Errorf("a link is a session: %d at %s", got.status, got.url)
	}
}

// A session is no link: whoever learns one cannot make another of it, or end it by trying.
func TestASessionIsNoLink(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleViewer)
	_, secret, _ := strings.Cut(sessionCookie(t, anna), "=")
	if got := k.visitor().post("/console/sign-in", "link", secret); got.status != http.StatusForbidden {
		t.Errorf("a session signs in: %d", got.status)
	}
	if got := anna.open("/console/audit"); strings.Contains(got.url, "sign-in") {
		t.Error("the session has ended")
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleViewer)
	cookie := sessionCookie(t, anna)
	if got := anna.post("/console/sign-out", "token", "wrong"); got.status != http.StatusForbidden {
		t.Errorf("without the token: %d", got.status)
	}
	if got := anna.post("/console/sign-out", "token", anna.token()); !strings.HasSuffix(got.url, "/console/sign-in") {
		t.Errorf("signed out: at %s", got.url)
	}
	thief := k.visitor()
	if got := thief.send(http.MethodGet, "/console/audit", nil, "Cookie", cookie); !strings.Contains(got.url, "sign-in") {
		t.Errorf("the cookie still works: %d at %s", got.status, got.url)
	}
}

func sessionCookie(t *testing.T, p *person) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/console", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(request.URL) {
		if c.Name == "lockstep-console" {
			return c.String()
		}
	}
	t.Fatal("there is no session")
	return ""
}

// The cookie's name and attributes depend on how the browser speaks with us, which only its Origin tells.
func TestCookies(t *testing.T) {
	t.Parallel()
	k := start(t)
	p := k.visitor()
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for origin, want := range map[string][]string{
		k.url:                         {"lockstep-console=", "HttpOnly", "SameSite=Strict", "Path=/"},
		"https://billing.example.com": {"__Host-lockstep-console=", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"},
		"http://billing.example.com":  {"__Host-lockstep-console=", "Secure"},
		"":                            {"__Host-lockstep-console=", "Secure"},
	} {
		got := p.send(http.MethodPost, "/console/sign-in", form("link", linkSecret(k.link(lockstep.ConsoleViewer))), "Origin",
			origin, "Sec-Fetch-Site", "same-origin")
		cookie := got.header.Get("Set-Cookie")
		for _, part := range want {
			if !strings.Contains(cookie, part) {
				t.Errorf("origin %q: cookie %q lacks %q (status %d)", origin, cookie, part, got.status)
			}
		}
		if strings.Contains(cookie, "Domain") || !strings.HasPrefix(cookie, want[0]) {
			t.Errorf("origin %q: cookie %q", origin, cookie)
		}
	}
}

// No page and no action works without a session.
func TestEverythingNeedsASession(t *testing.T) {
	t.Parallel()
	k := start(t)
	p := k.visitor()
	for _, path := range append(console.PagePaths(filled), "/console", "/console/nothing") {
		if got := p.open(path); !strings.Contains(got.url, "/console/sign-in?next=") {
			t.Errorf("%s: %d at %s", path, got.status, got.url)
		}
	}
	for name := range console.ActionNames() {
		if got := p.open("/console/actions/" + name); !strings.Contains(got.url, "/console/sign-in") {
			t.Errorf("%s: %d at %s", name, got.status, got.url)
		}
		if got := p.post("/console/actions/"+name, "reason", "r", "token", ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := p.open("/console/live"); got.status != http.StatusNoContent {
		t.Errorf("the stream: %d", got.status)
	}
}

// A viewer can do nothing, an operator nothing without the token, and nobody anything from another site.
func TestActionsNeedAnOperatorAndTheToken(t *testing.T) {
	t.Parallel()
	k := start(t)
	viewer, operator := k.signIn(lockstep.ConsoleViewer), k.signIn(lockstep.ConsoleOperator)
	before := audited(t, k)
	for name, given := range console.ActionNames() {
		pairs := []string{"reason", "a test"}
		for _, parameter := range given {
			pairs = append(pairs, parameter, "user/user_1")
		}
		if got := viewer.open("/console/actions/" + name + "?" + form(pairs...).Encode()); got.status != http.StatusForbidden {
			t.Errorf("%s: a viewer is asked: %d", name, got.status)
		}
		if got := viewer.post("/console/actions/"+name, append(pairs, "token", viewer.token())...); got.status !=
			http.StatusForbidden {
			t.Errorf("%s: a viewer acts: %d", name, got.status)
		}
		for _, token := range []string{"", "0", viewer.token()} {
			if got := operator.post("/console/actions/"+name, append(pairs, "token", token)...); got.status != http.StatusForbidden {
				t.Errorf("%s: with the token %q: %d", name, token, got.status)
			}
		}
		got := operator.send(http.MethodPost, "/console/actions/"+name, form(append(pairs, "token", operator.token())...),
			"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
		if got.status != http.StatusForbidden {
			t.Errorf("%s: from another site: %d", name, got.status)
		}
	}
	if after := audited(t, k); after != before {
		t.Errorf("%d entries in the audit log, want %d: something was done", after, before)
	}
}

func audited(t *testing.T, k *kit) int64 {
	t.Helper()
	pulse, err := k.store.Pulse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pulse.Audited
}

// Every answer keeps pages out of caches, frames and other sites.
func TestHeaders(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleOperator)
	for _, path := range append(console.PagePaths(filled), "/console/sign-in", "/console/nothing", "/console/actions/none") {
		got := anna.open(path)
		for name, part := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"} {
			if !strings.Contains(got.header.Get(name), part) {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if policy := got.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if strings.Contains(got.body, "style=") || regexp.MustCompile(`<script>|<style>| on[a-z]+="`).MatchString(got.body) {
			t.Errorf("%s: the page has inline styles or scripts: %s", path, got.body)
		}
	}
	style := regexp.MustCompile(`/console/assets/[0-9a-f]+\.css`).FindString(anna.open("/console/audit").body)
	if got := anna.open(style); got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"),
		"immutable") {
		t.Errorf("%s: %d %v", style, got.status, got.header)
	}
}

// A link leads nowhere but into the console.
func TestNextStaysInTheConsole(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, next := range []string{"https://evil.example/", "//evil.example/console", `/\evil.example`, "/consoleevil", "/v1/keys",
		"javascript:alert(1)", `/console\..\x`} {
		got := k.visitor().post("/console/sign-in", "link", linkSecret(k.link(lockstep.ConsoleViewer)), "next", next)
		if !strings.HasSuffix(got.url, "/console") {
			t.Errorf("next %q leads to %s", next, got.url)
		}
	}
}

func TestTheConsoleCanBeOff(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Console.Off = true })
	p := k.visitor()
	if got := p.open("/console"); got.status != http.StatusNotFound {
		t.Errorf("/console: %d", got.status)
	}
	if got := p.send(http.MethodGet, "/", nil, "Accept", "text/html"); got.status != http.StatusOK ||
		strings.Contains(got.body, "console") {
		t.Errorf("/: %d %s", got.status, got.body)
	}
	if _, err := k.server.ConsoleLink(t.Context(), "anna", lockstep.ConsoleViewer); err == nil {
		t.Error("there is a link")
	}
}
