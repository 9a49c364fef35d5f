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
	k.buy(account, "pro")
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
		c.Console.StripePages, c.Console.ClerkPages = "http://127.0.0.1:12111/_sim?q=", "http://127.0.0.1:12112/_sim?q="
	})
	account = k.signUp(ada)
	got := k.signIn(lockstep.ConsoleViewer).open(page(account))
	for _, link := range []string{"http://127.0.0.1:12111/_sim?q=" + k.record(account).CustomerID,
		"http://127.0.0.1:12112/_sim?q=" + account.ID} {
		if !strings.Contains(got.body, `href="`+link+`"`) {
			t.Errorf("the page lacks %s: %s", link, got.body)
		}
	}
}
