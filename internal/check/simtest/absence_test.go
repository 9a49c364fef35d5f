package simtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAnAbsenceIsConfirmed: one wrong list and one wrong 404 end nobody's billing. A deletion event and a 404 do.
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
		w.clerkIs.Store(&hiding) // the confirmation starts over
		time.Sleep(listEvery)
		if w.lost() != 0 {
			t.Errorf("two sweeps with a complete list between them: %d customers deleted", w.lost())
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

// hide answers as Clerk would without that user.
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

func (r *recorded) WriteHeader(int) {}

func (r *recorded) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return len(b), nil
}
