package clerksim_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// visitor is a browser with its own cookies.
type visitor struct {
	b      *bench
	client *http.Client
	status int
	at     string // where the last answer redirects to, or ""
}

// browser returns a browser that is not signed in.
func (b *bench) browser() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.T.Fatal(err)
	}
	client := *b.HTTP
	client.Jar = jar
	return &visitor{b: b, client: &client}
}

func (v *visitor) send(request *http.Request) *simharness.Node {
	v.b.T.Helper()
	whole := *v.b
	whole.HTTP = v.client
	status, at, text := whole.Page(request)
	v.status, v.at = status, at
	return simharness.Parsed(v.b.T, text)
}

// open reads a page and follows redirects within the site.
func (v *visitor) open(path string) *simharness.Node {
	v.b.T.Helper()
	for {
		request, err := http.NewRequestWithContext(v.b.T.Context(), http.MethodGet,
			simharness.ClerkHost+strings.TrimPrefix(path, simharness.ClerkHost), http.NoBody)
		if err != nil {
			v.b.T.Fatal(err)
		}
		page := v.send(request)
		if !strings.HasPrefix(v.at, "/") {
			return page
		}
		path = v.at
	}
}

// post sends a form, given as names and values.
func (v *visitor) post(path string, form ...string) *visitor {
	v.b.T.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	request, err := http.NewRequestWithContext(v.b.T.Context(), http.MethodPost,
		simharness.ClerkHost+strings.TrimPrefix(path, simharness.ClerkHost), strings.NewReader(values.Encode()))
	if err != nil {
		v.b.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	v.send(request)
	return v
}

// went fails the test unless the last form succeeded.
func (v *visitor) went() {
	v.b.T.Helper()
	if v.status != http.StatusSeeOther {
		v.b.T.Fatalf("the form answers %d", v.status)
	}
}

// options lists the values of the elements that a selector finds.
func values(page *simharness.Node, selector string) []string {
	all := []string{}
	for _, found := range page.All(selector) {
		all = append(all, found.Attrs["value"])
	}
	return all
}

func TestAPersonInvitesAnotherWhoJoins(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		owner := b.browser()
		owner.post("/sign-up", "email", "owner@example.com", "first_name", "Olga").went()
		owner.post("/user", "action", "organization", "name", "Acme").went()
		acme := b.Organizations()[0]
		home := "/organization/" + acme.ID
		owner.post(home, "action", "use").went()
		owner.post(home, "action", "invite", "email", "guest@example.com", "role", "org:member").went()
		page := owner.open(home)
		link := page.Value("a[href="+strings.TrimSuffix(page.Value(".rows a", "href"), "?")+"]", "href")
		if !strings.HasPrefix(link, simharness.ClerkHost+"/accept-invitation?__clerk_ticket=") {
			t.Fatalf("the link is %q on %s", link, page.Says("main"))
		}
		if owner.post(home, "action", "invite", "email", "guest@example.com", "role",
			"org:member"); owner.status != http.StatusUnprocessableEntity {
			t.Errorf("a second invitation answers %d", owner.status)
		}
		// The guest has no account, so the page creates one.
		guest := b.browser()
		if page := guest.open(link); page.Says("h1") != "Join Acme" || page.Says("button") != "Create account and join" ||
			!strings.Contains(page.Says("main"), "Olga invited you to Acme as Member") {
			t.Errorf("the invitation says %s", page.Says("main"))
		}
		guest.post(link+"&redirect_url="+url.QueryEscape("http://localhost:3000/welcome"), "first_name", "Gus").went()
		target, err := url.Parse(guest.at)
		if err != nil || target.Host != "localhost:3000" {
			t.Fatalf("the guest is sent to %s", guest.at)
		}
		claims := payload(t, target.Query().Get("__clerk_handshake"))
		o, _ := claims["o"].(map[string]any)
		if o["id"] != acme.ID || o["rol"] != "member" || claims["azp"] != "http://localhost:3000" {
			t.Errorf("the token says %v", claims)
		}
		if page := guest.open(link); guest.status != http.StatusGone ||
			!strings.Contains(page.Says("main"), "already been accepted") {
			t.Errorf("the used link answers %d %s", guest.status, page.Says("main"))
		}
		if guest.post(link); guest.status != http.StatusGone {
			t.Errorf("joining twice answers %d", guest.status)
		}
		kinds := b.inboxKinds()
		want := []string{"organizationInvitation.created", "user.created", "organizationInvitation.accepted",
			"organizationMembership.created", "session.created"}
		if diff := cmp.Diff(want, kinds[len(kinds)-len(want):]); diff != "" {
			t.Errorf("webhooks (-want +got):\n%s", diff)
		}
		if user := b.data("user.created"); user["email_addresses"].([]any)[0].(map[string]any)["verification"].(map[string]any)["strategy"] != "ticket" {
			t.Errorf("the new user is %v", user)
		}
		// A member sees the members but cannot change them.
		page = guest.open(home)
		if len(page.All("select")) != 0 || !strings.Contains(page.Says("main"), "owner@example.com") {
			t.Errorf("a member's page says %s", page.Says("main"))
		}
		for _, action := range []string{"invite", "role", "remove", "rename", "delete", "revoke"} {
			if guest.post(home, "action", action, "user", owner.user(), "role", "org:member", "email", "x@example.com", "name",
				"x", "slug", "x"); guest.status != http.StatusUnprocessableEntity {
				t.Errorf("a member's %s answers %d", action, guest.status)
			}
		}
		if guest.post("/organization/org_x", "action", "leave"); guest.status != http.StatusNotFound {
			t.Errorf("an organization that is not answers %d", guest.status)
		}
	})
}

// user returns the id on the account page.
func (v *visitor) user() string {
	v.b.T.Helper()
	for _, user := range v.b.Users() {
		if strings.Contains(v.open("/user").Says("main"), user.ID) {
			return user.ID
		}
	}
	v.b.T.Fatal("nobody is signed in")
	return ""
}

func TestAnAdminManagesAnOrganization(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, admin := b.team("Acme")
		member := b.person("member@example.com")
		if err := b.AddMember(acme.ID, member.ID, ""); err != nil {
			t.Fatal(err)
		}
		v := b.browser()
		v.post("/sign-in", "email", admin.Email).went()
		home := "/organization/" + acme.ID
		page := v.open(home)
		if diff := cmp.Diff([]string{"org:admin", "org:member"}, values(page, "select[id=role] option")); diff != "" {
			t.Errorf("roles to invite as (-want +got):\n%s", diff)
		}
		if v.post(home, "action", "leave"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("the last admin leaves: %d", v.status)
		}
		v.post(home, "action", "role", "user", member.ID, "role", "org:admin").went()
		v.post(home, "action", "rename", "name", "Acme AG", "slug", "Acme-AG").went()
		if got := b.Organizations()[0]; got.Name != "Acme AG" || got.Slug != "acme-ag" {
			t.Errorf("renamed to %s, %s", got.Name, got.Slug)
		}
		if v.post(home, "action", "rename", "name", "", "slug", "x"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("no name: %d", v.status)
		}
		v.post(home, "action", "invite", "email", "x@example.com", "role", "org:member").went()
		invitation := values(v.open(home), "input[name=invitation]")
		v.post(home, "action", "revoke", "invitation", invitation[0]).went()
		if v.post(home, "action", "revoke", "invitation", invitation[0]); v.status != http.StatusUnprocessableEntity {
			t.Errorf("revoked twice: %d", v.status)
		}
		if page := b.browser().open(b.link(invitation[0])); !strings.Contains(page.Says("main"), "revoked") {
			t.Errorf("the revoked invitation says %s", page.Says("main"))
		}
		v.post(home, "action", "remove", "user", member.ID).went()
		b.backend("PATCH", "/organizations/"+acme.ID, `{"admin_delete_enabled":false}`).ok()
		if page := v.open(home); strings.Contains(page.Says("main"), "Delete organization") {
			t.Error("it can be deleted although admins may not")
		}
		if v.post(home, "action", "delete"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("deleted although admins may not: %d", v.status)
		}
		b.backend("PATCH", "/organizations/"+acme.ID, `{"admin_delete_enabled":true}`).ok()
		v.post(home, "action", "delete").went()
		if v.at != "/user" || len(b.Organizations()) != 0 {
			t.Errorf("after deletion at %s with %d organizations", v.at, len(b.Organizations()))
		}
		want := []string{"organizationMembership.updated", "organization.updated", "organizationInvitation.created",
			"organizationInvitation.revoked", "organizationMembership.deleted",
			"organization.updated", "organization.updated", "organizationMembership.deleted", "organization.deleted"}
		kinds := b.inboxKinds()
		if diff := cmp.Diff(want, kinds[len(kinds)-len(want):]); diff != "" {
			t.Errorf("webhooks (-want +got):\n%s", diff)
		}
	})
}

// link returns the link of an invitation.
func (b *bench) link(id string) string {
	b.T.Helper()
	invitations, _ := b.backend("GET", "/organization_invitations?limit=500", "").ok().at("data").([]any)
	for _, each := range invitations {
		if invitation, _ := each.(map[string]any); invitation["id"] == id {
			return invitation["url"].(string)
		}
	}
	b.T.Fatalf("no invitation %s", id)
	return ""
}

func TestAPersonHasSeveralAddressesAndBrowsers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		v, other := b.browser(), b.browser()
		v.post("/sign-up", "email", "ada@example.com").went()
		v.post("/user", "action", "add_address", "new_email", "second@example.com").went()
		if v.post("/user", "action", "add_address", "new_email",
			"SECOND@example.com"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("the same address again: %d", v.status)
		}
		if page := v.open("/user"); page.Says("main .rows .good") != "primary" {
			t.Errorf("the page says %s", page.Says("main"))
		}
		ids := values(v.open("/user"), "input[name=address]")
		v.post("/user", "action", "primary", "address", ids[0]).went()
		if got := b.Users()[0].Email; got != "second@example.com" {
			t.Errorf("the primary address is %s", got)
		}
		other.post("/sign-in", "email", "ada@example.com").went() // the other address signs in as well
		v.post("/user", "action", "remove_address", "address", values(v.open("/user"), "input[name=address]")[0]).went()
		if other.post("/sign-in", "email", "ada@example.com"); other.status != http.StatusUnprocessableEntity {
			t.Errorf("a removed address signs in: %d", other.status)
		}
		b.backend("POST", "/email_addresses", `{"user_id":"`+b.Users()[0].ID+`","email_address":"third@example.com"}`).ok()
		page := v.open("/user")
		if !strings.Contains(page.Says("main"), "not verified") {
			t.Errorf("the page says %s", page.Says("main"))
		}
		third := values(page, "input[name=address]")[0]
		if v.post("/user", "action", "primary", "address", third); v.status != http.StatusUnprocessableEntity {
			t.Errorf("an unverified address becomes the primary one: %d", v.status)
		}
		v.post("/user", "action", "verify", "address", third).went()
		v.post("/user", "action", "primary", "address", third).went()
		if v.post("/user", "action", "primary", "address", "idn_x"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("an address that is not: %d", v.status)
		}
		session := values(v.open("/user"), "input[name=session]")
		v.post("/user", "action", "revoke", "session", session[0]).went()
		if other.open("/user"); other.at != "" || other.open("/user").Says("h1") != "Sign in" {
			t.Error("the other browser is still signed in")
		}
		v.open("/sign-out")
		b.data("session.revoked")
		b.data("session.ended")
	})
}

func TestAnInvitedUserJoinsFromTheAccountPage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		acme, _ := b.team("Acme")
		b.person("ada@example.com")
		eve := b.browser()
		eve.post("/sign-up", "email", "eve@example.com").went()
		link, err := b.Invite(acme.ID, "ada@example.com", "org:admin")
		if err != nil {
			t.Fatal(err)
		}
		if page := eve.open(link); !strings.Contains(page.Says("main"), "signed in as eve@example.com") ||
			page.Says("button") != "Join" {
			t.Errorf("somebody else's browser says %s", page.Says("main"))
		}
		ada := b.browser()
		ada.post("/sign-in", "email", "ada@example.com").went()
		if got := ada.open("/user").Value("a[href="+link+"]", "href"); got != link {
			t.Fatalf("the account page leads to %q, want %q", got, link)
		}
		ada.post(link).went()
		if page := ada.open("/organization/" + acme.ID); page.Says("h1") != "Acme active" ||
			!strings.Contains(page.Says("main"), "Your role: Admin") {
			t.Errorf("after joining the page says %s", page.Says("main"))
		}
		late, err := b.Invite(acme.ID, "late@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		b.Advance(30 * 24 * time.Hour)
		if page := eve.open(late); eve.status != http.StatusGone || !strings.Contains(page.Says("main"), "expired") {
			t.Errorf("an expired invitation answers %d %s", eve.status, page.Says("main"))
		}
		if page := eve.open("/accept-invitation?__clerk_ticket=x"); eve.status != http.StatusGone ||
			!strings.Contains(page.Says("main"), "This invitation does not exist") {
			t.Errorf("no invitation answers %d", eve.status)
		}
	})
}

func TestThePagesKeepWhatAUserMayNot(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		v := b.browser()
		v.post("/sign-up", "email", "ada@example.com").went()
		id := v.user()
		b.backend("PATCH", "/users/"+id, `{"delete_self_enabled":false,"create_organizations_limit":1}`).ok()
		v.post("/user", "action", "organization", "name", "One").went()
		if v.post("/user", "action", "organization", "name", "Two"); v.status != http.StatusUnprocessableEntity {
			t.Errorf("a second organization: %d", v.status)
		}
		if page := v.open("/user"); strings.Contains(page.Says("main"), "Delete account") ||
			len(page.All("input[name=name]")) != 0 {
			t.Errorf("the page offers %s", page.Says("main"))
		}
		if v.post("/user", "action", "delete"); v.status != http.StatusUnprocessableEntity || len(b.Users()) != 1 {
			t.Errorf("the account is deleted: %d", v.status)
		}
		stranger := b.browser()
		if stranger.open("/organization/" + b.Organizations()[0].ID); stranger.status != http.StatusOK {
			t.Errorf("a stranger gets %d", stranger.status) // the sign-in page
		}
		stranger.post("/sign-up", "email", "eve@example.com").went()
		if stranger.open("/organization/" + b.Organizations()[0].ID); stranger.status != http.StatusNotFound {
			t.Errorf("who is not a member gets %d", stranger.status)
		}
	})
}
