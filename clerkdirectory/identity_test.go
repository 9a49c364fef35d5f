package clerkdirectory

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lockstep-dev/lockstep"
)

func TestIdentity(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   lockstep.Identity
	}{
		"user": {
			`{"id":"user_1","object":"user","first_name":" Ada ","last_name":"Lovelace","primary_email_address_id":"idn_2","updated_at":1767225600123,
			  "email_addresses":[{"id":"idn_1","email_address":"old@example.com"},{"id":"idn_2","email_address":"ada@example.com"}],
			  "public_metadata":{"plan":"pro","billing":{"seats":3}},"private_metadata":null,"unsafe_metadata":{"plan":"gold"}}`,
			lockstep.Identity{Account: user, Email: "ada@example.com", Name: "Ada Lovelace", UpdatedAt: 1767225600123,
				Metadata: map[string]any{"plan": "pro", "billing": map[string]any{"seats": 3.0}}},
		},
		"user without names": {
			`{"id":"user_1","first_name":null,"last_name":"Lovelace","public_metadata":{}}`,
			lockstep.Identity{Account: user, Name: "Lovelace", Metadata: map[string]any{}},
		},
		"primary address that is not listed": {
			`{"id":"user_1","primary_email_address_id":"idn_9","email_addresses":[{"id":"idn_1","email_address":"old@example.com"}]}`,
			lockstep.Identity{Account: user},
		},
		"no primary address": {
			`{"id":"user_1","primary_email_address_id":null,"email_addresses":[{"id":"","email_address":"old@example.com"}]}`,
			lockstep.Identity{Account: user},
		},
		"of other types": {
			`{"id":"user_1","first_name":7,"email_addresses":{"id":"idn_1"},"primary_email_address_id":["idn_1"],"public_metadata":"pro","updated_at":"now"}`,
			lockstep.Identity{Account: user},
		},
		"organization": {
			`{"id":"org_1","name":"Acme","slug":"acme","updated_at":5,"public_metadata":{"plan":"team"}}`,
			lockstep.Identity{Slug: "acme", Account: org, Name: "Acme", UpdatedAt: 5, Metadata: map[string]any{"plan": "team"}},
		},
		"organization without members": {
			`{"id":"org_1","name":"Acme","members_count":0}`,
			lockstep.Identity{Account: org, Name: "Acme", Empty: true},
		},
		"organization without a count": {
			`{"id":"org_1","name":"Acme","members_count":null}`,
			lockstep.Identity{Account: org, Name: "Acme"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, answering(200, c.answer))
			got, err := client.Identity(t.Context(), c.want.Account)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestMergeMetadataSendsOurKeysOnly(t *testing.T) {
	for account, path := range map[lockstep.Account]string{user: "/v1/users/user_1/metadata",
		org: "/v1/organizations/org_1/metadata"} {
		var line, body string
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			line, body = r.Method+" "+r.URL.Path, string(raw)
			_, _ = io.WriteString(w, `{"id":"x"}`)
		})
		if err := client.MergeMetadata(t.Context(), account,
			map[string]any{"plan": "pro", "stripeCustomerId": nil}); err != nil {
			t.Fatal(err)
		}
		if line != "PATCH "+path || body != `{"public_metadata":{"plan":"pro","stripeCustomerId":null}}` {
			t.Errorf("%s %s", line, body)
		}
	}
}

// TestCustomersInMetadataAreFound checks public and private metadata, under any key, but
// never unsafe metadata, which users write themselves.
func TestCustomersInMetadataAreFound(t *testing.T) {
	t.Parallel()
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/organizations") {
			_, _ = w.Write([]byte(`{"id":"org_1","slug":"engines","private_metadata":{"customer_id":"cus_org"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"id":"user_1","public_metadata":{"stripeCustomerId":"cus_2","note":"cus_ is a prefix","n":1},
			"private_metadata":{"billing":{"stripe_customer_id":"cus_1"},"again":"cus_2"},"unsafe_metadata":{"stripeCustomerId":"cus_evil"}}`))
	})
	identity, err := client.Identity(t.Context(), user)
	if err != nil || !slices.Equal(identity.CustomerIDs, []string{"cus_1", "cus_2"}) {
		t.Errorf("%v, %v", identity.CustomerIDs, err)
	}
	identity, err = client.Identity(t.Context(), org)
	if err != nil || !slices.Equal(identity.CustomerIDs, []string{"cus_org"}) || identity.Slug != "engines" {
		t.Errorf("%+v, %v", identity, err)
	}
}
