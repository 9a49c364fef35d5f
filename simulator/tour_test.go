package simulator_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// marked returns the ids of the steps that the tour says are done.
func (b *bench) marked() string {
	b.T.Helper()
	var done []string
	for _, step := range b.Visited(simharness.StripeHost + "/_sim/tour").All(".steps li.card") {
		if strings.Contains(" "+step.Attrs["class"]+" ", " done ") {
			done = append(done, strings.TrimPrefix(step.Attrs["id"], "step-"))
		}
	}
	return strings.Join(done, " ")
}

func (b *bench) marks(what, want string) {
	b.T.Helper()
	if got := b.marked(); got != want {
		b.T.Errorf("after %s, done is %q, want %q", what, got, want)
	}
}

// onTour runs f with a simulator that has the guided tour.
func onTour(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	inConfiguredBubble(t, func(c *simulator.Config) {
		c.Links = simulator.Links{App: "http://app.test", AppName: "Acme Notes", Service: "Lockstep",
			Console: "http://console.test/console/"}
		c.Tour = &simulator.Tour{GapScan: 15 * time.Second}
	}, f)
}

func TestTheTourMarksWhatHappened(t *testing.T) {
	t.Parallel()
	onTour(t, func(t *testing.T, b *bench) {
		clerk := map[string]string{"Authorization": "Bearer " + simulator.DefaultClerkKey}
		b.marks("nothing", "")
		user, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		sub := b.Subscribed(b.Monthly())
		b.Settle()
		b.marks("the payment", "")
		b.Send("PATCH", simharness.ClerkHost+"/v1/users/"+user.ID+"/metadata", clerk, `{"public_metadata":{"plan":"pro"}}`)
		b.marks("the metadata", "buy")

		b.presses("fault", url.Values{"kind": {"lose"}, "provider": {"stripe"}, "event": {"customer.subscription.*"},
			"count": {"1"}, "back": {"/_sim/tour"}})
		b.Send("GET", simharness.StripeHost+"/v1/events?limit=100", nil, "")
		b.Must(b.PortalCancel(sub.ID))
		b.Settle()
		b.marks("the loss", "buy")
		time.Sleep(12 * time.Second)
		b.Send("GET", simharness.StripeHost+"/v1/events?limit=100", nil, "")
		b.marks("the gap scan", "buy lose")
		page := b.Visited(simharness.StripeHost + "/_sim/tour")
		if got := page.Says("#step-lose"); !strings.Contains(got, "Found in Stripe's list of events after 1") ||
			!strings.Contains(got, "every 15 seconds") {
			t.Errorf("the step says %q", got)
		}
		if got := page.Value("#step-lose a[href]", "href"); got != "http://app.test" {
			t.Errorf("the first link leads to %q", got)
		}

		b.Advance(31*simharness.Day + time.Hour)
		b.marks("the month", "buy lose cancel")
		b.Must(b.DeleteUser(user.ID))
		b.Settle()
		b.marks("the deletion at Clerk", "buy lose cancel")
		b.Must(b.DeleteCustomer(sub.Customer))
		b.marks("the deletion at Stripe", "buy lose cancel delete")
		if got := b.Visited(simharness.StripeHost + "/_sim/tour").Says("#progress"); !strings.HasPrefix(got, "The tour is done") {
			t.Errorf("at the end the page says %q", got)
		}
	})
}

func TestADeletionAloneIsNotTheEndOfTheMonth(t *testing.T) {
	t.Parallel()
	onTour(t, func(t *testing.T, b *bench) {
		user, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		sub := b.Subscribed(b.Monthly())
		b.Must(b.PortalCancel(sub.ID))
		b.Must(b.DeleteUser(user.ID))
		b.Must(b.DeleteCustomer(sub.Customer))
		b.Settle()
		b.marks("the deletion", "delete")
	})
}

func TestEntriesLeadToTheConsole(t *testing.T) {
	t.Parallel()
	onTour(t, func(t *testing.T, b *bench) {
		user, err := b.SignUp(simulator.SignUp{Email: "a@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		customer := b.Customer("a@example.com")
		b.Settle()
		_, _, page := b.Get(simharness.StripeHost + "/_sim/sequence")
		simharness.Says(t, page, `href="http://console.test/console/events/stripe/`+b.Mark()+`"`,
			`href="http://console.test/console/accounts/user/`+user.ID+`"`,
			`href="http://console.test/console/accounts?q=`+customer.ID+`"`,
			`href="http://console.test/console/events/clerk/msg_`, `href="/_sim/sequence?id=`+customer.ID+`"`,
			"Lockstep → Stripe", "Stripe → Lockstep", "Clerk → Lockstep", `href="http://app.test"`)
	})
}

func TestWithoutATourThereIsNone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if status, _, _ := b.Get(simharness.StripeHost + "/_sim/tour"); status != 404 {
			t.Errorf("the tour answers %d", status)
		}
		_, _, page := b.Get(simharness.StripeHost + "/_sim")
		if strings.Contains(page, ">Tour<") || strings.Contains(page, ">Console<") {
			t.Error("the menu has links to nowhere")
		}
	})
}

func TestTheObjectsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	onTour(t, func(t *testing.T, b *bench) {
		b.SavePortalSettings()
		sub := b.Subscribed(b.Monthly())
		b.Settle()
		page := b.Visited(simharness.StripeHost + "/_sim/objects")
		invoice := page.Value("#invoices a.link", "href")
		if status, _, text := b.Get(invoice); status != 200 || !strings.Contains(text, "Invoice") {
			t.Errorf("the invoice at %q answers %d", invoice, status)
		}
		status, location, _ := b.Submit(simharness.StripeHost+"/_sim/form/billing-portal", url.Values{"customer": {sub.Customer}})
		if status != 303 || !strings.HasPrefix(location, simharness.StripeHost+"/p/session/") {
			t.Fatalf("the portal: %d to %q", status, location)
		}
		if got := b.Visited(location); len(got.All(".plan")) != 1 {
			t.Error("the portal does not show the plan")
		}
	})
}
