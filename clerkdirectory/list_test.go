package clerkdirectory

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// entry is a user or organization in a listing.
type entry struct {
	ID      string `json:"id"`
	Created int64  `json:"created_at"`
}

func entries(prefix string, n int) []entry {
	all := make([]entry, n)
	for i := range all {
		all[i] = entry{fmt.Sprintf("%s%05d", prefix, i), int64(1000 + i/3)} // some in the same millisecond
	}
	return all
}

// listing serves users by cursor and organizations by offset, in the order of creation. It
// calls between before every page except the first.
func listing(t *testing.T, all *[]entry, between func()) *Client {
	calls := 0
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls > 1 {
			between()
		}
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		if q.Get("order_by") != "created_at" || limit < 1 || limit > 500 {
			http.Error(w, "unexpected "+r.URL.RawQuery, http.StatusBadRequest)
			return
		}
		start, _ := strconv.Atoi(q.Get("offset"))
		if after := q.Get("starting_after"); after != "" {
			if start = 1 + slices.IndexFunc(*all, func(e entry) bool { return e.ID == after }); start == 0 {
				w.WriteHeader(422)
				_, _ = w.Write([]byte(refused("form_param_value_invalid")))
				return
			}
		}
		page := append([]entry{}, (*all)[min(start, len(*all)):min(start+limit, len(*all))]...)
		var answer any = page
		if r.URL.Path == "/v1/organizations" {
			answer = map[string]any{"data": page, "total_count": len(*all)}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// everybody lists to the end and counts how often each account appears.
func everybody(t *testing.T, client *Client, kind lockstep.Kind) (seen map[string]int, pages int) {
	t.Helper()
	seen = map[string]int{}
	for cursor := ""; ; {
		page, next, err := client.Identities(t.Context(), kind, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page {
			if i.Account.Kind != kind {
				t.Fatalf("%v is no %s", i.Account, kind)
			}
			seen[i.Account.ID]++
		}
		if pages++; pages > 100 {
			t.Fatal("the listing does not end")
		}
		if next == "" {
			return seen, pages
		}
		cursor = next
	}
}

func TestIdentitiesListsEverybody(t *testing.T) {
	for _, kind := range []lockstep.Kind{lockstep.User, lockstep.Organization} {
		for _, n := range []int{0, 1, 499, 500, 501, 1000, 1203} {
			all := entries("x", n)
			seen, _ := everybody(t, listing(t, &all, func() {}), kind)
			if len(seen) != n {
				t.Errorf("%s: %d of %d are listed", kind, len(seen), n)
			}
		}
	}
}

// Whatever is deleted and created between two pages, the listing contains everyone who
// exists all the time.
func TestIdentitiesSkipsNobody(t *testing.T) {
	for _, kind := range []lockstep.Kind{lockstep.User, lockstep.Organization} {
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 1))
			all := entries("x", 1300)
			listed := 0 // how far, about, the listing has come
			client := listing(t, &all, func() {
				listed += 500
				for range min(r.IntN(400), len(all)/2) {
					at := r.IntN(min(listed, len(all)))
					if r.IntN(4) == 0 {
						at = max(0, min(listed, len(all))-1-r.IntN(3)) // those that a cursor may name
					}
					all = slices.Delete(all, at, at+1)
				}
				all = append(all, entry{fmt.Sprintf("y%05d", listed), 9000 + int64(listed)})
			})
			seen, _ := everybody(t, client, kind)
			for _, e := range all {
				if e.ID[0] == 'x' && seen[e.ID] == 0 {
					t.Errorf("%s, seed %d: %s is skipped", kind, seed, e.ID)
					break
				}
			}
		}
	}
}

func TestQuietListingCostsOneRequestAPage(t *testing.T) {
	for kind, want := range map[lockstep.Kind]int{lockstep.User: 3, lockstep.Organization: 3} {
		all, requests := entries("x", 1203), 1
		_, pages := everybody(t, listing(t, &all, func() { requests++ }), kind)
		if requests != want || pages != want {
			t.Errorf("%s: %d requests, %d pages", kind, requests, pages)
		}
	}
}

func TestListsAreNotShortened(t *testing.T) {
	for name, c := range map[string]struct {
		kind   lockstep.Kind
		answer string
		cursor string
	}{
		"users that are an object":      {lockstep.User, `{"data":[]}`, ""},
		"users that are null":           {lockstep.User, `null`, ""},
		"user without an id":            {lockstep.User, `[{"id":"user_1"},{"id":null}]`, ""},
		"organizations that are a list": {lockstep.Organization, `[]`, ""},
		"organizations without data":    {lockstep.Organization, `{"total_count":0}`, ""},
		"organization without an id":    {lockstep.Organization, `{"data":[{}]}`, ""},
		"cursor of something else":      {lockstep.Organization, `{"data":[]}`, "user_1,user_2"},
		"offset before the beginning":   {lockstep.Organization, `{"data":[]}`, "-5,1,org_1"},
		"a kind that there is not":      {"team", `[]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if page, next, err := serve(t, answering(200, c.answer)).Identities(t.Context(), c.kind, c.cursor); err == nil {
				t.Fatalf("%v %q", page, next)
			}
		})
	}
}
