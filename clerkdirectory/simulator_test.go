package clerkdirectory_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator"
)

// simulated returns a simulated Clerk, its address and a client for it.
func simulated(t *testing.T) (*simulator.Simulator, string, *clerkdirectory.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	sim, err := simulator.New(simulator.Config{ClerkURL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { openapicheck.Check(t, sim.History()) })
	server.Config.Handler = sim.ClerkHandler()
	server.Start()
	t.Cleanup(server.Close)
	client, err := clerkdirectory.New(clerkdirectory.Config{Key: simulator.DefaultClerkKey, BaseURL: url,
		HTTPClient: quiet(t)})
	if err != nil {
		t.Fatal(err)
	}
	return sim, url, client
}

func quiet(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func signUp(t *testing.T, sim *simulator.Simulator, n int) lockstep.Account {
	t.Helper()
	u, err := sim.SignUp(simulator.SignUp{Email: fmt.Sprintf("ada%d@example.com", n), FirstName: "Ada",
		LastName: "Lovelace"})
	if err != nil {
		t.Fatal(err)
	}
	return lockstep.Account{Kind: lockstep.User, ID: u.ID}
}

func TestUserAndOrganization(t *testing.T) {
	t.Parallel()
	sim, _, client := simulated(t)
	ctx := t.Context()
	user := signUp(t, sim, 1)
	made, err := sim.CreateOrganization("Acme", user.ID)
	if err != nil {
		t.Fatal(err)
	}
	org := lockstep.Account{Kind: lockstep.Organization, ID: made.ID}
	for account, want := range map[lockstep.Account]lockstep.Identity{
		user: {Account: user, Email: "ada1@example.com", EmailVerified: true, VerifiedEmails: []string{"ada1@example.com"},
			Name: "Ada Lovelace", Metadata: map[string]any{}},
		org: {Account: org, Name: "Acme", Metadata: map[string]any{}, Members: 1, Slug: "acme"},
	} {
		got, err := client.Identity(ctx, account)
		if err != nil || got.UpdatedAt < 1e12 {
			t.Fatalf("%+v %v", got, err)
		}
		want.UpdatedAt = got.UpdatedAt
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, step := range []struct{ merge, want map[string]any }{
			{map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3, "until": "x"}},
				map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3.0, "until": "x"}}},
			{map[string]any{"billing": map[string]any{"until": nil}},
				map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3.0}}},
			{nil, map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3.0}}},
			{map[string]any{"plan": nil}, map[string]any{"billing": map[string]any{"seats": 3.0}}},
		} {
			if err := client.MergeMetadata(ctx, account, step.merge); err != nil {
				t.Fatal(err)
			}
			got, err := client.Identity(ctx, account)
			if diff := cmp.Diff(step.want, got.Metadata); err != nil || diff != "" {
				t.Errorf("%v after %v: %v %s", account, step.merge, err, diff)
			}
		}
	}

	// An organization's slug is not its id.
	if _, err := client.Identity(ctx, lockstep.Account{Kind: lockstep.Organization, ID: made.Slug}); err == nil {
		t.Error("the slug is taken for the id")
	}
	if err := sim.DeleteOrganization(org.ID); err != nil {
		t.Fatal(err)
	}
	if err := sim.DeleteUser(user.ID); err != nil {
		t.Fatal(err)
	}
	for _, account := range []lockstep.Account{user, org} {
		if _, err := client.Identity(ctx, account); !errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
		if err := client.MergeMetadata(ctx, account, map[string]any{"plan": "pro"}); !errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("metadata of a deleted one: %v", err)
		}
	}
}

func TestIdentitiesOfManyPages(t *testing.T) {
	t.Parallel()
	sim, _, client := simulated(t)
	want := map[lockstep.Kind]map[string]bool{lockstep.User: {}, lockstep.Organization: {}}
	for n := range 520 {
		user := signUp(t, sim, n)
		want[lockstep.User][user.ID] = true
		org, err := sim.CreateOrganization(fmt.Sprint("Acme ", n), user.ID)
		if err != nil {
			t.Fatal(err)
		}
		want[lockstep.Organization][org.ID] = true
	}
	for kind, ids := range want {
		seen := map[string]bool{}
		for cursor, first := "", true; first || cursor != ""; first = false {
			page, next, err := client.Identities(t.Context(), kind, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page {
				seen[i.Account.ID] = true
			}
			cursor = next
		}
		if diff := cmp.Diff(ids, seen); diff != "" {
			t.Errorf("%s: %d of %d", kind, len(seen), len(ids))
		}
	}
}

func TestSessionTokens(t *testing.T) {
	t.Parallel()
	sim, url, _ := simulated(t)
	user := signUp(t, sim, 1)
	org, err := sim.CreateOrganization("Acme", user.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]clerkdirectory.TokenConfig{
		"Backend API":  {Key: simulator.DefaultClerkKey, BaseURL: url, Issuer: url},
		"Frontend API": {JWKSURL: url + "/.well-known/jwks.json", Issuer: url},
	} {
		config.HTTPClient = quiet(t)
		tokens, err := clerkdirectory.NewTokens(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, active := range []string{"", org.ID} {
			token, err := sim.SessionToken(user.ID, active)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tokens.Verify(t.Context(), token)
			if err != nil || got.UserID != user.ID || got.SessionID == "" || got.OrganizationID != active ||
				(got.OrganizationRole == "admin") != (active != "") {
				t.Errorf("%s: %+v %v", name, got, err)
			}
		}
	}

	// A token signed with another instance's key is invalid here.
	other, _, _ := simulated(t)
	stranger := signUp(t, other, 2)
	token, err := other.SessionToken(stranger.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := clerkdirectory.NewTokens(clerkdirectory.TokenConfig{Key: simulator.DefaultClerkKey, BaseURL: url,
		Issuer: url, HTTPClient: quiet(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Verify(t.Context(), token); err == nil {
		t.Error("another instance's token is accepted")
	}
}

func TestWrongKeyIsNotNotFound(t *testing.T) {
	t.Parallel()
	sim, url, _ := simulated(t)
	user := signUp(t, sim, 1)
	for key, base := range map[lockstep.Secret]string{"sk_test_wrong": url, simulator.DefaultClerkKey: url +
		"/elsewhere"} {
		client, err := clerkdirectory.New(clerkdirectory.Config{Key: key, BaseURL: base, HTTPClient: quiet(t)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Identity(t.Context(), user); err == nil || errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// TestAUserIsFoundByExternalID includes ids that start with a sign, which Clerk interprets.
func TestAUserIsFoundByExternalID(t *testing.T) {
	t.Parallel()
	sim, url, client := simulated(t)
	want := map[string]lockstep.Account{}
	for n, id := range []string{"42", "-Nabc", "a,b"} {
		user := signUp(t, sim, n+1)
		body := strings.NewReader(fmt.Sprintf(`{"external_id":%q}`, id))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, url+"/v1/users/"+user.ID, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+simulator.DefaultClerkKey)
		request.Header.Set("Content-Type", "application/json")
		response, err := quiet(t).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response.StatusCode, err)
		}
		want[id] = user
	}
	for id, user := range want {
		if got, err := client.UserOfExternalID(t.Context(), id); err != nil || got != user {
			t.Errorf("%s: %v %v, want %v", id, got, err, user)
		}
	}
	for _, id := range []string{"4", "Nabc", "43"} {
		if got, err := client.UserOfExternalID(t.Context(), id); !errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%s: %v %v, want ErrNotFound", id, got, err)
		}
	}
	if _, err := client.UserOfExternalID(t.Context(), ""); err == nil {
		t.Error("an empty external id is nobody's")
	}
}

// TestMembersAndSlugsOfAnOrganization checks that only a member's verified address counts,
// ignoring case.
func TestMembersAndSlugsOfAnOrganization(t *testing.T) {
	t.Parallel()
	sim, _, client := simulated(t)
	ctx := t.Context()
	founder, admin, member, stranger := signUp(t, sim, 1), signUp(t, sim, 2), signUp(t, sim, 3), signUp(t, sim, 4)
	made, err := sim.CreateOrganization("Nike Inc", founder.ID)
	if err != nil {
		t.Fatal(err)
	}
	for user, role := range map[lockstep.Account]string{admin: "org:admin", member: "org:member"} {
		if err := sim.AddMember(made.ID, user.ID, role); err != nil {
			t.Fatal(err)
		}
	}
	org := lockstep.Account{Kind: lockstep.Organization, ID: made.ID}
	for email, want := range map[string]lockstep.Member{
		"ada1@example.com": {User: founder, Admin: true},
		"ADA2@example.com": {User: admin, Admin: true},
		"ada3@example.com": {User: member},
	} {
		if got, err := client.MemberWithEmail(ctx, org, email); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", email, got, err, want)
		}
	}
	for _, email := range []string{"ada4@example.com", "nobody@example.com"} {
		if got, err := client.MemberWithEmail(ctx, org, email); !errors.Is(err, lockstep.ErrNotFound) {
			t.Errorf("%s: %+v %v, want ErrNotFound", email, got, err)
		}
	}
	if _, err := client.MemberWithEmail(ctx, stranger, "ada4@example.com"); err == nil {
		t.Error("a user has no members")
	}
	if _, err := client.MemberWithEmail(ctx, org, ""); err == nil {
		t.Error("no address is nobody's")
	}
	if got, err := client.OrganizationOfSlug(ctx, made.Slug); err != nil || got != org {
		t.Errorf("slug %q: %+v %v, want %+v", made.Slug, got, err, org)
	}
	if _, err := client.OrganizationOfSlug(ctx, "adidas"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("an unknown slug: %v", err)
	}
	for _, id := range []string{made.ID, ""} {
		if got, err := client.OrganizationOfSlug(ctx, id); err == nil {
			t.Errorf("%q is not a slug: %+v", id, got)
		}
	}
}
