package simtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// use restarts the service with another Clerk key.
func (w *world) use(key string) {
	w.service.end(w.t)
	w.change = func(c *server.Config) { c.Clerk.Key = lockstep.Secret(key) }
	w.service = w.boot()
}

// atClerk sends JSON to the Clerk simulator, as an import script does.
func (w *world) atClerk(method, key, path string, body map[string]any) {
	w.t.Helper()
	if status, err := w.call(context.Background(), method, "http://"+clerkHost+path, key, body, nil); err != nil ||
		status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
}

// business is a company of which one user also has a license.
func (w *world) business(users int) (ids []string) {
	ids = w.company(users)
	w.mustBuy("user/"+ids[0], "life")
	time.Sleep(time.Minute)
	return ids
}

// accept is what an operator does with lockstep instance accept.
func (w *world) accept(id string) (status int) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/instance/accept", apiKey,
		map[string]any{"id": id}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// written counts what has changed anything at Stripe or Clerk.
func (w *world) written() int {
	return w.sim.CountRequests(func(e simulator.Entry) bool {
		return e.Method != http.MethodGet &&
			strings.HasPrefix(e.Path, "/")
	})
}

// holders counts the customers that are not deleted, of whom none has two.
func (w *world) holders() (alive int) {
	w.t.Helper()
	by := map[string]int{}
	for _, c := range w.sim.Customers() {
		if !c.Deleted {
			by[c.Email]++
			alive++
		}
	}
	for email, n := range by {
		if n > 1 {
			w.t.Errorf("%s has %d customers", email, n)
		}
	}
	return alive
}

// said reports what the metadata of a user at Clerk says of their plan.
func (w *world) said(key, user string) (plan string) {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+clerkHost+"/v1/users/"+user, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	var answer struct {
		Metadata struct{ Plan string } `json:"public_metadata"`
	}
	if status, err := w.send(request, &answer); err != nil || status != http.StatusOK {
		w.t.Fatalf("ask Clerk for %s: %d %v", user, status, err)
	}
	return answer.Metadata.Plan
}

// TestAnotherClerkInstanceWithTheSamePeople (C13): under the key of another instance nothing
// is deleted or created; when an operator has accepted it, everybody has what they paid for
// under their new id.
func TestAnotherClerkInstanceWithTheSamePeople(t *testing.T) {
	for _, c := range []struct {
		users    int
		announce bool
	}{{24, true}, {24, false}, {4, true}, {4, false}} {
		t.Run(fmt.Sprintf("%d users, announced %v", c.users, c.announce), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				users := w.business(c.users)
				moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: c.announce})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // some events of the new instance come before its key
				w.use(moved.Key)
				before := w.written()
				time.Sleep(3 * 24 * time.Hour)
				if w.lost() != 0 || w.holders() != c.users || w.written() != before {
					t.Fatalf("before it is accepted: %d customers deleted, %d alive, %d writes", w.lost(), w.holders(),
						w.written()-before)
				}
				if a := w.ask("user/" + users[1]); !a.Access.Active || a.State != "active" {
					t.Errorf("a read before it is accepted: %+v", a)
				}
				w.newcomers(moved, users)
				if w.accept(moved.Instance) != http.StatusOK {
					t.Fatal("it cannot be accepted")
				}
				time.Sleep(10 * time.Minute)
				w.carriedOver(moved, users)
				time.Sleep(3 * 24 * time.Hour) // and the sweeps see nobody missing
				w.carriedOver(moved, users)
			})
		})
	}
}

// newcomers has somebody sign up who was never here, while the instance waits.
func (w *world) newcomers(moved simulator.ClerkMoved, users []string) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": "user/" + moved.Users[users[0]], "lookup_key": "pro",
			"success_url": "https://app.test/"}, nil)
	if err != nil || status != http.StatusServiceUnavailable {
		w.t.Errorf("a checkout before it is accepted: %d %v", status, err)
	}
	if status := w.accept("ins_somebody"); status != http.StatusConflict {
		w.t.Errorf("an instance of nobody's key is accepted: %d", status)
	}
}

// carriedOver makes sure that everybody has their own under the new id.
func (w *world) carriedOver(moved simulator.ClerkMoved, users []string) {
	w.t.Helper()
	if w.lost() != 0 || w.holders() != len(users) {
		w.t.Errorf("%d customers deleted, %d alive of %d", w.lost(), w.holders(), len(users))
	}
	named := map[string]bool{}
	for _, c := range w.sim.Customers() {
		named[c.Metadata["lockstepAccount"]] = true
	}
	for n, old := range users {
		id := moved.Users[old]
		a := w.ask("user/" + id)
		if !a.Access.Active || a.CustomerID == "" || a.Pending || a.Problem != "" {
			w.t.Errorf("user %d: %+v", n, a)
		}
		if n == 0 && len(a.Access.Reasons) != 2 {
			w.t.Errorf("the license is not carried over: %+v", a.Access.Reasons)
		}
		if plan := w.said(moved.Key, id); plan == "" {
			w.t.Errorf("the metadata of user %d does not say their plan", n)
		}
		if !named["user/"+id] {
			w.t.Errorf("no customer names user %d", n)
		}
		if status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/user/"+old,
			apiKey, nil, nil); err != nil || status != http.StatusNotFound {
			w.t.Errorf("the former account: %d %v", status, err)
		}
	}
}

// TestAPaymentUnderAFormerIdFindsItsAccount: what was under way when the business moved.
func TestAPaymentUnderAFormerIdFindsItsAccount(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(2)
		var session struct{ ID string }
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
			map[string]any{"account": "user/" + users[0], "lookup_key": "life", "success_url": "https://app.test/"}, &session)
		if err != nil || status != http.StatusOK {
			t.Fatalf("checkout: %d %v", status, err)
		}
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		if w.accept(moved.Instance) != http.StatusOK {
			t.Fatal("it cannot be accepted")
		}
		time.Sleep(time.Minute)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		// A guest pays by a link that was made for the former id.
		w.stripe("/v1/checkout/sessions", map[string][]string{"mode": {"payment"},
			"line_items[0][price]": {w.prices["pass"]}, "line_items[0][quantity]": {"1"},
			"success_url": {"https://app.test/"}, "client_reference_id": {users[1]}}, &session)
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		for n, kind := range []string{"user.updated", "user.deleted"} { // late, of the former instance
			body := fmt.Sprintf(`{"data":{"id":%q,"deleted":true},"object":"event","type":%q,"timestamp":1,"instance_id":"ins_1"}`, users[0], kind)
			if status, err := w.deliver(lockstep.Clerk, fmt.Sprint("late", n), []byte(body)); err != nil ||
				status != http.StatusOK {
				t.Fatalf("a late event: %d %v", status, err)
			}
			time.Sleep(10 * time.Minute)
			if parked := w.parked(); len(parked) != 0 {
				t.Errorf("after a late %s: %v", kind, parked)
			}
		}
		for n, old := range users {
			if a := w.ask("user/" + moved.Users[old]); len(a.Access.Reasons) != 2 || a.State != "active" {
				t.Errorf("user %d: %+v", n, a)
			}
		}
		if w.lost() != 0 || len(w.parked()) != 0 {
			t.Errorf("%d customers deleted, parked: %v", w.lost(), w.parked())
		}
	})
}

// TestWhoHasNoExternalIDIsLeftToAnOperator: the former account keeps its billing, a candidate
// gets no second customer, and lockstep link decides.
func TestWhoHasNoExternalIDIsLeftToAnOperator(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(3)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range users[:2] {
			w.atClerk(http.MethodPatch, moved.Key, "/v1/users/"+moved.Users[old], map[string]any{"external_id": "legacy-" + old})
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(3 * 24 * time.Hour)
		if w.lost() != 0 || w.holders() != 3 {
			t.Fatalf("%d customers deleted, %d alive", w.lost(), w.holders())
		}
		// Neither a late event of the former instance nor one of Stripe's takes anything away.
		body := fmt.Sprintf(`{"data":{"id":%q,"deleted":true},"object":"event","type":"user.deleted","timestamp":1,"instance_id":"ins_1"}`, users[0])
		if status, err := w.deliver(lockstep.Clerk, "late", []byte(body)); err != nil || status != http.StatusOK {
			t.Fatalf("a late event: %d %v", status, err)
		}
		for _, s := range w.sim.Subscriptions() {
			w.stripe("/v1/subscriptions/"+s.ID, url.Values{"cancel_at_period_end": {"true"}}, nil)
		}
		time.Sleep(time.Hour)
		for n, old := range users[:2] {
			former := w.ask("user/" + old)
			if former.State != "active" || !former.Access.Active || former.Problem != "" || former.Pending {
				t.Errorf("former account %d: %+v", n, former)
			}
			if a := w.ask("user/" + moved.Users[old]); a.Access.Active || a.CustomerID != "" {
				t.Errorf("candidate %d: %+v", n, a)
			}
		}
		var shown struct {
			Former []struct{ Account, Customer string }
		}
		if status, err := w.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/instance", apiKey, nil,
			&shown); err != nil || status != http.StatusOK || len(shown.Former) != 2 {
			t.Errorf("shown: %d %v %+v", status, err, shown)
		}
		for object, account := range map[string]string{
			"user/" + users[0]:                   "user/" + moved.Users[users[0]],
			w.ask("user/" + users[1]).CustomerID: "user/" + moved.Users[users[1]],
		} {
			if status := w.link(object, account); status != http.StatusAccepted {
				t.Errorf("link %s: %d", object, status)
			}
		}
		if status := w.link("user/"+moved.Users[users[2]], "user/"+moved.Users[users[0]]); status != http.StatusConflict {
			t.Errorf("an account of the accepted instance is given away: %d", status)
		}
		time.Sleep(10 * time.Minute)
		w.carriedOver(moved, users)
	})
}

// TestTheSameInstanceWithARotatedKey: nothing happens.
func TestTheSameInstanceWithARotatedKey(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(4)
		rotated := clerkKey + "_rotated"
		w.rotated = rotated
		w.use(rotated)
		before := w.written()
		time.Sleep(2 * 24 * time.Hour)
		if w.lost() != 0 || w.written() != before {
			t.Errorf("%d customers deleted, %d writes", w.lost(), w.written()-before)
		}
		w.mustBuy("user/"+users[0], "life")
	})
}

// TestAnInstanceThatCannotBeRead: with a key that was read before, work goes on; with another
// key it waits until Clerk answers, and does not guess.
func TestAnInstanceThatCannotBeRead(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(4)
		reads := func() int {
			return w.sim.CountRequests(func(e simulator.Entry) bool { return strings.HasSuffix(e.Path, "/instance") })
		}
		read := reads()
		w.use(clerkKey)
		time.Sleep(time.Hour)
		if reads() != read {
			t.Error("the instance of a known key was read again")
		}
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		down := http.Handler(http.HandlerFunc(func(rw http.ResponseWriter,
			_ *http.Request) {
			rw.WriteHeader(http.StatusBadGateway)
		}))
		w.clerkIs.Store(&down)
		w.use(moved.Key)
		before := w.written()
		time.Sleep(24 * time.Hour)
		if w.lost() != 0 || w.written() != before || w.accept(moved.Instance) != http.StatusConflict {
			t.Errorf("while Clerk is down: %d customers deleted, %d writes", w.lost(), w.written()-before)
		}
		w.clerkIs.Store(nil)
		time.Sleep(time.Hour)
		if w.lost() != 0 || w.written() != before || w.accept(moved.Instance) != http.StatusOK {
			t.Errorf("when Clerk is back: %d customers deleted, %d writes", w.lost(), w.written()-before)
		}
		time.Sleep(10 * time.Minute)
		w.carriedOver(moved, users)
	})
}

// TestAnInstanceThatIsSwitchedBack: before it was accepted nothing has happened; after that,
// everybody gets their own again under the former id.
func TestAnInstanceThatIsSwitchedBack(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(4)
		first := w.sim.ClerkInstances()[0]
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: true})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(24 * time.Hour)
		if err := w.sim.UseClerkInstance(first); err != nil {
			t.Fatal(err)
		}
		w.use(clerkKey)
		time.Sleep(24 * time.Hour)
		for n, id := range users {
			if a := w.ask("user/" + id); !a.Access.Active || a.Problem != "" {
				t.Errorf("switched back before: user %d: %+v", n, a)
			}
		}
		if err := w.sim.UseClerkInstance(moved.Instance); err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(10 * time.Minute)
		w.carriedOver(moved, users)
		if err := w.sim.UseClerkInstance(first); err != nil {
			t.Fatal(err)
		}
		w.use(clerkKey)
		time.Sleep(24 * time.Hour)
		if w.lost() != 0 || w.holders() != 4 {
			t.Errorf("%d customers deleted, %d alive", w.lost(), w.holders())
		}
		w.accept(first)
		time.Sleep(24 * time.Hour)
		back := simulator.ClerkMoved{Key: clerkKey, Users: map[string]string{}}
		var ids []string
		for old, id := range moved.Users {
			back.Users[id], ids = old, append(ids, id)
		}
		w.holds(back, ids)
	})
}

// holds is carriedOver without the license that only some have.
func (w *world) holds(moved simulator.ClerkMoved, users []string) {
	w.t.Helper()
	for _, id := range users {
		a := w.ask("user/" + moved.Users[id])
		if !a.Access.Active || a.Problem != "" || a.CustomerID == "" {
			w.t.Errorf("user %s: %+v", moved.Users[id], a)
		}
	}
	if w.lost() != 0 || w.holders() != len(users) {
		w.t.Errorf("%d customers deleted, %d alive", w.lost(), w.holders())
	}
}

// TestAKeyOfStripesOtherModeTakesNothingAway: nor does it sell anything.
func TestAKeyOfStripesOtherModeTakesNothingAway(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(2)
		if _, err := w.service.store.MeetInstance(t.Context(), lockstep.Stripe, "test", "another key"); err != nil {
			t.Fatal(err)
		}
		store := w.service.store
		accepted, err := store.Instance(t.Context(), lockstep.Stripe)
		if err != nil || accepted.ID != "test" {
			t.Fatalf("the mode is not stored: %+v %v", accepted, err)
		}
		if _, err := store.MeetInstance(t.Context(), lockstep.Stripe, "live", "live key"); err != nil {
			t.Fatal(err)
		}
		if _, err := store.AcceptInstance(t.Context(), lockstep.Stripe, "live"); err != nil {
			t.Fatal(err)
		}
		before := w.written()
		w.use(clerkKey)
		if err := w.sim.DeleteUser(users[0]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if w.lost() != 0 || w.written() != before {
			t.Errorf("%d customers deleted, %d writes", w.lost(), w.written()-before)
		}
		if status := w.accept("test"); status != http.StatusUnprocessableEntity {
			t.Errorf("a mode is accepted: %d", status)
		}
	})
}

// TestAnAbsenceIsConfirmed: one list and one 404 that are wrong end nobody's billing; a
// deletion event and a 404 do.
func TestAnAbsenceIsConfirmed(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.company(3)
		hidden := users[0]
		hiding := http.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.hide(rw, r, hidden)
		}))
		w.clerkIs.Store(&hiding)
		time.Sleep(listEvery + time.Hour)
		if w.lost() != 0 || !w.ask("user/"+hidden).Access.Active {
			t.Errorf("one sweep: %d customers deleted", w.lost())
		}
		w.clerkIs.Store(nil)
		time.Sleep(listEvery)
		w.clerkIs.Store(&hiding) // it begins anew
		time.Sleep(listEvery)
		if w.lost() != 0 {
			t.Errorf("two sweeps that are not one after the other: %d customers deleted", w.lost())
		}
		time.Sleep(2 * listEvery)
		if w.lost() != 1 {
			t.Errorf("two sweeps: %d customers deleted, want 1", w.lost())
		}
		w.clerkIs.Store(nil)
		if err := w.sim.DeleteUser(users[1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if w.lost() != 2 {
			t.Errorf("a deletion event: %d customers deleted, want 2", w.lost())
		}
	})
}

// hide answers as Clerk does, without a user.
func (w *world) hide(rw http.ResponseWriter, r *http.Request, user string) {
	if strings.HasSuffix(r.URL.Path, "/"+user) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusNotFound)
		_, _ = rw.Write([]byte(`{"errors":[{"message":"not found","code":"resource_not_found"}]}`))
		return
	}
	if r.URL.Path != "/v1/users" {
		w.sim.ClerkHandler().ServeHTTP(rw, r)
		return
	}
	whole := &recorded{header: http.Header{}}
	w.sim.ClerkHandler().ServeHTTP(whole, r)
	var listed, left []map[string]any
	if err := json.Unmarshal(whole.body, &listed); err != nil {
		w.t.Error(err)
	}
	for _, u := range listed {
		if u["id"] != user {
			left = append(left, u)
		}
	}
	rw.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(rw).Encode(left); err != nil {
		w.t.Error(err)
	}
}

// recorded keeps an answer.
type recorded struct {
	header http.Header
	body   []byte
}

func (r *recorded) Header() http.Header { return r.header }
func (r *recorded) WriteHeader(int)     {}
func (r *recorded) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}

// TestAMoveSurvivesKills: the process dies at each kind of call with which accounts are carried
// over, before it and after it.
func TestAMoveSurvivesKills(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(12)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		w.service.kill()
		died := 0
		for range 4 {
			for _, at := range []struct{ method, path string }{{http.MethodPost, "/v1/customers/"},
				{http.MethodPatch, "/v1/users/"}, {http.MethodGet, "/v1/users"}} {
				for _, answered := range []bool{false, true} {
					w.doom = &doom{method: at.method, path: at.path, answered: answered, struck: make(chan struct{})}
					w.service = w.boot()
					select {
					case <-w.doom.struck:
						died++
					case <-time.After(10 * time.Minute): // until the leases of the dead are over, and longer
					}
					w.service.kill()
				}
			}
		}
		if died < 8 {
			t.Errorf("the process died %d times only", died)
		}
		w.doom = nil
		w.service = w.boot()
		time.Sleep(2 * time.Hour)
		w.carriedOver(moved, users)
	})
}

// TestAnOrganizationMovesByAnOperatorsWord: Clerk gives organizations no external_id. Who paid
// for it is known under their new id.
func TestAnOrganizationMovesByAnOperatorsWord(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(2)
		org, err := w.sim.CreateOrganization("Engines", users[1])
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var session struct{ ID string }
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
			map[string]any{"account": "organization/" + org.ID, "paid_by": users[1], "lookup_key": "pro",
				"success_url": "https://app.test/"}, &session)
		if err != nil || status != http.StatusOK {
			t.Fatalf("checkout: %d %v", status, err)
		}
		if err := w.sim.PayCheckout(session.ID, "4242424242424242"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(2 * 24 * time.Hour)
		if a := w.ask("organization/" + org.ID); !a.Access.Active || a.State != "active" || a.Problem != "" {
			t.Errorf("the former organization: %+v", a)
		}
		if status := w.link("organization/"+org.ID, "user/"+moved.Users[users[0]]); status != http.StatusUnprocessableEntity {
			t.Errorf("to another kind of account: %d", status)
		}
		next := "organization/" + moved.Organizations[org.ID]
		if status := w.link("organization/"+org.ID, next); status != http.StatusAccepted {
			t.Fatalf("link: %d", status)
		}
		time.Sleep(10 * time.Minute)
		if a := w.ask(next); !a.Access.Active || a.Access.Plan != "pro" || a.CustomerID == "" || a.Problem != "" {
			t.Errorf("the organization: %+v", a)
		}
		payer, err := w.service.store.Account(t.Context(), lockstep.Account{Kind: lockstep.User, ID: moved.Users[users[1]]})
		if err != nil || len(payer.PaysFor) != 1 {
			t.Errorf("who paid for it: %+v %v", payer.PaysFor, err)
		}
		if w.lost() != 0 {
			t.Errorf("%d customers deleted", w.lost())
		}
	})
}
