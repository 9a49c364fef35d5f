package simulator_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// attack is text that would run a script if a page did not escape it, as text or in an attribute.
const attack = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`

func TestThePagesEscapeEverythingThatAUserWrites(t *testing.T) {
	t.Parallel()
	inConfiguredBubble(t, func(c *simulator.Config) {
		c.Links = simulator.Links{App: "http://app.test", AppName: attack, Service: attack, Console: "http://console.test/console"}
		c.Tour = &simulator.Tour{}
	}, func(t *testing.T, b *bench) {
		user, err := b.SignUp(simulator.SignUp{Email: "ada@example.com", FirstName: attack, LastName: attack})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.CreateOrganization("Acme & Sons", user.ID); err != nil {
			t.Fatal(err)
		}
		authorized := map[string]string{"Authorization": "Bearer " + simulator.DefaultClerkKey, "User-Agent": attack}
		b.Send("PATCH", simharness.ClerkHost+"/v1/users/"+user.ID+"/metadata", authorized,
			`{"public_metadata":{"`+strings.ReplaceAll(attack, `"`, `\"`)+`":"`+strings.ReplaceAll(attack, `"`, `\"`)+`"}}`)
		form := url.Values{"name": {attack}, "metadata[" + attack[2:20] + "]": {attack}, "email": {"eve@example.com"}}
		_, customer := b.Send("POST", simharness.StripeHost+"/v1/customers", map[string]string{
			"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
		if customer["id"] == nil {
			t.Fatalf("customer: %v", customer)
		}
		b.Send("GET", simharness.StripeHost+"/v1/customers/"+url.PathEscape(attack)+"?limit="+url.QueryEscape(attack), nil, "")
		b.AddFault(simulator.Fault{Side: "stripe", Path: "/v1/none", Name: attack, Status: 500})
		b.AddFault(simulator.Fault{Side: attack, Method: attack, Path: attack, Status: 500})
		b.SetStripeWebhooks([]simulator.WebhookEndpoint{{URL: "http://inbox.test/?" + url.QueryEscape(attack), Secret: "whsec_x"}})
		b.SetDelivery(simulator.DeliveryPolicy{Hold: true})
		b.Customer("held@example.com")
		last := ""
		for _, path := range []string{"", "/sequence", "/sequence?q=" + url.QueryEscape(attack) + "&id=" + url.QueryEscape(attack),
			"/objects", "/tour", "/sequence/1", "/sequence/2", "/sequence/3", "/sequence/4"} {
			_, _, page := b.Get(simharness.StripeHost + "/_sim" + path)
			last += page
			for _, unsafe := range []string{"<script>alert", "<img src=x", `"'>`} {
				if strings.Contains(page, unsafe) {
					t.Errorf("/_sim%s contains %q:\n%s", path, unsafe, page)
				}
			}
		}
		if got := strings.Count(last, "&lt;script&gt;alert(1)"); got < 30 {
			t.Errorf("the attack is shown only %d times, so the test reaches too little", got)
		}
	})
}

func TestThePagesRunNoInlineScriptAndShowNoSecret(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		if _, err := b.SignUp(simulator.SignUp{Email: "ada@example.com"}); err != nil {
			t.Fatal(err)
		}
		b.Send("POST", simharness.StripeHost+"/v1/webhook_endpoints", map[string]string{
			"Content-Type": "application/x-www-form-urlencoded"}, "url="+simharness.InboxHost+"/other&enabled_events[]=*")
		b.Send("GET", simharness.ClerkHost+"/v1/users/count", map[string]string{
			"Authorization": "Bearer " + simulator.DefaultClerkKey}, "")
		b.Send("POST", simharness.ClerkHost+"/v1/users", map[string]string{
			"Authorization": "Bearer " + simulator.DefaultClerkKey, "Content-Type": "application/json"},
			`{"email_address":["eve@example.com"],"password":"correct-horse-battery"}`)
		b.Settle()
		for _, path := range []string{"", "/sequence", "/objects", "/sequence/1", "/sequence/2", "/sequence/3"} {
			response, page := b.Do(request(t, simharness.StripeHost+"/_sim"+path))
			policy := response.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") ||
				strings.Contains(page, "<script>") || strings.Contains(page, " onclick=") || strings.Contains(page, ` style="`) {
				t.Errorf("/_sim%s has the policy %q", path, policy)
			}
			for _, secret := range []string{simulator.DefaultStripeKey, simulator.DefaultClerkKey, simharness.StripeSecret,
				simharness.ClerkSecret, "correct-horse"} {
				if strings.Contains(page, secret) {
					t.Errorf("/_sim%s shows the secret %s", path, secret)
				}
			}
			if strings.Contains(path, "sequence") && !strings.Contains(page, "…") {
				t.Errorf("/_sim%s masks nothing", path)
			}
		}
	})
}

func TestLinksMustBeOfTheWeb(t *testing.T) {
	t.Parallel()
	for _, config := range []simulator.Config{{Links: simulator.Links{Console: "javascript:alert(1)"}},
		{Links: simulator.Links{App: "app"}}, {Tour: &simulator.Tour{}}} {
		if _, err := simulator.New(config); err == nil {
			t.Errorf("%+v is accepted", config.Links)
		}
	}
}
