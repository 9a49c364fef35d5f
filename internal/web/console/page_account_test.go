package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

var ada = simulator.SignUp{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}

func TestAPayersPageSaysWhyAndWhatHappened(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.pays(account, "pro")
	anna := k.signIn(lockstep.ConsoleOperator)
	got := anna.open(page(account))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.text())
	}
	record := k.record(account)
	got.says(k, "Ada Lovelace", account.ID, "ada@example.com", "Active on pro until ", "because sub_", "export",
		record.CustomerID, "primary", "Stripe renews", "Access to pro began.", "Lockstep wrote to the database",
		"1 notice was recorded.", "subscription.started")
	if !strings.Contains(got.body, `href="/console/events/stripe/evt_`) {
		t.Errorf("the page has no link to an event: %s", got.body)
	}
	for _, action := range []string{"sync", "link", "unlink", "resend-email"} {
		if !strings.Contains(got.body, "/console/actions/"+action+"?") {
			t.Errorf("the page lacks the button %s", action)
		}
	}
	for _, action := range []string{"forget", "merge", "approve-deletion", "retry-account", "resend-access"} {
		got.lacks(k, "/console/actions/"+action+"?")
	}
	viewer := k.signIn(lockstep.ConsoleViewer).open(page(account))
	viewer.says(k, "Active on pro until ")
	viewer.lacks(k, "/console/actions/")
}

func TestUnknownAccountsSayWhatToDo(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleOperator)
	got := anna.open("/console/accounts/user/user_nobody")
	if got.status != http.StatusNotFound {
		t.Errorf("the status is %d", got.status)
	}
	got.says(k, "There is nothing to explain", "Account user/user_nobody not found in Clerk.", "Search the accounts", "forgotten")
	if !strings.Contains(got.body, "/console/actions/sync?") {
		t.Error("it offers no sync")
	}
	for _, path := range []string{"team/x", "user/%20", "user/" + strings.Repeat("x", 300), "user/%3Cscript%3E"} {
		got := anna.open("/console/accounts/" + path)
		if got.status != http.StatusNotFound && got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, got.status)
		}
		got.lacks(k, "<script>")
	}
}

// A link to Stripe leads to the provider's dashboard, or to a simulator's page, or nowhere: the objects of a
// simulator are not in the provider's dashboard.
func TestDashboardLinks(t *testing.T) {
	t.Parallel()
	k := start(t)
	account := k.signUp(ada)
	k.signIn(lockstep.ConsoleViewer).open(page(account)).lacks(k, "dashboard.stripe.com", "dashboard.clerk.com", ">Stripe</a>",
		">Clerk</a>")
	k = start(t, func(c *server.Config) {
		c.Console.StripePages, c.Console.ClerkPages = "http://127.0.0.1:12111/_sim/sequence?id=", "http://127.0.0.1:12112/_sim/sequence?id="
	})
	account = k.signUp(ada)
	got := k.signIn(lockstep.ConsoleViewer).open(page(account))
	for _, link := range []string{"http://127.0.0.1:12111/_sim/sequence?id=" + k.record(account).CustomerID,
		"http://127.0.0.1:12112/_sim/sequence?id=" + account.ID} {
		if !strings.Contains(got.body, `href="`+link+`"`) {
			t.Errorf("the page lacks %s: %s", link, got.body)
		}
	}
}

func TestAFormerAccountIsCarriedOver(t *testing.T) {
	t.Parallel()
	k := start(t)
	former := k.signUp(ada)
	account := k.signUp(simulator.SignUp{Email: "ada2@example.com", FirstName: "Ada"})
	k.pays(former, "pro")
	k.plant(account, func(r *lockstep.Record) { r.Candidate = former.ID })
	anna := k.signIn(lockstep.ConsoleOperator)
	anna.open(page(account)).says(k, "of a former Clerk instance has the same verified address", "Carry it over")
	pairs := []string{"account", account.String(), "former", former.String()}
	anna.open("/console/actions/succeed?"+form(pairs...).Encode()).says(k, "Everything of "+former.String()+" moves to "+
		account.String(), "The former account now: Active on pro")
	refused := anna.does("succeed", pairs...)
	refused.says(k, "belongs to the current Clerk instance", "Cancel")
	if refused.status != http.StatusConflict || !strings.Contains(refused.body, `value="ticket 4711"`) {
		t.Errorf("the refusal: %d %s", refused.status, refused.body)
	}
	k.recorded("link", lockstep.AuditFailed)

	if _, err := k.store.MeetInstance(t.Context(), lockstep.Clerk, "ins_next", "digest"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.store.AcceptInstance(t.Context(), lockstep.Clerk, "ins_next"); err != nil {
		t.Fatal(err)
	}
	anna.does("succeed", pairs...).says(k, former.String()+" is being carried over to "+account.String())
	k.recorded("link", lockstep.AuditDone)
}

func TestAPurchaseIsLinked(t *testing.T) {
	t.Parallel()
	k := start(t)
	account, other := k.signUp(ada), k.signUp(simulator.SignUp{Email: "bob@example.com", FirstName: "Bob"})
	k.pays(other, "pro")
	theirs := k.record(other).CustomerID
	anna := k.signIn(lockstep.ConsoleOperator)
	anna.open("/console/actions/link?"+form("account", account.String()).Encode()).says(k,
		"The customer or payment will belong to "+account.String())
	refused := anna.post("/console/actions/link", "account", account.String(), "object", theirs, "token", anna.token(),
		"reason", "ticket 4711")
	refused.says(k, "belongs to another account; unlink it first", "Now: Active on pro")
	if !strings.Contains(refused.body, `value="`+theirs+`"`) {
		t.Errorf("what was entered is lost: %s", refused.body)
	}
	for _, wrong := range []string{`<img src=x onerror=alert(1)>`, "sub_1", "ada@example.com"} {
		got := anna.post("/console/actions/link", "account", account.String(), "object", wrong, "token", anna.token(), "reason",
			"ticket 4711")
		got.says(k, "is not a customer (cus_…)")
		got.lacks(k, "<img src=x")
	}
	anna.does("unlink", "account", other.String(), "customer", theirs)
	anna.does("link", "account", account.String(), "object", theirs).says(k, theirs+" will belong to "+account.String())
	k.until("the purchase gives access", func() bool { return k.access(account).Plan == "pro" })
	k.settled(account)
	anna.open(page(account)).says(k, theirs, "Active on pro", "console/anna did link on customer/"+theirs)
}
