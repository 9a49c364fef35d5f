package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMemoryIsCurrentOnEveryReplica: after one replica writes an account, all replicas answer the new access from
// memory and send it to open event streams.
func TestMemoryIsCurrentOnEveryReplica(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 3})
	var mu sync.Mutex
	wrote := map[string]string{} // by user: the replica that last wrote the metadata
	f.meddling(func(from *replica, w http.ResponseWriter, r *http.Request, pass http.HandlerFunc) {
		pass(w, r)
		if path := strings.Split(r.URL.Path, "/"); r.Method == http.MethodPatch && path[len(path)-1] == "metadata" {
			mu.Lock()
			wrote[path[len(path)-2]] = from.name
			mu.Unlock()
		}
	})
	workers := map[string]bool{}
	var longest time.Duration
	purchases := 0
	for more := rounds(3); more(); purchases++ {
		user := f.signUp().ID
		session := f.checkout(t.Context(), user, "pro")
		for _, r := range f.all() { // puts the account into its memory
			if f.may(r, user) {
				t.Fatal("access before the payment")
			}
		}
		var listening sync.WaitGroup
		for _, r := range f.all() {
			opened := make(chan struct{})
			listening.Go(func() {
				if last := f.listen(r, session, opened); last != "active" {
					t.Errorf("the stream at %s ended with %q", r.name, last)
				}
			})
			<-opened
		}
		if err := f.sim.PayCheckout(session, card); err != nil {
			t.Fatal(err)
		}
		f.until("Clerk's metadata grants access", func() bool { return f.plan(user) == "pro" })
		written := time.Now() // the database commit came before
		for _, r := range f.all() {
			f.until(r.name+" knows", func() bool { return f.may(r, user) })
			longest = max(longest, time.Since(written))
		}
		listening.Wait()
		mu.Lock()
		workers[wrote[user]] = true
		mu.Unlock()
	}
	f.atRest()
	f.report("memories")
	t.Logf("%d purchases, synced by %d replicas; the last replica knew %.3f s after the metadata was written", purchases, len(workers), longest.Seconds())
}

// may asks a replica whether a user may use the feature of the plan.
func (f *fleet) may(r *replica, user string) bool {
	f.t.Helper()
	var answer struct{ Allowed bool }
	if _, err := f.call(f.t.Context(), http.MethodPost, r.at()+"/v1/check",
		map[string]any{"account": "user/" + user, "feature": "export"}, &answer); err != nil {
		f.t.Fatal(err)
	}
	return answer.Allowed
}

// listen follows a purchase's event stream until it ends, and returns the last state in it.
func (f *fleet) listen(r *replica, session string, opened chan<- struct{}) (last string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var once sync.Once
	open := func() { once.Do(func() { close(opened) }) }
	defer open()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.at()+"/v1/activations/"+session+"/events", nil)
	if err != nil {
		return err.Error()
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		data, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is {
			continue
		}
		var event struct{ State string }
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err.Error()
		}
		last = event.State
		open()
	}
	return last
}
