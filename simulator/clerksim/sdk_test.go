package clerksim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/clerk/clerk-sdk-go/v2/user"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// clerkOnLoopback serves a simulated Clerk on real sockets. Its issuer is the server's
// address.
func clerkOnLoopback(t *testing.T) (*simulator.Simulator, *clerk.ClientConfig, string) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	sim, err := simulator.New(simulator.Config{ClerkURL: server.URL,
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.billing.plan}}",
			"org_plan": "{{org.public_metadata.plan}}"}})
	if err != nil {
		t.Fatal(err)
	}
	handler = sim.ClerkHandler()
	simharness.Judged(t, sim)
	return sim, simharness.ClerkConfig(server.URL, server.Client()), server.URL
}

func TestClerkGoManagesUsersAndTheirMetadata(t *testing.T) {
	t.Parallel()
	sim, config, _ := clerkOnLoopback(t)
	users := user.NewClient(config)
	created, err := users.Create(t.Context(), &user.CreateParams{EmailAddresses: &[]string{"a@example.com"},
		FirstName: clerk.String("Ada"), ExternalID: clerk.String("ext_1")})
	if err != nil {
		t.Fatal(err)
	}
	if created.EmailAddresses[0].ID != *created.PrimaryEmailAddressID ||
		created.EmailAddresses[0].EmailAddress != "a@example.com" {
		t.Errorf("created %+v", created)
	}
	merge := func(public, private string) *clerk.User {
		params := &user.UpdateMetadataParams{}
		if public != "" {
			raw := json.RawMessage(public)
			params.PublicMetadata = &raw
		}
		if private != "" {
			raw := json.RawMessage(private)
			params.PrivateMetadata = &raw
		}
		got, err := users.UpdateMetadata(t.Context(), created.ID, params)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	merge(`{"a":1,"deep":{"x":1,"y":2}}`, `{"stripe":"cus_1"}`)
	got := merge(`{"a":null,"deep":{"x":null,"z":3},"b":[1]}`, "")
	var public map[string]any
	if err := json.Unmarshal(got.PublicMetadata, &public); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"deep": map[string]any{"y": 2.0, "z": 3.0}, "b": []any{1.0}}, public); diff != "" {
		t.Errorf("merged metadata (-want +got):\n%s", diff)
	}
	if string(got.PrivateMetadata) != `{"stripe":"cus_1"}` {
		t.Errorf("private metadata is %s", got.PrivateMetadata)
	}
	large := json.RawMessage(`{"x":"` + strings.Repeat("x", 8<<10) + `"}`)
	var failure *clerk.APIErrorResponse
	if _, err := users.UpdateMetadata(t.Context(), created.ID,
		&user.UpdateMetadataParams{PublicMetadata: &large}); !errors.As(err, &failure) || failure.HTTPStatusCode != 422 {
		t.Errorf("more than 8 KB: %v, want 422", err)
	}
	if _, err := users.Get(t.Context(), "user_x"); !errors.As(err, &failure) || failure.HTTPStatusCode != 404 ||
		failure.Errors[0].Code != "resource_not_found" || failure.TraceID == "" {
		t.Errorf("unknown user: %v", err)
	}
	deleted, err := users.Delete(t.Context(), created.ID)
	if err != nil || !deleted.Deleted || len(sim.Users()) != 0 {
		t.Errorf("delete answered %+v, %v", deleted, err)
	}
}

func TestClerkGoPagesThroughUsers(t *testing.T) {
	t.Parallel()
	sim, config, base := clerkOnLoopback(t)
	var want []string
	for i := range 7 {
		u, err := sim.SignUp(simulator.SignUp{Email: fmt.Sprintf("%d@example.com", i)})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{u.ID}, want...)
	}
	var got []string
	for offset := int64(0); ; offset += 3 {
		list, err := user.NewClient(config).List(t.Context(),
			&user.ListParams{ListParams: clerk.ListParams{Limit: clerk.Int64(3), Offset: &offset}})
		if err != nil {
			t.Fatal(err)
		}
		if list.TotalCount != 7 {
			t.Errorf("total is %d, want 7", list.TotalCount)
		}
		for _, u := range list.Users {
			got = append(got, u.ID)
		}
		if len(list.Users) < 3 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by offset, newest first (-want +got):\n%s", diff)
	}
	var byCursor []string
	for after := ""; ; {
		path := base + "/v1/users?limit=3&order_by=-created_at"
		if after != "" {
			path += "&starting_after=" + after
		}
		var users []struct{ ID string }
		if err := json.Unmarshal(fetchClerk(t, http.MethodGet, path, "", http.StatusOK), &users); err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			byCursor = append(byCursor, u.ID)
			after = u.ID
		}
		if len(users) < 3 {
			break
		}
	}
	if diff := cmp.Diff(want, byCursor); diff != "" {
		t.Errorf("by cursor (-want +got):\n%s", diff)
	}
	fetchClerk(t, http.MethodGet, base+"/v1/users?starting_after="+want[0]+"&order_by=first_name", "",
		http.StatusUnprocessableEntity)
	fetchClerk(t, http.MethodGet, base+"/v1/users?bogus=1", "", http.StatusUnprocessableEntity)
	fetchClerk(t, http.MethodPatch, base+"/v1/users/"+want[0], `{"public_metadata":{"a":1}}`,
		http.StatusUnprocessableEntity)
	list, err := user.NewClient(config).List(t.Context(), &user.ListParams{EmailAddresses: []string{"3@example.com"}})
	if err != nil || len(list.Users) != 1 || list.TotalCount != 1 {
		t.Errorf("by e-mail: %+v, %v", list, err)
	}
}

// fetchClerk makes a raw Backend API request and returns the body.
func fetchClerk(t *testing.T, method, path, body string, want int) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultClerkKey)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	recorded, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = recorded.Body.Close() }()
	var answer json.RawMessage
	if err := json.NewDecoder(recorded.Body).Decode(&answer); err != nil || recorded.StatusCode != want {
		t.Fatalf("%s %s: %d %s, %v; want %d", method, path, recorded.StatusCode, answer, err, want)
	}
	return answer
}

func TestClerkGoManagesOrganizationsAndMemberships(t *testing.T) {
	t.Parallel()
	sim, config, _ := clerkOnLoopback(t)
	owner, err := sim.SignUp(simulator.SignUp{Email: "owner@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	member, err := sim.SignUp(simulator.SignUp{Email: "member@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	organizations := organization.NewClient(config)
	created, err := organizations.Create(t.Context(), &organization.CreateParams{Name: clerk.String("Acme & Sons"),
		CreatedBy: &owner.ID})
	if err != nil || created.Slug != "acme-sons" {
		t.Fatalf("created %+v, %v", created, err)
	}
	memberships := organizationmembership.NewClient(config)
	if _, err := memberships.Create(t.Context(), &organizationmembership.CreateParams{OrganizationID: created.ID,
		UserID: &member.ID, Role: clerk.String("org:member")}); err != nil {
		t.Fatal(err)
	}
	list, err := memberships.List(t.Context(), &organizationmembership.ListParams{OrganizationID: created.ID})
	if err != nil || list.TotalCount != 2 || list.OrganizationMemberships[0].PublicUserData.UserID != member.ID {
		t.Errorf("memberships are %+v, %v", list, err)
	}
	raw := json.RawMessage(`{"plan":"team"}`)
	if _, err := organizations.UpdateMetadata(t.Context(), created.ID,
		&organization.UpdateMetadataParams{PublicMetadata: &raw}); err != nil {
		t.Fatal(err)
	}
	got, err := organizations.Get(t.Context(), "acme-sons")
	if err != nil || string(got.PublicMetadata) != `{"plan":"team"}` {
		t.Errorf("by slug: %+v, %v", got, err)
	}
	if _, err := memberships.Delete(t.Context(), &organizationmembership.DeleteParams{OrganizationID: created.ID,
		UserID: member.ID}); err != nil {
		t.Error(err)
	}
	if _, err := organizations.Delete(t.Context(), created.ID); err != nil || len(sim.Organizations()) != 0 {
		t.Errorf("delete: %v, %d left", err, len(sim.Organizations()))
	}
}

func TestMetadataWritesAreLimitedPerUser(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		one, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		two, err := b.SignUp(simulator.SignUp{Email: "b@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		users := user.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		raw := json.RawMessage(`{"n":1}`)
		write := func(id string) error {
			_, err := users.UpdateMetadata(t.Context(), id, &user.UpdateMetadataParams{PublicMetadata: &raw})
			return err
		}
		for range 10 {
			if err := write(one.ID); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		var failure *clerk.APIErrorResponse
		if err := write(one.ID); !errors.As(err, &failure) || failure.HTTPStatusCode != 429 ||
			failure.Response.Header.Get("Retry-After") != "5" {
			t.Errorf("the eleventh write within 10 s: %v", err)
		}
		if err := write(two.ID); err != nil {
			t.Errorf("another user is limited too: %v", err)
		}
		time.Sleep(5 * time.Second)
		if err := write(one.ID); err != nil {
			t.Errorf("after Retry-After: %v", err)
		}
	})
}

func TestClerkWebhooksEchoEveryChange(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		owner, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		acme, err := b.CreateOrganization("Acme", owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		raw := json.RawMessage(`{"plan":"pro"}`)
		users := user.NewClient(simharness.ClerkConfig(simharness.ClerkHost, b.HTTP))
		if _, err := users.UpdateMetadata(t.Context(), owner.ID,
			&user.UpdateMetadataParams{PublicMetadata: &raw}); err != nil {
			t.Fatal(err)
		}
		if err := b.UpdateUser(owner.ID, "new@example.com", "", ""); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteOrganization(acme.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.DeleteUser(owner.ID); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		want := []string{"user.created", "organization.created", "organizationMembership.created", "user.updated",
			"user.updated",
			"organizationMembership.deleted", "organization.deleted", "user.deleted"}
		if diff := cmp.Diff(want, b.Inbox.Kinds()); diff != "" {
			t.Errorf("webhooks (-want +got):\n%s", diff)
		}
		var last struct {
			Object     string
			Timestamp  int64
			InstanceID string `json:"instance_id"`
			Data       map[string]any
		}
		all := b.Inbox.All()
		in := all[len(all)-1]
		if err := json.Unmarshal(in.Body, &last); err != nil {
			t.Fatal(err)
		}
		if last.Object != "event" || last.Timestamp != time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() ||
			!strings.HasPrefix(last.InstanceID, "ins_") ||
			!cmp.Equal(last.Data, map[string]any{"object": "user", "id": owner.ID, "deleted": true}) {
			t.Errorf("envelope is %+v", last)
		}
		for _, name := range []string{"Svix-Id", "Svix-Timestamp", "Svix-Signature"} {
			if in.Header.Get(name) == "" {
				t.Errorf("header %s is missing", name)
			}
		}
	})
}

func TestATakenOrMalformedAddressCannotSignUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if _, err := b.SignUp(simulator.SignUp{Email: "a@example.com"}); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"a@example.com", "nonsense", "A <b@example.com>"} {
			if _, err := b.SignUp(simulator.SignUp{Email: email}); err == nil {
				t.Errorf("%q signs up", email)
			}
		}
		response, _ := b.Send("GET", simharness.ClerkHost+"/v1/users", nil, "")
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("Stripe's key opens Clerk's API: %d", response.StatusCode)
		}
	})
}
