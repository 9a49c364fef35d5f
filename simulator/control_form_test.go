package simulator_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// presses submits a form of the controls and expects to be led back.
func (b *bench) presses(form string, fields url.Values) {
	b.T.Helper()
	want := "/_sim"
	if fields.Has("back") {
		want = fields.Get("back")
	}
	if status, location, text := b.Submit(simharness.StripeHost+"/_sim/form/"+form, fields); status != http.StatusSeeOther ||
		location != want {
		b.T.Errorf("%s %v: %d to %q: %s", form, fields, status, location, text)
	}
}

// statuses are the answers of a Stripe and of a Clerk API call.
func (b *bench) statuses() (stripe, clerk int) {
	b.T.Helper()
	one, _ := b.Send("GET", simharness.StripeHost+"/v1/customers", nil, "")
	other, _ := b.Send("GET", simharness.ClerkHost+"/v1/users/count",
		map[string]string{"Authorization": "Bearer " + simulator.DefaultClerkKey}, "")
	return one.StatusCode, other.StatusCode
}

func (b *bench) controls() *simharness.Node {
	b.T.Helper()
	return b.Visited(simharness.StripeHost + "/_sim")
}

func TestAButtonLosesTheNextWebhookForGood(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.presses("fault", url.Values{"kind": {"lose"}, "count": {"1"}, "provider": {"stripe"}, "back": {"/_sim/tour"}})
		if got := b.controls().Says("#active"); !strings.Contains(got, "Stripe: Webhooks are lost: 1 more time") {
			t.Errorf("the page says %q", got)
		}
		if _, err := b.SignUp(simulator.SignUp{Email: "a@example.com"}); err != nil { // Clerk's do arrive
			t.Fatal(err)
		}
		b.Customer("lost@example.com")
		b.Customer("kept@example.com")
		time.Sleep(4 * simharness.Day) // longer than all retries
		synctest.Wait()
		if got := b.Inbox.Kinds(); !slices.Equal(got, []string{"user.created", "customer.created"}) {
			t.Errorf("%v arrived", got)
		}
		if got := b.CountRequests(func(e simulator.Entry) bool {
			return strings.HasSuffix(e.Error, "fault: lost")
		}); got != 1 ||
			b.PendingDeliveries() != 0 {
			t.Errorf("%d were lost, %d are pending", got, b.PendingDeliveries())
		}
		if got := b.controls().Says("#active"); got != "" {
			t.Errorf("the page still says %q", got)
		}
	})
}

func TestAButtonLosesOnlyTheNamedEvents(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		b.Settle()
		b.presses("fault", url.Values{"kind": {"lose"}, "count": {"1"}, "event": {"customer.subscription.*"}})
		b.Customer("a@example.com")
		before := len(b.Inbox.All())
		b.Must(b.PortalCancel(sub.ID))
		b.Settle()
		if got := b.Inbox.Kinds()[before:]; !slices.Equal(got, []string{"customer.created"}) {
			t.Errorf("%v arrived", got)
		}
	})
}

func TestTheButtonsOfTheProviders(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		ok, _ := b.statuses()
		for kind, want := range map[string][2]int{"stripe_500": {500, 0}, "stripe_429": {429, 0}, "clerk_down": {0, 503}} {
			b.presses("fault", url.Values{"kind": {kind}, "seconds": {"60"}})
			stripe, clerk := b.statuses()
			if want[0] != 0 && stripe != want[0] || want[1] != 0 && clerk != want[1] || (stripe == ok) == (clerk == ok) {
				t.Errorf("%s: Stripe answers %d, Clerk %d", kind, stripe, clerk)
			}
			if says := b.controls().Says("#active"); !strings.Contains(says, "ends at 00:") {
				t.Errorf("%s: the page does not say when it ends: %q", kind, says)
			}
			time.Sleep(time.Minute)
			if stripe, clerk := b.statuses(); stripe != ok || clerk != ok {
				t.Errorf("%s after a minute: Stripe answers %d, Clerk %d", kind, stripe, clerk)
			}
		}
		b.presses("fault", url.Values{"kind": {"clerk_down"}, "seconds": {""}})
		time.Sleep(simharness.Day)
		if _, clerk := b.statuses(); clerk != http.StatusServiceUnavailable {
			t.Errorf("after a day Clerk answers %d", clerk)
		}
		b.presses("end", url.Values{"what": {b.controls().Value("button#end-4", "value")}})
		if _, clerk := b.statuses(); clerk != ok {
			t.Errorf("after the end Clerk answers %d", clerk)
		}
	})
}

func TestAButtonLetsWebhooksFail(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.presses("fault", url.Values{"kind": {"fail"}, "seconds": {"30"}})
		b.Customer("a@example.com")
		time.Sleep(30 * time.Second)
		if got := len(b.Inbox.All()); got != 0 || b.PendingDeliveries() != 1 {
			t.Errorf("%d arrived, %d are pending", got, b.PendingDeliveries())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := len(b.Inbox.All()); got != 1 {
			t.Errorf("%d arrived after the fault", got)
		}
	})
}

func TestTheSlidersOfTheDeliveries(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.SetDelivery(simulator.DeliveryPolicy{Order: "refund"})
		b.presses("deliveries", url.Values{"drop": {"0"}, "duplicate": {"100"}, "shuffle": {"25"}, "delay": {"45"}})
		page := b.controls()
		says := page.Says("#active")
		for _, want := range []string{"100 % of the webhooks are delivered twice", "25 % of the webhooks are shuffled",
			"delayed by up to 45s", "recorded order refund"} {
			if !strings.Contains(says, want) {
				t.Errorf("the page does not say %q: %q", want, says)
			}
		}
		for name, want := range map[string]string{"drop": "0", "duplicate": "100", "shuffle": "25", "delay": "45"} {
			if got := page.Value("input#"+name, "value"); got != want {
				t.Errorf("the slider %s is at %q", name, got)
			}
		}
		b.presses("deliveries", url.Values{"hold": {"yes"}})
		b.Customer("a@example.com")
		time.Sleep(time.Hour)
		if got := len(b.Inbox.All()); got != 0 || b.controls().Says("#release") != "Release" {
			t.Errorf("%d arrived while held", got)
		}
		b.presses("deliveries", url.Values{"hold": {"no"}})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := len(b.Inbox.All()); got != 2 {
			t.Errorf("%d arrived after the release, want each twice", got)
		}
		b.presses("deliveries", url.Values{"drop": {"100"}, "duplicate": {"0"}})
		b.Customer("b@example.com")
		b.presses("end", url.Values{"what": {"deliveries"}})
		if got := b.controls().Says("#active"); got != "" {
			t.Errorf("the page still says %q", got)
		}
		b.Customer("c@example.com")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := len(b.Inbox.All()); got != 3 {
			t.Errorf("%d arrived at the end", got)
		}
	})
}

func TestOneButtonEndsEverything(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.presses("fault", url.Values{"kind": {"stripe_500"}})
		b.presses("fault", url.Values{"kind": {"clerk_down"}})
		b.presses("deliveries", url.Values{"hold": {"yes"}})
		page := b.controls()
		if got := len(page.All("#active li")); got != 3 || page.Value("button#end-all", "value") != "all" {
			t.Errorf("%d are active", got)
		}
		b.presses("end", url.Values{"what": {"all"}, "back": {"/_sim/sequence"}})
		if got := b.controls().Says("#active"); got != "" {
			t.Errorf("the page still says %q", got)
		}
	})
}

func TestTheFreeFieldOfTheClock(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for unit, want := range map[string]time.Duration{"minutes": 90 * time.Second, "hours": 90 * time.Minute,
			"days": 36 * time.Hour} {
			before := b.Now()
			status, location, _ := b.Submit(simharness.StripeHost+"/_sim/advance",
				url.Values{"amount": {"1.5"}, "unit": {unit}, "back": {"/_sim/tour"}})
			if passed := b.Now().Sub(before); passed != want || status != http.StatusSeeOther || location != "/_sim/tour" {
				t.Errorf("%s: %s passed, %d to %s", unit, passed, status, location)
			}
		}
	})
}

func TestABadFormChangesNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		before := b.Now()
		for _, c := range []struct {
			path string
			form url.Values
			says string
		}{
			{"form/fault", url.Values{"kind": {"<b>fire</b>"}}, "&#34;&lt;b&gt;fire&lt;/b&gt;&#34; is not a fault"},
			{"form/fault", url.Values{"kind": {"lose"}, "count": {""}}, "is not a whole number between 1 and 1000"},
			{"form/fault", url.Values{"kind": {"lose"}, "count": {"0"}}, "is not a whole number between 1 and 1000"},
			{"form/fault", url.Values{"kind": {"lose"}, "count": {"1.5"}}, "is not a whole number between 1 and 1000"},
			{"form/fault", url.Values{"kind": {"lose"}, "seconds": {"-1"}}, "is not a whole number between 1 and 86400"},
			{"form/fault", url.Values{"kind": {"lose"}, "provider": {"paypal"}}, "is neither stripe nor clerk"},
			{"form/deliveries", url.Values{"drop": {"50"}, "delay": {"x"}}, "delay: &#34;x&#34; is not a number"},
			{"form/deliveries", url.Values{"drop": {"101"}, "hold": {"yes"}}, "drop: &#34;101&#34; is not a number between 0 and 100"},
			{"form/deliveries", url.Values{"shuffle": {"NaN"}}, "shuffle: &#34;NaN&#34; is not a number"},
			{"form/deliveries", url.Values{"hold": {"maybe"}}, "is neither yes nor no"},
			{"form/end", url.Values{"what": {"<i>"}}, "&lt;i&gt;"},
			{"form/billing-portal", url.Values{"customer": {"cus_<x>"}}, "The portal cannot be opened"},
			{"advance", url.Values{"amount": {"-1"}, "unit": {"days"}}, "between 0 and ten years"},
			{"advance", url.Values{"amount": {"1"}, "unit": {"years"}}, "between 0 and ten years"},
			{"advance", url.Values{"seconds": {"NaN"}}, "between 0 and ten years"},
		} {
			status, _, page := b.Submit(simharness.StripeHost+"/_sim/"+c.path, c.form)
			if status != http.StatusBadRequest || !strings.Contains(page, c.says) ||
				!strings.Contains(page, "Nothing has changed") {
				t.Errorf("%s %v: %d, without %q:\n%s", c.path, c.form, status, c.says, page)
			}
		}
		if got := b.controls().Says("#active"); got != "" || !b.Now().Equal(before) {
			t.Errorf("active: %q; the clock moved by %s", got, b.Now().Sub(before))
		}
	})
}

func TestOtherSitesPressNoButton(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for path, form := range map[string]string{"form/fault": "kind=clerk_down", "form/deliveries": "hold=yes",
			"form/end": "what=all", "form/billing-portal": "customer=cus_1", "advance": "seconds=3600"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, simharness.StripeHost+"/_sim/"+path,
				strings.NewReader(form))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "cross-site")
			if status, _, _ := b.Page(request); status != http.StatusForbidden {
				t.Errorf("%s answers %d", path, status)
			}
		}
		if got := b.controls().Says("#active"); got != "" {
			t.Errorf("active: %q", got)
		}
		// No form leads to another site.
		_, location, _ := b.Submit(simharness.StripeHost+"/_sim/form/end",
			url.Values{"what": {"all"}, "back": {"https://evil.example/"}})
		if location != "/_sim" {
			t.Errorf("a form leads to %s", location)
		}
	})
}

func TestAFaultIsDeletedByItsID(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		b.control("POST", "/_sim/faults", `{"side":"stripe","status":503}`)
		_, listed := b.control("GET", "/_sim/faults", "")
		if !strings.Contains(listed, `"id":1`) {
			t.Errorf("the list is %s", listed)
		}
		for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
			if status, _ := b.control("DELETE", "/_sim/faults/1", ""); status != want {
				t.Errorf("DELETE answers %d, want %d", status, want)
			}
		}
	})
}
