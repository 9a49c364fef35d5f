package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// A grant is for one user, or for a role in one organization. The administrators of another organization, which
// are customers, do not get in.
func TestClerkSessionsSignIn(t *testing.T) {
	t.Parallel()
	grants := []lockstep.ConsoleGrant{{}, {}}
	k := start(t, func(c *server.Config) { c.Console.Grants = grants })
	ada := k.signUp(simulator.SignUp{Email: "ada@example.com"})
	eve := k.signUp(simulator.SignUp{Email: "eve@example.com"})
	ours, err := k.sim.CreateOrganization("Us", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := k.sim.CreateOrganization("A customer", eve.ID)
	if err != nil {
		t.Fatal(err)
	}
	grants[0], err = lockstep.ParseConsoleGrant(ours.ID + "/admin=operator")
	if err != nil {
		t.Fatal(err)
	}
	grants[1] = lockstep.ConsoleGrant{UserID: ada.ID, Role: lockstep.ConsoleViewer}
	token := func(user lockstep.Account, organization string) string {
		token, err := k.sim.SessionToken(user.ID, organization)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for _, c := range []struct {
		name, token, origin string
		status              int
		role                string // in the menu; empty: not signed in
	}{
		{"an administrator of ours", token(ada, ours.ID), "https://app.test", 200, "operator"},
		{"the same without an active organization", token(ada, ""), "https://app.test", 200, "viewer"},
		{"an administrator of a customer", token(eve, theirs.ID), "https://app.test", 403, ""},
		{"a user", token(eve, ""), "https://app.test", 403, ""},
		{"from another site", token(ada, ours.ID), "https://evil.example", 403, ""},
		{"from nowhere", token(ada, ours.ID), "", 403, ""},
		{"no token", "", "https://app.test", 403, ""},
		{"a forged token", token(ada, ours.ID) + "x", "https://app.test", 403, ""},
	} {
		p := k.visitor()
		got := p.send(http.MethodPost, "/console/sign-in/clerk", form("session_token", c.token), "Origin", c.origin,
			"Sec-Fetch-Site", "cross-site")
		if got.status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, got.status, c.status, got.body)
		}
		// The cookie that a test's browser got is for HTTPS, so the test sends it itself.
		secret, _, _ := strings.Cut(strings.TrimPrefix(got.header.Get("Set-Cookie"), "__Host-lockstep-console="), ";")
		page := p.send(http.MethodGet, "/console", nil, "Cookie", "__Host-lockstep-console="+secret)
		if c.role == "" && !strings.Contains(page.url, "sign-in") ||
			c.role != "" && !strings.Contains(page.body, ada.ID+" · "+c.role) {
			t.Errorf("%s: the console is at %s: %s", c.name, page.url, page.body)
		}
	}
}

// The cookie of an app on the same host signs in, unless another site opened the page.
func TestAClerkCookieSignsIn(t *testing.T) {
	t.Parallel()
	grants := []lockstep.ConsoleGrant{{}}
	k := start(t, func(c *server.Config) { c.Console.Grants = grants })
	ada := k.signUp(simulator.SignUp{Email: "ada@example.com"})
	grants[0] = lockstep.ConsoleGrant{UserID: ada.ID, Role: lockstep.ConsoleViewer}
	token, err := k.sim.SessionToken(ada.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	p := k.visitor()
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for site, status := range map[string]int{"none": 303, "same-origin": 303, "cross-site": 200, "same-site": 200, "": 200} {
		got := p.send(http.MethodGet, "/console/sign-in", nil, "Cookie", "__session="+token, "Sec-Fetch-Site", site)
		if signedIn := strings.Contains(got.header.Get("Set-Cookie"), "lockstep-console="); got.status != status ||
			signedIn != (status == 303) {
			t.Errorf("from %q: %d, signed in: %t", site, got.status, signedIn)
		}
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{"org_2x/admin=operator": true, "org_2x/org:admin=viewer": true,
		"user_2x=viewer": true, "user_2x = operator": true, "admin=operator": false, "org:admin=operator": false,
		"org_2x=operator": false, "org_2x/=operator": false, "user_2x": false, "user_2x=owner": false, "": false,
		"user_2x/admin=viewer": false} {
		if _, err := lockstep.ParseConsoleGrant(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
	}
	grant := lockstep.ConsoleGrant{UserID: "user_2x", Role: lockstep.ConsoleOperator}
	if grant.Fits(lockstep.Session{UserID: "user_2x", Impersonated: true}) {
		t.Error("someone who impersonates the user gets the role")
	}
	if (lockstep.ConsoleGrant{Role: lockstep.ConsoleOperator}).Fits(lockstep.Session{UserID: "user_2x"}) {
		t.Error("an empty grant is for everyone")
	}
}
