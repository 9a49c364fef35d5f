package simtest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestABackfillOfALiveDatabaseTakesNothingBack: a change at Stripe after the listing arrives by event, and the older
// list must not undo it.
func TestABackfillOfALiveDatabaseTakesNothingBack(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		b := &business{world: w, paying: map[string]bool{}}
		clerk := http.Handler(http.HandlerFunc(b.watchMetadata))
		w.clerkIs.Store(&clerk)
		users := w.company(3)
		all := w.sim.Subscriptions()
		b.away.Store(true)
		if status, err := w.call(t.Context(), http.MethodPost, "http://"+serviceHost+"/v1/backfill", apiKey, nil,
			nil); err != nil || status != http.StatusAccepted {
			t.Fatalf("start a backfill: %d %v", status, err)
		}
		time.Sleep(time.Minute)
		if at := b.state(); at.Phase != lockstep.BackfillOrganizations {
			t.Fatalf("the backfill: %+v", at)
		}
		if err := w.sim.CancelSubscription(all[0].ID, false); err != nil { // it ends
			t.Fatal(err)
		}
		// an upgrade
		w.dashboard("/v1/subscriptions/"+all[1].ID, url.Values{"items[0][id]": {all[1].Items[0].ID},
			"items[0][price]": {w.prices["pro"]}})
		time.Sleep(time.Minute)
		b.away.Store(false)
		time.Sleep(time.Hour)
		if at := b.state(); at.Phase != lockstep.BackfillDone {
			t.Fatalf("the backfill: %+v", at)
		}
		for _, s := range all[:2] {
			account, err := w.service.store.AccountOfCustomer(t.Context(), s.Customer)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{all[0].ID: "", all[1].ID: "pro"}[s.ID]
			if a := w.ask(account.String()); a.Access.Plan != want {
				t.Errorf("%s has plan %q, want %q: %+v", account, a.Access.Plan, want, a.Access)
			}
			if m := w.public(account.ID); m["plan"] != want && (want != "" || m["plan"] != nil) {
				t.Errorf("the metadata of %s is %v, want plan %q", account, m, want)
			}
		}
		if len(users) != 3 || w.lost() != 0 {
			t.Errorf("%d customers were deleted", w.lost())
		}
	})
}
