package clerksim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	clerk "github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationinvitation"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/user"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestClerkGoGoesOnTour takes unmodified clerk-sdk-go through everything that the
// simulator has. At the end, all answers are compared with Clerk's OpenAPI document.
func TestClerkGoGoesOnTour(t *testing.T) {
	t.Parallel()
	simharness.OnTour(t, func(b *simharness.Bench, client *http.Client) []simharness.Chapter {
		tour := &clerkTour{bench: &bench{b}, clerk: simharness.ClerkConfig(simharness.ClerkHost, client)}
		on := func(title string, visit func(*testing.T, *clerkTour)) simharness.Chapter {
			return simharness.Chapter{Title: title, Visit: func(t *testing.T) { visit(t, tour) }}
		}
		return []simharness.Chapter{
			on("users", usersChapter),
			on("metadata", metadataChapter),
			on("lists and counts", countingChapter),
			on("organizations", organizationsChapter),
			on("invitations", invitationsChapter),
			on("sessions and their tokens", sessionsChapter),
			on("limits", limitsChapter),
			on("webhooks", webhooksChapter),
		}
	})
}

// clerkTour is a simulator with a clerk-sdk-go client, shared by the chapters.
type clerkTour struct {
	*bench
	clerk *clerk.ClientConfig
}

// must returns a value, and fails the test if there is an error.
func must[T any](value T, err error) func(*testing.T) T { return simharness.Ok(value, err) }

// refusedByClerk checks an error of the Backend API.
func refusedByClerk(t *testing.T, what string, err error, status int, code string) {
	t.Helper()
	failure, refused := errors.AsType[*clerk.APIErrorResponse](err)
	if !refused || failure.HTTPStatusCode != status || failure.TraceID == "" || code != "" &&
		failure.Errors[0].Code != code {
		t.Fatalf("%s: %v, want %d %s with a trace", what, err, status, code)
	}
}

func rawJSON(text string) *json.RawMessage {
	raw := json.RawMessage(text)
	return &raw
}

func (tour *clerkTour) users() *user.Client { return user.NewClient(tour.clerk) }

// byAddress finds the user with an address.
func (tour *clerkTour) byAddress(address string) *clerk.User {
	tour.T.Helper()
	list := must(tour.users().List(tour.T.Context(), &user.ListParams{EmailAddresses: []string{address}}))(tour.T)
	if len(list.Users) != 1 || list.TotalCount != 1 {
		tour.T.Fatalf("%d users with the address %s, counted %d", len(list.Users), address, list.TotalCount)
	}
	return list.Users[0]
}

func usersChapter(t *testing.T, tour *clerkTour) {
	ctx, users := t.Context(), tour.users()
	ada := must(users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"ada@example.com"},
		FirstName: clerk.String("Ada"), ExternalID: clerk.String("ext_1"),
		PublicMetadata: rawJSON(`{"plan":"free"}`), SkipPasswordRequirement: clerk.Bool(true)}))(t)
	if ada.EmailAddresses[0].ID != *ada.PrimaryEmailAddressID || *ada.ExternalID != "ext_1" ||
		string(ada.PublicMetadata) != `{"plan":"free"}` {
		t.Errorf("created %+v", ada)
	}
	changed := must(users.Update(ctx, ada.ID, &user.UpdateParams{LastName: clerk.String("Lovelace")}))(t)
	if *changed.FirstName != "Ada" || *changed.LastName != "Lovelace" || changed.UpdatedAt < ada.UpdatedAt {
		t.Errorf("changed to %s %s", *changed.FirstName, *changed.LastName)
	}
	_, err := users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"ada@example.com"}})
	refusedByClerk(t, "a taken address", err, 422, "form_identifier_exists")
	_, err = users.Get(ctx, "user_none")
	refusedByClerk(t, "nobody", err, 404, "resource_not_found")
	if got := must(users.Ban(ctx, ada.ID))(t); !got.Banned {
		t.Error("banned, and not so")
	}
	if got := must(users.Unban(ctx, ada.ID))(t); got.Banned {
		t.Error("still banned")
	}
	gone := must(users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"gone@example.com"},
		SkipPasswordRequirement: clerk.Bool(true)}))(t)
	if deleted := must(users.Delete(ctx, gone.ID))(t); !deleted.Deleted || deleted.ID != gone.ID ||
		deleted.Object != "user" {
		t.Errorf("deleted %+v", deleted)
	}
	_, err = users.Get(ctx, gone.ID)
	refusedByClerk(t, "the deleted", err, 404, "resource_not_found")
}

func metadataChapter(t *testing.T, tour *clerkTour) {
	ctx, users, ada := t.Context(), tour.users(), tour.byAddress("ada@example.com").ID
	merge := func(public, private *json.RawMessage) *clerk.User {
		return must(users.UpdateMetadata(ctx, ada, &user.UpdateMetadataParams{PublicMetadata: public,
			PrivateMetadata: private}))(t)
	}
	merge(rawJSON(`{"plan":"pro","deep":{"x":1,"y":{"z":2}},"list":[1,2]}`), rawJSON(`{"stripe":"cus_1"}`))
	// PATCH merges at every level, null removes a key, and other keys stay.
	got := merge(rawJSON(`{"plan":null,"deep":{"x":null,"y":{"w":3}},"list":[9]}`), nil)
	sameJSON(t, "merged", got.PublicMetadata, `{"deep":{"y":{"z":2,"w":3}},"list":[9]}`)
	sameJSON(t, "left alone", got.PrivateMetadata, `{"stripe":"cus_1"}`)
	got = must(users.ReplaceMetadata(ctx, ada, &user.ReplaceMetadataParams{PublicMetadata: rawJSON(`{"only":true}`)}))(t)
	sameJSON(t, "replaced", got.PublicMetadata, `{"only":true}`)
	sameJSON(t, "not replaced", got.PrivateMetadata, `{"stripe":"cus_1"}`)
	_, err := users.UpdateMetadata(ctx, ada, &user.UpdateMetadataParams{PublicMetadata: rawJSON(`{"x":"` +
		strings.Repeat("x", 8<<10) + `"}`)})
	refusedByClerk(t, "more than 8 KB", err, 422, "")
}

func sameJSON(t *testing.T, what string, got json.RawMessage, want string) {
	t.Helper()
	var is, should any
	if err := errors.Join(json.Unmarshal(got, &is), json.Unmarshal([]byte(want), &should)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(should, is); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// cursored lists users with a parameter that clerk-sdk-go lacks.
type cursored struct {
	clerk.APIResource
	Users []*clerk.User
}

// UnmarshalJSON reads the array that Clerk answers with.
func (c *cursored) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &c.Users) }

func countingChapter(t *testing.T, tour *clerkTour) {
	ctx, users := t.Context(), tour.users()
	var want []string
	for i := range 7 {
		signed := must(tour.SignUp(simulator.SignUp{Email: fmt.Sprintf("%d@example.com", i)}))(t)
		want = append([]string{signed.ID}, want...)
	}
	want = append(want, tour.byAddress("ada@example.com").ID)
	var pages []string
	for offset := int64(0); offset < 9; offset += 3 {
		page := clerk.ListParams{Limit: clerk.Int64(3), Offset: &offset}
		list := must(users.List(ctx, &user.ListParams{ListParams: page}))(t)
		for _, u := range list.Users {
			pages = append(pages, u.ID)
		}
		if list.TotalCount != 8 {
			t.Errorf("counted %d", list.TotalCount)
		}
	}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("by offset, newest first (-want +got):\n%s", diff)
	}
	var cursor []string
	for query := "?limit=3"; query != ""; {
		request, page := clerk.NewAPIRequest("GET", "/users"+query), &cursored{}
		if err := clerk.NewBackend(&tour.clerk.BackendConfig).Call(ctx, request, page); err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			cursor = append(cursor, u.ID)
		}
		query = "?limit=3&starting_after=" + cursor[len(cursor)-1]
		if len(page.Users) < 3 {
			break
		}
	}
	if diff := cmp.Diff(want, cursor); diff != "" {
		t.Errorf("by cursor (-want +got):\n%s", diff)
	}
	if got := must(users.Count(ctx, &user.ListParams{EmailAddresses: []string{"3@example.com", "4@example.com"}}))(
		t); got.TotalCount != 2 {
		t.Errorf("two addresses count %d", got.TotalCount)
	}
	if got := must(users.List(ctx, &user.ListParams{Query: clerk.String("Lovelace")}))(t); len(got.Users) != 1 {
		t.Errorf("a query finds %d", len(got.Users))
	}
}

func organizationsChapter(t *testing.T, tour *clerkTour) {
	ctx, organizations, memberships := t.Context(), organization.NewClient(tour.clerk),
		organizationmembership.NewClient(tour.clerk)
	ada, other := tour.byAddress("ada@example.com"), tour.byAddress("1@example.com")
	acme := must(organizations.Create(ctx, &organization.CreateParams{Name: clerk.String("Acme & Sons"),
		CreatedBy: &ada.ID, PrivateMetadata: rawJSON(`{"a":1}`)}))(t)
	if acme.Slug != "acme-sons" {
		t.Errorf("the slug is %q", acme.Slug)
	}
	must(organizations.Update(ctx, acme.ID, &organization.UpdateParams{Name: clerk.String("Acme"),
		MaxAllowedMemberships: clerk.Int64(10)}))(t)
	merged := must(organizations.UpdateMetadata(ctx, acme.ID,
		&organization.UpdateMetadataParams{PublicMetadata: rawJSON(`{"plan":"team"}`)}))(t)
	sameJSON(t, "merged", merged.PublicMetadata, `{"plan":"team"}`)
	replaced := must(organizations.ReplaceMetadata(ctx, acme.ID,
		&organization.ReplaceMetadataParams{PrivateMetadata: rawJSON(`{"b":2}`)}))(t)
	sameJSON(t, "replaced", replaced.PrivateMetadata, `{"b":2}`)
	if got := must(organizations.Get(ctx, "acme-sons"))(t); got.ID != acme.ID || got.Name != "Acme" {
		t.Errorf("by slug there is %+v", got)
	}
	must(memberships.Create(ctx, &organizationmembership.CreateParams{OrganizationID: acme.ID, UserID: &other.ID,
		Role: clerk.String("org:member")}))(t)
	_, err := memberships.Create(ctx, &organizationmembership.CreateParams{OrganizationID: acme.ID, UserID: &other.ID,
		Role: clerk.String("org:member")})
	refusedByClerk(t, "twice", err, 400, "")
	if got := must(memberships.Update(ctx, &organizationmembership.UpdateParams{OrganizationID: acme.ID, UserID: other.ID,
		Role: clerk.String("org:admin")}))(t); got.Role != "org:admin" {
		t.Errorf("the role is %s", got.Role)
	}
	list := must(memberships.List(ctx, &organizationmembership.ListParams{OrganizationID: acme.ID}))(t)
	if list.TotalCount != 2 || !slices.ContainsFunc(list.OrganizationMemberships,
		func(m *clerk.OrganizationMembership) bool { return m.PublicUserData.UserID == other.ID }) {
		t.Errorf("the members are %+v", list)
	}
	if got := must(tour.users().ListOrganizationMemberships(ctx, ada.ID, &user.ListOrganizationMembershipsParams{}))(
		t); got.TotalCount != 1 || got.OrganizationMemberships[0].Organization.ID != acme.ID {
		t.Errorf("Ada is a member %d times", got.TotalCount)
	}
	must(memberships.Delete(ctx, &organizationmembership.DeleteParams{OrganizationID: acme.ID, UserID: other.ID}))(t)
	if got := must(organizations.List(ctx, &organization.ListParams{IncludeMembersCount: clerk.Bool(true)}))(
		t); got.TotalCount != 1 || *got.Organizations[0].MembersCount != 1 {
		t.Errorf("the organizations are %+v", got)
	}
}

func invitationsChapter(t *testing.T, tour *clerkTour) {
	ctx, invitations := t.Context(), organizationinvitation.NewClient(tour.clerk)
	acme := tour.Organizations()[0].ID
	invite := func(address string) *clerk.OrganizationInvitation {
		return must(invitations.Create(ctx, &organizationinvitation.CreateParams{OrganizationID: acme, EmailAddress: &address,
			Role: clerk.String("org:member"), InviterUserID: clerk.String(tour.byAddress("ada@example.com").ID)}))(t)
	}
	first, second := invite("new@example.com"), invite("never@example.com")
	if first.Status != "pending" || first.EmailAddress != "new@example.com" {
		t.Errorf("invited %+v", first)
	}
	if got := must(invitations.Revoke(ctx, &organizationinvitation.RevokeParams{OrganizationID: acme, ID: second.ID,
		RequestingUserID: clerk.String(tour.byAddress("ada@example.com").ID)}))(t); got.Status != "revoked" {
		t.Errorf("revoked it is %s", got.Status)
	}
	list := must(invitations.List(ctx, &organizationinvitation.ListParams{OrganizationID: acme,
		Statuses: &[]string{"pending"}}))(t)
	if list.TotalCount != 1 || list.OrganizationInvitations[0].ID != first.ID {
		t.Errorf("pending are %+v", list)
	}
	if got := must(invitations.Get(ctx, &organizationinvitation.GetParams{OrganizationID: acme, ID: first.ID}))(
		t); got.ID != first.ID {
		t.Errorf("got %+v", got)
	}
}

func sessionsChapter(t *testing.T, tour *clerkTour) {
	ctx, sessions, ada := t.Context(), session.NewClient(tour.clerk), tour.byAddress("ada@example.com")
	must(tour.users().UpdateMetadata(ctx, ada.ID, &user.UpdateMetadataParams{
		PublicMetadata: rawJSON(`{"billing":{"plan":"pro"},"seats":5}`)}))(t)
	type custom struct {
		Plan  string `json:"plan"`
		Seats int    `json:"seats"`
		Org   struct {
			ID   string `json:"id"`
			Role string `json:"rol"`
		} `json:"o"`
	}
	verified := func(token string) (*clerk.SessionClaims, error) {
		return jwt.Verify(ctx, &jwt.VerifyParams{Token: token, JWKSClient: jwks.NewClient(tour.clerk),
			ProxyURL: clerk.String(simharness.ClerkHost), Clock: tourClock{},
			CustomClaimsConstructor: func(context.Context) any { return &custom{} }})
	}
	made := must(sessions.Create(ctx, &session.CreateParams{UserID: ada.ID}))(t)
	token := must(sessions.CreateToken(ctx, &session.CreateTokenParams{ID: made.ID}))(t).JWT
	claims := must(verified(token))(t)
	if mine := claims.Custom.(*custom); claims.Subject != ada.ID || claims.SessionID != made.ID || mine.Plan != "pro" ||
		mine.Seats != 5 || mine.Org.ID != "" || *claims.Expiry-*claims.IssuedAt != 60 {
		t.Errorf("the claims are %+v with %+v", claims, mine)
	}
	time.Sleep(61 * time.Second)
	if _, err := verified(token); err == nil {
		t.Error("a token verifies after its minute")
	}
	inOrganization := must(tour.SessionToken(ada.ID, tour.Organizations()[0].ID))(t)
	claims = must(verified(inOrganization))(t)
	if mine := claims.Custom.(*custom); claims.Version != 2 || mine.Org.ID != tour.Organizations()[0].ID ||
		mine.Org.Role != "admin" {
		t.Errorf("the organization's claims are %+v", mine)
	}
	list := must(sessions.List(ctx, &session.ListParams{UserID: &ada.ID, Status: clerk.String("active")}))(t)
	if len(list.Sessions) == 0 || !slices.ContainsFunc(list.Sessions,
		func(s *clerk.Session) bool { return s.ID == made.ID }) {
		t.Errorf("the sessions are %+v", list)
	}
	if got := must(sessions.Revoke(ctx, &session.RevokeParams{ID: made.ID}))(t); got.Status != "revoked" {
		t.Errorf("revoked it is %s", got.Status)
	}
	_, err := sessions.CreateToken(ctx, &session.CreateTokenParams{ID: made.ID})
	refusedByClerk(t, "a token of a revoked session", err, 404, "")
	// The public key set contains the signing key.
	_, public := tour.Send("GET", simharness.ClerkHost+"/.well-known/jwks.json", nil, "")
	keys := must(jwks.NewClient(tour.clerk).Get(ctx, &jwks.GetParams{}))(t)
	published := simharness.Element(map[string]any{"data": public["keys"]}, 0)
	if got := published["kid"]; len(keys.Keys) != 1 || got != keys.Keys[0].KeyID {
		t.Errorf("the public key is %v, the other %+v", got, keys.Keys)
	}
}

// tourClock is the clock of the bubble.
type tourClock struct{}

// Now returns the time in the bubble.
func (tourClock) Now() time.Time { return time.Now().UTC() }

func limitsChapter(t *testing.T, tour *clerkTour) {
	ctx, users, one, two := t.Context(), tour.users(), tour.byAddress("5@example.com").ID,
		tour.byAddress("6@example.com").ID
	write := func(id string) error {
		_, err := users.UpdateMetadata(ctx, id, &user.UpdateMetadataParams{PublicMetadata: rawJSON(`{"n":1}`)})
		return err
	}
	time.Sleep(time.Minute)
	for range 10 {
		if err := write(one); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
	}
	eleventh := write(one)
	refusedByClerk(t, "the eleventh write in ten seconds", eleventh, 429, "")
	limited, _ := errors.AsType[*clerk.APIErrorResponse](eleventh)
	if after := limited.Response.Header.Get("Retry-After"); after != "5" {
		t.Errorf("Retry-After is %q, want 5", after)
	}
	if err := write(two); err != nil {
		t.Errorf("another user is limited too: %v", err)
	}
	time.Sleep(5 * time.Second)
	if err := write(one); err != nil {
		t.Errorf("after Retry-After: %v", err)
	}
}

func webhooksChapter(t *testing.T, tour *clerkTour) {
	ctx := t.Context()
	must(organization.NewClient(tour.clerk).Delete(ctx, tour.Organizations()[0].ID))(t)
	must(tour.users().Delete(ctx, tour.byAddress("ada@example.com").ID))(t)
	tour.Settle()
	kinds := tour.Inbox.Kinds()
	for _, want := range []string{"user.created", "user.updated", "user.deleted", "organization.created",
		"organization.updated", "organization.deleted", "organizationMembership.created",
		"organizationMembership.updated", "organizationMembership.deleted", "organizationInvitation.created",
		"organizationInvitation.revoked"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no webhook %s among %v", want, kinds)
		}
	}
}
