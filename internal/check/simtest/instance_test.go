package simtest

import (
	"context"
	"fmt"
	"net/http"
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

// atClerk sends JSON to the Clerk simulator, as an import script would.
func (w *world) atClerk(method, key, path string, body map[string]any) {
	w.t.Helper()
	if status, err := w.call(context.Background(), method, "http://"+clerkHost+path, key, body, nil); err != nil ||
		status != http.StatusOK {
		w.t.Fatalf("%s %s: %d %v", method, path, status, err)
	}
}

// business is a company in which one user also has a license.
func (w *world) business(users int) (ids []string) {
	ids = w.company(users)
	w.mustBuy("user/"+ids[0], "life")
	time.Sleep(time.Minute)
	return ids
}

// accept does what `lockstep instance accept` does.
func (w *world) accept(id string) (status int) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/instance/accept", apiKey,
		map[string]any{"id": id}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// written counts the calls that changed something at Stripe or Clerk.
func (w *world) written() int {
	return w.sim.CountRequests(func(e simulator.Entry) bool {
		return e.Method != http.MethodGet &&
			strings.HasPrefix(e.Path, "/")
	})
}

// holders counts the customers that are not deleted. No user may have two.
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

// said returns a user's plan in Clerk's metadata.
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

// TestAnotherClerkInstanceWithTheSamePeople (C13): under the key of another instance Lockstep deletes and creates
// nothing. Once an operator has accepted it, all users have what they paid for under their new ids.
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
				time.Sleep(time.Minute) // some events of the new instance arrive before its key
				w.use(moved.Key)
				before := w.written()
				time.Sleep(3 * 24 * time.Hour)
				if w.lost() != 0 || w.holders() != c.users || w.written() != before {
					t.Fatalf("before the instance is accepted: %d customers deleted, %d alive, %d writes", w.lost(), w.holders(),
						w.written()-before)
				}
				if a := w.ask("user/" + users[1]); !a.Access.Active || a.State != "active" {
					t.Errorf("a read before the instance is accepted: %+v", a)
				}
				w.newcomers(moved, users)
				if w.accept(moved.Instance) != http.StatusOK {
					t.Fatal("the instance cannot be accepted")
				}
				time.Sleep(10 * time.Minute)
				w.carriedOver(moved, users)
				time.Sleep(3 * 24 * time.Hour) // the sweeps find no account missing
				w.carriedOver(moved, users)
			})
		})
	}
}

// newcomers signs up a new user while the instance waits to be accepted.
func (w *world) newcomers(moved simulator.ClerkMoved, users []string) {
	w.t.Helper()
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": "user/" + moved.Users[users[0]], "lookup_key": "pro",
			"success_url": "https://app.test/"}, nil)
	if err != nil || status != http.StatusServiceUnavailable {
		w.t.Errorf("a checkout before the instance is accepted: %d %v", status, err)
	}
	if status := w.accept("ins_somebody"); status != http.StatusConflict {
		w.t.Errorf("accepting an instance whose key is not in use: %d", status)
	}
}

// carriedOver checks that all users have what they paid for under their new ids.
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
			w.t.Errorf("the license was not moved: %+v", a.Access.Reasons)
		}
		if plan := w.said(moved.Key, id); plan == "" {
			w.t.Errorf("the metadata of user %d lacks their plan", n)
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

// TestTheSameInstanceWithARotatedKey: a rotated key changes nothing.
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

// TestAnInstanceThatCannotBeRead: with a known key, work continues. With another key, it waits until Clerk answers
// instead of guessing.
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

// TestAnInstanceThatIsSwitchedBack: before the instance is accepted nothing has changed. After it, all users get what
// they paid for back under their former ids.
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
				t.Errorf("switched back before accepting: user %d: %+v", n, a)
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

// holds is carriedOver without the license that only one user has.
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

// TestAKeyOfStripesOtherModeChangesNothing: it takes nothing away and sells nothing.
func TestAKeyOfStripesOtherModeChangesNothing(t *testing.T) {
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
			t.Errorf("accepting a mode: %d", status)
		}
	})
}
