package console_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestAnEndedSubscription(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pays(account, "pro")
	if err := k.sim.CancelSubscription(k.sim.Subscriptions()[0].ID, false); err != nil {
		t.Fatal(err)
	}
	k.until("the access ends", func() bool { return !k.access(account).Active })
	k.settled(account)
	anna := k.signIn(lockstep.ConsoleViewer)
	got := anna.open(page(account))
	got.says(k, "no access", "No access: sub_", "ended on", "Access to pro ended.", "access.ended")
	// The newest comes first.
	if text := got.text(); strings.Index(text, "Access to pro ended.") > strings.Index(text, "Access to pro began.") {
		t.Errorf("the end stands behind the beginning: %s", text)
	}
	anna.open(page(account)+"?show=notices").says(k, "access.ended", "subscription.started")
	anna.open(page(account)+"?show=faults").says(k, "Nothing of this kind happened")
	anna.open(page(account)+"?show=operators").says(k, "Nothing of this kind happened")
	events := anna.open(page(account) + "?show=events")
	events.says(k, "customer.subscription.deleted")
	events.lacks(k, "Lockstep checked")
}

func TestAClaimedLinkCanBeConfirmed(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	gift := k.claimedLink(account, simulator.Contact{Email: "friend@example.com"})
	anna := k.signIn(lockstep.ConsoleOperator)
	got := anna.open(page(account))
	got.says(k, gift, "claimed", "is linked only by a client_reference_id", "lockstep link "+gift)
	asked := anna.open("/console/actions/link?" + form("account", account.String(), "object", gift).Encode())
	asked.says(k, gift+" will belong to "+account.String(), "Now: Active on pro")
	if done := anna.does("link", "account", account.String(), "object", gift); done.status != http.StatusOK {
		t.Fatalf("%d %s", done.status, done.text())
	}
	k.until("the link is proven", func() bool {
		further := k.record(account).Further
		return len(further) == 1 && further[0].Trust == lockstep.Proven
	})
	k.recorded("link", lockstep.AuditDone)

	// It can become the primary one, and the other way round.
	first := k.record(account).CustomerID
	asked = anna.open("/console/actions/merge?" + form("account", account.String(), "customer", gift).Encode())
	asked.says(k, "Now it is "+first+", which stays linked")
	anna.does("merge", "account", account.String(), "customer", gift).says(k, gift+" is now the primary customer")
	if got := k.record(account).CustomerID; got != gift {
		t.Errorf("the primary customer is %s, want %s", got, gift)
	}
	k.recorded("choose-primary-customer", lockstep.AuditDone)

	// Unlinking says which subscription gives access now, and takes it.
	asked = anna.open("/console/actions/unlink?" + form("account", account.String(), "customer", gift).Encode())
	asked.says(k, gift+" will belong to no account", "This subscription of it gives access now: sub_")
	asked = anna.open("/console/actions/unlink?" + form("account", account.String(), "customer", first).Encode())
	asked.says(k, first+" will belong to no account", "No subscription of it gives access now.")
	anna.does("unlink", "account", account.String(), "customer", gift).says(k, "no longer belongs to", "No access")
	if k.access(account).Active {
		t.Error("the access stays")
	}
	k.recorded("unlink", lockstep.AuditDone)
	refused := anna.post("/console/actions/unlink", "account", account.String(), "customer", gift, "token", anna.token(),
		"reason", "ticket 4712")
	refused.says(k, "customer "+gift+" is not linked to an account", "Cancel")
	if !strings.Contains(refused.body, `value="ticket 4712"`) || refused.status != http.StatusNotFound {
		t.Errorf("the refusal: %d %s", refused.status, refused.body)
	}
}

func TestAGrace(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pays(account, "pro")
	if err := k.sim.SetCard(k.record(account).CustomerID, "4000000000000341"); err != nil {
		t.Fatal(err)
	}
	k.sim.Advance(32 * 24 * time.Hour)
	k.until("a payment fails", func() bool {
		r := k.record(account)
		return len(r.Subscriptions) == 1 && r.Subscriptions[0].Status == "past_due"
	})
	k.settled(account)
	got := k.signIn(lockstep.ConsoleViewer).open(page(account))
	got.says(k, "is past due: a payment failed, and Stripe tries again", "payment.failed")
}

func TestAHeldDeletionIsDecided(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.heldDeletion()
	anna := k.signIn(lockstep.ConsoleOperator)
	anna.open(page(account)).says(k, "Fault", "the brake on bulk deletions holds that", "Approve the deletion",
		"Discard the deletion")
	anna.does("discard-deletion", "account", account.String()).says(k, "Its billing and access continue.",
		"an operator discarded the deletion", "Approve the deletion")
	k.recorded("discard-deletions", lockstep.AuditDone)
	anna.does("approve-deletion", "account", account.String()).says(k, "is approved")
	k.recorded("approve-deletions", lockstep.AuditDone)
	k.until("the account is deleted", func() bool { return k.record(account).State == lockstep.AccountDeleted })
	k.settled(account)

	got := anna.open(page(account))
	got.says(k, "The account was deleted in the directory", "Forget")
	got.lacks(k, "/console/actions/link?", "/console/actions/merge?")
	anna.open("/console/actions/forget?"+form("account", account.String()).Encode()).says(k, "This cannot be undone",
		"the bodies of its events")
	anna.does("forget", "account", account.String()).says(k, "is forgotten.")
	k.recorded("forget-account", lockstep.AuditDone)
	if got := anna.open(page(account)); !strings.Contains(got.text(), "forget-account") {
		t.Errorf("a forgotten account's page does not say so: %d %s", got.status, got.text())
	}
}

func TestAFailedRunIsRetried(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pays(account, "pro")
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodGet, Path: "/v1/subscriptions*", Status: 500})
	anna := k.signIn(lockstep.ConsoleOperator)
	anna.does("sync", "account", account.String()).says(k, "is queued")
	k.until("the run fails", func() bool {
		work, err := k.store.Work(t.Context(), account.Key())
		return err == nil && work.Disposition == lockstep.Retry && work.LeaseUntil.IsZero()
	})
	got := anna.open(page(account))
	got.says(k, "Fault", "The last run failed: ", "The run failed, and Lockstep tries again: ", "Retry now",
		"lockstep work retry "+account.String())
	anna.open(page(account)+"?show=faults").says(k, "The run failed, and Lockstep tries again")
	anna.open("/console/actions/retry-account?"+form("account", account.String()).Encode()).says(k, "Now it is pending after",
		"status 500")
	k.sim.ClearFaults()
	anna.does("retry-account", "account", account.String()).says(k, "runs again now")
	k.recorded("retry-work", lockstep.AuditDone)
	k.settled(account)
	k.until("the fault is over", func() bool { return !strings.Contains(anna.open(page(account)).text(), "The last run failed") })
	anna.open(page(account)+"?show=operators").says(k, "console/anna did retry-work.", "Reason: ticket 4711")
}

func TestAnOrganizationShowsSeats(t *testing.T) {
	t.Parallel()
	k := start(t)
	owner := k.signUp(ada)
	org, err := k.sim.CreateOrganization("Acme & Sons", owner.ID)
	if err != nil {
		t.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.Organization, ID: org.ID}
	k.until("the organization is known", func() bool { return k.record(account).Account == account })
	k.pays(account, "pro")
	got := k.signIn(lockstep.ConsoleOperator).open(page(account))
	got.says(k, "Acme &amp; Sons", "organization", "Seats 1 member, 1 paid seat")
}

func TestNoticesAndWebhooksAreSentAgain(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) {
		c.Webhooks = []server.Webhook{{ID: "app", URL: "http://127.0.0.1:9/hook", AllowPrivate: true,
			Secrets: []lockstep.Secret{"whsec_" + lockstep.Secret(base64.StdEncoding.EncodeToString(make([]byte, 32)))}}}
	})
	account := k.signUp(ada)
	k.pays(account, "pro")
	anna := k.signIn(lockstep.ConsoleOperator)
	anna.open(page(account)).says(k, "Resend webhook to app", "Resend e-mail")
	anna.open("/console/actions/resend-access?"+form("account", account.String(), "endpoint", "app").Encode()).says(k,
		"to the endpoint app again", "Now: Active on pro")
	anna.does("resend-access", "account", account.String(), "endpoint", "app").says(k, "is being sent to app")
	k.recorded("redeliver", lockstep.AuditDone)
	notice := "subscription.started:" + k.sim.Subscriptions()[0].ID
	anna.open("/console/actions/resend-email?"+form("account", account.String(), "notice", notice).Encode()).says(k,
		"Lockstep sends the e-mail subscription.started about sub_", "may get it twice")
	anna.does("resend-email", "account", account.String(), "notice", notice).says(k, "is being sent to the address")
	k.recorded("send-notice", lockstep.AuditDone)
	refused := anna.post("/console/actions/resend-access", "account", account.String(), "endpoint", "none", "token",
		anna.token(), "reason", "ticket 4711")
	refused.says(k, "webhook endpoint none not found in the configuration")
}
