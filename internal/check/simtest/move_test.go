package simtest

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// move takes the business to another Clerk instance with the same people. The service restarts with the new key, and
// an operator accepts the instance after a while. Life goes on meanwhile.
func (w *world) move() {
	if w.service.closed {
		w.service = w.boot()
	}
	w.calls.Wait()
	moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: w.rng.IntN(2) == 0, Metadata: w.rng.IntN(2) == 0})
	if err != nil {
		w.t.Errorf("move: %v", err)
		return
	}
	w.say("move to %s: %v %v", moved.Instance, moved.Users, moved.Organizations)
	for was, is := range moved.Users {
		w.former["user/"+was] = "user/" + is
	}
	w.movedKey = moved.Key
	w.service.kill()
	w.change = func(c *server.Config) { c.Clerk.Key = lockstep.Secret(moved.Key) }
	w.service = w.boot()
	for range 3 {
		deed, _ := pick(w, []func(*world){(*world).signUp, (*world).pay, (*world).buy, (*world).payByLink, (*world).crash})
		deed(w)
		time.Sleep(time.Duration(w.rng.IntN(60)) * time.Minute)
	}
	if w.service.closed {
		w.service = w.boot()
	}
	w.mendCalls()
	w.calls.Wait()
	w.noteUnnoticed()
	w.acceptMoved(moved.Instance)
	if w.rng.IntN(2) == 0 {
		time.Sleep(6 * listEvery) // lists lack the former organizations; after a day Lockstep believes them
	}
	time.Sleep(time.Hour)
	for was, is := range moved.Organizations {
		w.linkOrganization("organization/"+was, "organization/"+is)
	}
	time.Sleep(time.Hour)
}

// noteUnnoticed notes the deleted accounts whose deletion Lockstep does not know.
func (w *world) noteUnnoticed() {
	for _, account := range w.gone {
		at, err := lockstep.ParseAccount(account)
		if err != nil {
			w.t.Error(err)
		}
		record, err := w.service.store.Account(w.t.Context(), at)
		w.unnoticed[account] = err == nil && record.State != lockstep.AccountDeleted
	}
}

// acceptMoved accepts the new instance as an operator would, as soon as Lockstep allows it.
func (w *world) acceptMoved(instance string) {
	for range 20 {
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/instance/accept", apiKey,
			map[string]any{"id": instance}, nil)
		if status == http.StatusOK {
			w.say("%s is accepted", instance)
			return
		}
		w.say("%s cannot be accepted yet: %d %v", instance, status, err)
		time.Sleep(time.Minute)
	}
}

// linkOrganization links an organization as an operator would, because Clerk keeps no external id for it.
func (w *world) linkOrganization(was, is string) {
	for range 20 {
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/links", apiKey,
			map[string]any{"object": was, "account": is}, nil)
		w.say("link %s to %s: %d %v", was, is, status, err)
		switch status {
		case http.StatusAccepted:
			w.former[was] = is
			return
		case http.StatusNotFound:
			return // Lockstep never knew the organization
		}
		time.Sleep(time.Minute)
	}
	w.t.Errorf("%s cannot be linked to %s", was, is)
}

// current returns the present account of an account of the former Clerk instance.
func (w *world) current(account string) string { return cmp.Or(w.former[account], account) }

// refers reports whether an id in an object's metadata or reference names the account.
func (w *world) refers(id, account string) bool {
	kind, now, _ := strings.Cut(account, "/")
	return id != "" && (id == now || w.former[kind+"/"+id] == account)
}
