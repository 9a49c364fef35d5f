package simtest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAClerkOutageDoesNotDelayAccess: while Clerk is down and an account's key is being retried, later purchases
// and cancellations still reach the database within the retry's backoff. The app and the buyer are notified once
// Clerk has the metadata.
func TestAClerkOutageDoesNotDelayAccess(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		w.mustBuy("user/"+ada, "basic")
		time.Sleep(time.Minute)
		mails, told := len(w.mailServer.to), w.listener.told["user/"+ada]
		w.sim.AddFault(simulator.Fault{Side: "clerk", Status: 503, Times: 1 << 20})
		is := func(when, plan string) {
			t.Helper()
			if a := w.ask("user/" + ada); a.Access.Plan != plan {
				t.Errorf("%s: the plan is %q, want %q", when, a.Access.Plan, plan)
			}
		}
		if err := w.sim.CancelSubscription(w.sim.Subscriptions()[0].ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		is("canceled in the outage", "")
		w.mustBuy("user/"+ada, "pro")
		time.Sleep(15 * time.Minute)
		is("bought in the outage", "pro")
		if now := len(w.mailServer.to); now != mails {
			t.Errorf("%d e-mails were sent before Clerk had the metadata", now-mails)
		}
		if now := w.listener.told["user/"+ada]; now.Sequence != told.Sequence {
			t.Errorf("a webhook was sent before Clerk had the metadata: %+v", now)
		}
		w.sim.ClearFaults()
		time.Sleep(15 * time.Minute)
		is("after the outage", "pro")
		if plan := w.sim.Users()[0].Public["plan"]; plan != "pro" {
			t.Errorf("after the outage the plan in the metadata is %v", plan)
		}
		if now := len(w.mailServer.to); now == mails {
			t.Error("after the outage no e-mail was sent")
		}
	})
}
