package simtest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// TestAGiftToAnOrganizationWithoutMembers is not its billing: Lockstep reports and ends nothing.
func TestAGiftToAnOrganizationWithoutMembers(t *testing.T) {
	for _, policy := range []lockstep.EmptyPolicy{lockstep.EmptyReport, lockstep.EmptyCancel} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion.EmptyOrganization = policy })
				org, ada, bob := w.team("basic")
				own := w.newest()
				w.give(org, "pro", "mallory@example.com", nil)
				if err := w.sim.CancelSubscription(own, false); err != nil {
					t.Fatal(err)
				}
				for _, user := range []string{ada, bob} {
					if err := w.sim.DeleteUser(user); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Hour)
				if a := w.ask("organization/" + org); a.has(lockstep.StepMembers) || !a.Access.Active {
					t.Errorf("%+v", a)
				}
				for _, s := range w.sim.Subscriptions() {
					if s.ID != own && s.Status != "active" {
						t.Errorf("the gift is %s", s.Status)
					}
				}
			})
		})
	}
}
