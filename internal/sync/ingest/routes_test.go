package ingest

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The test spells out what each type marks, so a type that is dropped from the table, or marks
// something else, fails it. The tests of the whole system show that a mark causes a sync.
func TestEveryTypeMarksWhatItIsAbout(t *testing.T) {
	t.Parallel()
	const customer, checkout, payment = "customer/cus_1", "checkout/cs_1", "payment/pi_1"
	about := lockstep.Hint{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_1", CustomerID: "cus_1"},
		CheckoutID: "cs_1", Mode: "payment", PaymentID: "pi_1", Ours: true}
	subscription := about
	subscription.CheckoutID, subscription.Mode, subscription.PaymentID, subscription.Ours = "", "", "", false
	user := lockstep.Hint{Event: lockstep.Event{Source: lockstep.Clerk, ID: "msg_1"},
		Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}}
	organization := user
	organization.Account = lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	types := map[lockstep.Source]int{}
	for _, of := range []struct {
		hint  lockstep.Hint
		key   string
		types []string
	}{
		{about, checkout, []string{"checkout.session.completed", "checkout.session.async_payment_succeeded",
			"checkout.session.async_payment_failed", "checkout.session.expired"}},
		{subscription, customer, []string{
			"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
			"customer.subscription.paused", "customer.subscription.resumed",
			"customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
			"customer.subscription.trial_will_end",
			"invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed", "invoice.payment_action_required",
			"invoice.marked_uncollectible", "invoice.upcoming",
			"customer.created", "customer.updated", "customer.deleted", "entitlements.active_entitlement_summary.updated"}},
		{about, payment, []string{
			"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled", "charge.refunded",
			"refund.failed", "refund.updated",
			"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
			"charge.dispute.funds_reinstated"}},
		{subscription, "sweep/prices", []string{"price.created", "price.updated", "price.deleted", "product.updated",
			"product.deleted"}},
		{user, "user/user_1", []string{"user.created", "user.updated", "user.deleted"}},
		{organization, "organization/org_1", []string{"organization.created", "organization.updated", "organization.deleted",
			"organizationMembership.created", "organizationMembership.deleted"}},
	} {
		for _, name := range of.types {
			of.hint.Event.Type = name
			types[of.hint.Event.Source]++
			d := deliveryOf(of.hint, lockstep.Delivered, time.Unix(1, 0))
			if d.Mark == nil || d.Mark.Key.String() != of.key {
				t.Errorf("%s marks %v (%s), want %s", name, d.Mark, d.Event.Reason, of.key)
			}
		}
	}
	for source, n := range types {
		if all := len(Types(source)); all != n {
			t.Errorf("%d types of %s are in the table, and %d here", all, source, n)
		}
	}
	for name, hint := range map[string]lockstep.Hint{
		"a type of no use": {Event: lockstep.Event{Source: lockstep.Stripe,
			Type: "radar.early_fraud_warning.created", CustomerID: "cus_1"}},
		"the other source's type": {Event: lockstep.Event{Source: lockstep.Clerk, Type: "invoice.paid",
			CustomerID: "cus_1"}, Account: user.Account},
		"another account's": {Event: lockstep.Event{Source: lockstep.Stripe, Type: "invoice.paid",
			CustomerID: "cus_1"}, Foreign: "connected account acct_1"},
		"one that names no object": {Event: lockstep.Event{Source: lockstep.Stripe, Type: "invoice.paid"}},
	} {
		if d := deliveryOf(hint, lockstep.Delivered, time.Unix(1, 0)); d.Mark != nil || d.Event.Reason == "" {
			t.Errorf("%s marks %v, with the reason %q", name, d.Mark, d.Event.Reason)
		}
	}
}

// A run starts at once where somebody waits for what was bought, and where an event may grant access. No renewal
// does: its account has access.
func TestWhenTheRunOfAnEventStarts(t *testing.T) {
	t.Parallel()
	atOnce := map[string]lockstep.Mark{
		"checkout.session.completed":               {Priority: lockstep.Interactive},
		"checkout.session.async_payment_succeeded": {Priority: lockstep.Interactive},
		"customer.subscription.created":            {Priority: lockstep.Interactive},
		"customer.subscription.updated":            {Priority: lockstep.Normal, Eager: true},
		"customer.subscription.resumed":            {Priority: lockstep.Normal, Eager: true},
		"invoice.paid":                             {Priority: lockstep.Normal, Eager: true},
	}
	for source, types := range routes {
		for name := range types {
			hint := lockstep.Hint{Event: lockstep.Event{Source: source, Type: name, CustomerID: "cus_1"},
				CheckoutID: "cs_1", Account: lockstep.Account{Kind: lockstep.User, ID: "user_1"}}
			mark := *deliveryOf(hint, lockstep.Delivered, time.Unix(1, 0)).Mark
			want, listed := atOnce[name]
			if !mark.Gathers {
				t.Errorf("%s does not gather with the others of its change", name)
			}
			if soon := mark.Delay == 0 || mark.Eager; soon != listed {
				t.Errorf("%s starts a run at once: %v", name, soon)
			}
			if listed && (mark.Priority != want.Priority || mark.Eager != want.Eager) {
				t.Errorf("%s marks %+v", name, mark)
			}
		}
	}
}
