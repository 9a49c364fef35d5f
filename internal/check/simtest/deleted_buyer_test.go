package simtest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// TestWhoBoughtForADeletedOrganizationShowsNothingOfIt, though its subscription goes on by the
// policy: a deleted account has no access.
func TestWhoBoughtForADeletedOrganizationShowsNothingOfIt(t *testing.T) {
	for _, policy := range []server.DeletionPolicy{server.DeleteCustomer, server.EndSubscriptions, server.KeepBilling} {
		t.Run(string(policy), func(t *testing.T) {
			calm(t, func(t *testing.T, w *world) {
				w.configured(func(c *server.Config) { c.Deletion = server.Deletion{Organizations: policy} })
				org, buyer, _ := w.team("pro")
				if m := w.public(buyer); m["subscriptionStatus"] != "active" {
					t.Fatalf("the buyer reads %v", m)
				}
				if err := w.sim.DeleteOrganization(org); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if m := w.public(buyer); m["subscriptionStatus"] == "active" || m["stripeSubscriptionId"] != nil {
					t.Errorf("the buyer reads %v", m)
				}
			})
		})
	}
}
