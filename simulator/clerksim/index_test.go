package clerksim

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

func newTestClerk(t testing.TB) *Clerk {
	t.Helper()
	world := schedule.New(1)
	history, faults, logger := &wire.History{}, wire.NewFaults(1), slog.New(slog.DiscardHandler)
	c, err := New(Config{Key: "sk_test_x", URL: "http://clerk.test", World: world, History: history, Faults: faults,
		Logger: logger,
		Outbox: delivery.New(delivery.Config{World: world, History: history, Faults: faults, Logger: logger})})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request makes a request and returns the status.
func (c *Clerk) request(t testing.TB, method, path, body string) int {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "/v1"+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer sk_test_x")
	recorder := httptest.NewRecorder()
	c.ServeHTTP(recorder, request)
	_, _ = io.Copy(io.Discard, recorder.Body)
	return recorder.Code
}

// described lists an index as text, so that a test can compare two.
func (x *index) described() map[string]string {
	lines := map[string]string{}
	say := func(name string, ids ...string) { lines[name] = strings.Join(ids, " ") }
	for _, user := range x.users.Items() {
		lines["users"] += user.ID + " "
	}
	for _, organization := range x.organizations.Items() {
		lines["organizations"] += organization.ID + " "
	}
	for key, users := range x.usersByEmail {
		ids := []string{}
		for _, user := range users {
			ids = append(ids, user.ID)
		}
		say("email "+key, slices.Sorted(slices.Values(ids))...)
	}
	for name, m := range map[string]map[string]*User{"address ": x.userByAddress, "external ": x.userByExternalID,
		"username ": x.userByUsername} {
		for key, user := range m {
			say(name+key, user.ID)
		}
	}
	for slug, organization := range x.organizationBySlug {
		say("slug "+slug, organization.ID)
	}
	for key, memberships := range x.membershipsOf {
		for _, membership := range memberships {
			lines["memberships of "+key] += membership.ID + " "
		}
	}
	for key, membership := range x.membershipBetween {
		say(fmt.Sprint("between ", key), membership.ID)
	}
	for key, sessions := range x.sessionsOf {
		for _, session := range sessions {
			lines["sessions of "+key] += session.ID + " "
		}
	}
	for name, m := range map[string]map[string][]*Invitation{"invitations of ": x.invitationsOf,
		"pending of ": x.pendingOf} {
		for key, invitations := range m {
			for _, invitation := range invitations {
				lines[name+key] += invitation.ID + " "
			}
		}
	}
	for ticket, invitation := range x.invitationByTicket {
		say("ticket "+ticket, invitation.ID)
	}
	for role, n := range x.membershipsWithRole {
		if n != 0 {
			say("role "+role, fmt.Sprint(n))
		}
	}
	return lines
}

func TestTheIndexIsWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	c := newTestClerk(t)
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(ids []string) string {
		if len(ids) == 0 {
			return "none"
		}
		return ids[random.IntN(len(ids))]
	}
	taken := 0
	for step := range 1500 {
		var users, addresses, organizations, invitations, roles []string
		for _, user := range c.index.users.Items() {
			users = append(users, user.ID)
		}
		addresses = slices.Sorted(maps.Keys(c.index.userByAddress))
		for _, organization := range c.index.organizations.Items() {
			organizations = append(organizations, organization.ID)
		}
		for invitation := range c.state.Invitations.Oldest() {
			invitations = append(invitations, invitation.ID)
		}
		for role := range c.state.Roles.Oldest() {
			roles = append(roles, role.RoleKey)
		}
		user, organization, n := pick(users), pick(organizations), random.IntN(12)
		operations := []struct{ method, path, body string }{
			{"POST", "/users", fmt.Sprintf(`{"email_address":["U%d@example.com"],"external_id":"e%d","username":"name_%d","created_at":"1999-01-%02dT00:00:00Z"}`, n, n, n, n+1)},
			{"PATCH", "/users/" + user, fmt.Sprintf(`{"external_id":"e%d","username":"name_%d"}`, n, random.IntN(12))},
			{"PATCH", "/users/" + user, `{"external_id":null,"created_at":"1999-02-01T00:00:00Z"}`},
			{"POST", "/email_addresses", fmt.Sprintf(`{"user_id":"%s","email_address":"u%d@example.com","verified":%t}`, user,
				n, n%2 == 0)},
			{"DELETE", "/email_addresses/" + pick(addresses), ""},
			{"PATCH", "/email_addresses/" + pick(addresses), `{"verified":true,"primary":true}`},
			{"PUT", "/users/" + user + "/email_address", fmt.Sprintf(`{"email_address":"u%d@example.com"}`, n)},
			{"DELETE", "/users/" + user, ""},
			{"POST", "/organizations", fmt.Sprintf(`{"name":"Org %d","created_by":"%s"}`, n, user)},
			{"PATCH", "/organizations/" + organization, fmt.Sprintf(`{"slug":"org-%d"}`, n)},
			{"DELETE", "/organizations/" + organization, ""},
			{"POST", "/organizations/" + organization + "/memberships", `{"user_id":"` + user + `","role":"` + pick(roles) +
				`"}`},
			{"PATCH", "/organizations/" + organization + "/memberships/" + user, `{"role":"` + pick(roles) + `"}`},
			{"DELETE", "/organizations/" + organization + "/memberships/" + user, ""},
			{"POST", "/organizations/" + organization + "/invitations",
				fmt.Sprintf(`{"email_address":"u%d@example.com","role":"%s"}`, n, pick(roles))},
			{"POST", "/organizations/" + organization + "/invitations/" + pick(invitations) + "/revoke", ""},
			{"POST", "/sessions", `{"user_id":"` + user + `"}`},
			{"POST", "/organization_roles", fmt.Sprintf(`{"name":"R","key":"org:r%d"}`, n)},
			{"POST", "/users", fmt.Sprintf(`{"username":"other_%d"}`, n)},
		}
		operation := operations[random.IntN(len(operations))]
		if status := c.request(t, operation.method, operation.path, operation.body); status == http.StatusOK {
			taken++
		} else if status >= 500 {
			t.Fatalf("step %d: %v answers %d", step, operation, status)
		}
		c.limits = api.NewLimits(0)
		if step%10 == 0 {
			c.world.Advance(time.Duration(random.IntN(100)) * time.Hour)
			if diff := cmp.Diff(newIndex(c.state).described(), c.index.described()); diff != "" {
				t.Fatalf("after step %d, %v (-tables +index):\n%s", step, operation, diff)
			}
		}
	}
	if taken < 500 {
		t.Errorf("only %d requests were taken", taken)
	}
}
