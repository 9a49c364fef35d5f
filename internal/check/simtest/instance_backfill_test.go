package simtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAnotherInstanceInTheMiddleOfABackfill: the new instance knows none of the ids that were listed before. If
// Lockstep took them for the new instance's accounts, everyone who pays would look deleted.
func TestAnotherInstanceInTheMiddleOfABackfill(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := existing(t, w)
		var users, customers []string
		for _, email := range []string{"u0@example.com", "u1@example.com", "u2@example.com", "u3@example.com"} {
			id := b.user(email, nil)
			users = append(users, id)
			customers = append(customers, b.customer(email, url.Values{"metadata[userId]": {id}}, nil))
		}
		b.away.Store(true)
		b.open(b.yearly)
		time.Sleep(time.Minute)
		if at := b.state(); at.Phase != lockstep.BackfillOrganizations {
			t.Fatalf("the backfill: %+v", at)
		}
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range moved.Users {
			b.paying[id] = true
		}
		change := b.change
		b.service.end(t)
		b.change = func(c *server.Config) {
			change(c)
			c.Clerk.Key = lockstep.Secret(moved.Key)
		}
		b.service = b.boot()
		time.Sleep(time.Minute)
		if w.accept(moved.Instance) != http.StatusOK {
			t.Fatal("the instance cannot be accepted")
		}
		time.Sleep(time.Minute)
		b.away.Store(false)
		time.Sleep(3 * 24 * time.Hour) // several directory sweeps
		if w.lost() != 0 {
			t.Errorf("%d customers were deleted", w.lost())
		}
		if at := b.state(); at.Phase != lockstep.BackfillDone || at.Generation != 1 || at.Report.Customers != 4 {
			t.Errorf("the backfill: %+v", at)
		}
		for i := range users { // their external ids are the former ids
			b.has("user/"+moved.Users[users[i]], customers[i])
		}
		b.unharmed(4)
	})
}
