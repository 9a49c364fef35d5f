package clerksim_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// crowd creates users a to f, an hour apart. a and b are in Acme, and b is banned.
func crowd(t *testing.T, b *bench) (ids map[string]string, acme simulator.ClerkOrganization) {
	t.Helper()
	ids = map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		answer := b.backend("POST", "/users", fmt.Sprintf(
			`{"email_address":["%s@example.com"],"external_id":"ext-%s","username":"name_%s","first_name":"First %s"}`, name,
			name, name, strings.ToUpper(name))).ok()
		ids[name] = answer.text("id")
		time.Sleep(time.Hour)
	}
	acme, err := b.CreateOrganization("Acme", ids["a"])
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddMember(acme.ID, ids["b"], ""); err != nil {
		t.Fatal(err)
	}
	b.backend("POST", "/users/"+ids["b"]+"/ban", "").ok()
	return ids, acme
}

func TestUsersAreListedByEveryFilter(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ids, acme := crowd(t, b)
		if _, err := b.SessionToken(ids["c"], ""); err != nil {
			t.Fatal(err)
		}
		hours := func(n int) string {
			return strconv.FormatInt(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n)*time.Hour).UnixMilli(), 10)
		}
		for query, want := range map[string]string{
			"":                            "fedcba",
			"order_by=created_at":         "abcdef",
			"order_by=%2Bcreated_at":      "abcdef",
			"order_by=+created_at":        "abcdef", // a plus that was not encoded
			"order_by=-created_at":        "fedcba",
			"order_by=-first_name":        "fedcba",
			"order_by=username":           "abcdef",
			"order_by=email_address":      "abcdef",
			"order_by=-last_sign_in_at":   "cfedba",
			"order_by=-last_active_at":    "cfedba",
			"limit=2&offset=1":            "ed",
			"limit=2&offset=5":            "a",
			"offset=9":                    "",
			"user_id=%[a]s&user_id=%[c]s": "ca",
			"user_id[]=%[a]s&user_id[]=%[c]s&user_id=user_x": "ca",
			"user_id=-%[a]s":    "fedcb",
			"user_id=%%2B%[a]s": "a",
			"user_id=+%[a]s&user_id=+%[b]s&user_id=-%[b]s":     "a",
			"external_id=ext-b&external_id=-ext-c":             "b",
			"external_id=-ext-c":                               "fedba",
			"email_address=B@EXAMPLE.com&email_address=n@x.de": "b",
			"username=NAME_d":                                  "d",
			"phone_number=%%2B15550100":                        "",
			"web3_wallet=0x1":                                  "",
			"organization_id=%[acme]s":                         "ba",
			"organization_id=-%[acme]s":                        "fedc",
			"organization_id=org_x":                            "",
			"organization_id=%[acme]s&username=name_a":         "a",
			"query=FIRST+e":                                    "e",
			"query=b@exam":                                     "b",
			"query=%[d]s":                                      "d",
			"name_query=first+f":                               "f",
			"email_address_query=C@":                           "c",
			"username_query=e_a":                               "a",
			"phone_number_query=555":                           "",
			"banned=true":                                      "b",
			"banned=false":                                     "fedca",
			"created_at_after=" + hours(2):                     "fed",
			"created_at_before=" + hours(2):                    "ba",
			"last_sign_in_at_after=" + hours(0):                "c",
			"last_active_at_since=" + hours(0):                 "c",
			"last_active_at_after=" + hours(0):                 "",
			"last_active_at_before=" + hours(1):                "c",
			"provider=oauth_google&provider_user_id=1":         "",
		} {
			for name, id := range ids {
				query = strings.ReplaceAll(query, "%["+name+"]s", id)
			}
			query = strings.ReplaceAll(strings.ReplaceAll(query, "%[acme]s", acme.ID), "%%", "%")
			got := ""
			for _, email := range b.backend("GET", "/users?"+query, "").ok().all("username") {
				got += strings.TrimPrefix(email, "name_")
			}
			if got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if !values.Has("limit") && !values.Has("offset") {
				if count := b.backend("GET", "/users/count?"+query, "").ok(); count.at("total_count") != float64(len(want)) ||
					count.text("object") != "total_count" {
					t.Errorf("%s counts %v, want %d", query, count.value, len(want))
				}
			}
		}
	})
}

func TestUsersArePagedByACursorThatHasItsRules(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ids, _ := crowd(t, b)
		page := func(query string) string {
			got := ""
			for _, name := range b.backend("GET", "/users?limit=2&"+query, "").ok().all("username") {
				got += strings.TrimPrefix(name, "name_")
			}
			return got
		}
		for query, want := range map[string]string{
			"starting_after=" + ids["e"]:                                        "dc",
			"starting_after=" + ids["a"]:                                        "",
			"order_by=created_at&starting_after=" + ids["a"]:                    "bc",
			"order_by=%2Bcreated_at&starting_after=" + ids["e"]:                 "f",
			"order_by=-created_at&banned=false&starting_after=" + ids["c"]:      "a",
			"user_id=" + ids["a"] + "&user_id=-x&starting_after=" + ids["e"]:    "a", // the cursor need not match
			"user_id=" + ids["f"] + "&starting_after=" + ids["e"]:               "",
			"username=name_a&order_by=created_at&starting_after=" + ids["a"]:    "",
			"username=name_b&order_by=created_at&starting_after=" + ids["a"]:    "b",
			"created_at_after=1&order_by=created_at&starting_after=" + ids["e"]: "f",
			"email_address_query=example&order_by=-created_at&offset=0":         "fe",
		} {
			if got := page(query); got != want {
				t.Errorf("%s lists %q, want %q", query, got, want)
			}
		}
		b.backend("GET", "/users?order_by=email_address&starting_after="+ids["a"], "").refused(422,
			"form_conditional_param_disallowed")
		b.backend("GET", "/users?offset=1&starting_after="+ids["a"], "").refused(422, "form_conditional_param_disallowed")
		b.backend("GET", "/users?starting_after=user_x", "").refused(404, "resource_not_found")
		// A user with the earliest created_at comes last, and the cursor still works.
		old := b.backend("POST", "/users", `{"username":"name_z","created_at":"1999-01-02T03:04:05.678Z"}`).ok()
		if got := page("starting_after=" + ids["a"]); got != "z" ||
			old.at("created_at") != float64(time.Date(1999, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMilli()) {
			t.Errorf("after the oldest comes %q, created at %v", got, old.at("created_at"))
		}
	})
}

func TestAListRefusesWhatClerkRefuses(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		many := strings.Repeat("user_id=x&", 101)
		for query, code := range map[string]string{
			"limit=0": "form_param_value_invalid", "limit=501": "form_param_value_invalid",
			"limit=ten": "form_param_value_invalid",
			"offset=-1": "form_param_value_invalid", "order_by=password": "form_param_value_invalid",
			"banned=perhaps":             "form_param_value_invalid",
			"created_at_after=yesterday": "form_param_invalid_date", "bogus=1": "form_param_unknown",
			"user_id[0]=x": "form_param_unknown",
			many:           "form_param_array_size_exceeded", "provider=oauth_google": "form_conditional_param_missing",
		} {
			b.backend("GET", "/users?"+query, "").refused(422, code)
		}
		b.backend("GET", "/users?limit=500", "").ok()
	})
}
