package simtest

import (
	"net/http"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAUserWhoPaidTwiceAroundAMoveKeepsBoth: a user without an external id bought again before an operator linked
// their former account.
func TestAUserWhoPaidTwiceAroundAMoveKeepsBoth(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		users := w.business(2) // the first one has a license too
		former := w.ask("user/" + users[0]).CustomerID
		moved, err := w.sim.MoveClerkInstance(simulator.ClerkMove{Announce: true})
		if err != nil {
			t.Fatal(err)
		}
		ada := moved.Users[users[0]]
		w.atClerk(http.MethodPatch, moved.Key, "/v1/users/"+ada, map[string]any{"external_id": "legacy"})
		w.use(moved.Key)
		time.Sleep(time.Minute)
		w.accept(moved.Instance)
		time.Sleep(time.Hour)
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(time.Minute)
		own := w.ask("user/" + ada).CustomerID
		if status := w.link("user/"+users[0], "user/"+ada); status != http.StatusAccepted {
			t.Fatalf("link: %d", status)
		}
		time.Sleep(time.Hour)
		a := w.ask("user/" + ada)
		if a.CustomerID != own || own == former || a.Access.Plan != "life" || len(a.Access.Reasons) != 3 ||
			a.Problem != "" || a.Pending {
			t.Errorf("ada: %+v", a)
		}
		if account, err := w.service.store.AccountOfCustomer(t.Context(), former); err != nil || account.ID != ada {
			t.Errorf("the former customer belongs to %s: %v", account, err)
		}
		if w.isDeleted(own) || w.isDeleted(former) {
			t.Error("a customer was deleted")
		}
	})
}
