package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// checkout is the answer of /v1/checkout, or its error.
type checkout struct {
	status    int
	ID, URL   string
	Reused    bool
	TrialDays int64 `json:"trial_days"`
	Type      string
}

func (k *kit) checkout(account lockstep.Account, lookupKey string, more ...string) checkout {
	k.Helper()
	fields, headers := "", []string{}
	for _, m := range more {
		if strings.HasPrefix(m, "Idempotency-Key: ") {
			headers = append(headers, m)
		} else {
			fields += "," + m
		}
	}
	a := k.call("POST", "/v1/checkout", apiKey, fmt.Sprintf(
		`{"account":%q,"lookup_key":%q,"success_url":"https://app.test/"%s}`, account, lookupKey, fields), headers...)
	c := as[checkout](k, a)
	c.status = a.status
	return c
}

// sessions returns the ids of Stripe's sessions in a state, oldest first.
func (k *kit) sessions(status string) (ids []string) {
	for _, s := range k.sim.CheckoutSessions() {
		if s.Status == status {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func (k *kit) pay(sessionID string) {
	k.Helper()
	if err := k.sim.PayCheckout(sessionID, card); err != nil {
		k.Fatal(err)
	}
}

// stripe calls Stripe's API with the key, and returns the id of the object.
func (k *kit) stripe(path, form string) (id string) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPost, k.config.Stripe.BaseURL+path,
		strings.NewReader(form))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	var made struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || response.StatusCode != http.StatusOK {
		k.Fatalf("POST %s: %d %v", path, response.StatusCode, err)
	}
	return made.ID
}

// beside serves another server over the same database, and returns a kit that calls it.
func (k *kit) beside() *kit {
	k.Helper()
	web := httptest.NewServer(k.another().Handler())
	k.Cleanup(web.Close)
	other := *k
	other.url = web.URL
	return &other
}

// want fails the test unless a checkout was refused with a code, or started if refusal is "".
func (k *kit) want(what string, got checkout, status int, refusal string) {
	k.Helper()
	if refusal != "" {
		refusal = "urn:lockstep:" + refusal
	}
	if got.status != status || got.Type != refusal {
		k.Errorf("%s: %+v, want %d %s", what, got, status, refusal)
	}
}

// TestManyTabsHaveOneCheckout: concurrent requests for the same, on two replicas, get the same page.
func TestManyTabsHaveOneCheckout(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	replicas := []*kit{k, k.beside()}
	var tabs sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		tabs.Go(func() {
			c := replicas[i%2].checkout(ada, "pro")
			if c.status != http.StatusOK || c.URL == "" {
				t.Errorf("tab %d: %+v", i, c)
			}
			ids[i] = c.ID
		})
	}
	tabs.Wait()
	if len(slices.Compact(ids)) != 1 || len(k.sim.CheckoutSessions()) != 1 {
		t.Errorf("sessions %v; Stripe has %d", ids, len(k.sim.CheckoutSessions()))
	}
}

func TestAnAccountHasOneOpenCheckout(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	first := k.checkout(ada, "pro")
	if again := k.checkout(ada, "pro"); again.ID != first.ID || !again.Reused || first.Reused {
		t.Errorf("the same again: %+v, want that of %+v", again, first)
	}
	if others := k.checkout(eve, "pro"); others.ID == first.ID {
		t.Error("another account got the same session")
	}
	for what, c := range map[string]checkout{
		"another plan":     k.checkout(ada, "basic"),
		"another quantity": k.checkout(ada, "pro", `"quantity":2`),
		"another page":     k.checkout(ada, "pro", `"cancel_url":"https://app.test/no"`),
		"a license":        k.checkout(ada, "life"),
	} {
		if c.status != http.StatusOK || c.Reused {
			t.Errorf("%s: %+v", what, c)
		}
	}
	if open := k.sessions("open"); len(open) != 2 { // the other is eve's
		t.Errorf("open are %v", open)
	}
}

// TestASessionThatIsNotOursIsLeftAlone: one that the app created itself at Stripe.
func TestASessionThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	record, err := k.store.Account(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	k.stripe("/v1/checkout/sessions", "mode=subscription&customer="+record.CustomerID+
		"&success_url=https://app.test/&line_items[0][quantity]=1&line_items[0][price]="+k.prices["pro"])
	k.want("beside it", k.checkout(ada, "pro"), 200, "")
	if open := k.sessions("open"); len(open) != 2 {
		t.Errorf("open are %v", open)
	}
}

// TestWhatIsHeldIsNotSoldAgain orders again right after the payment, before the webhooks arrive.
func TestWhatIsHeldIsNotSoldAgain(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.sim.SetDelivery(simulator.DeliveryPolicy{Drop: 1})
	ada := lockstep.Account{Kind: lockstep.User}
	user, err := k.sim.SignUp(simulator.SignUp{Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	ada.ID = user.ID
	k.pay(k.checkout(ada, "basic").ID)
	k.want("the same plan", k.checkout(ada, "basic"), 409, "already-subscribed")
	k.want("another plan", k.checkout(ada, "pro"), 409, "other-subscription")
	k.want("another plan, of a server that knows", k.checkout(ada, "pro", `"again":true`), 200, "")
	k.pay(k.checkout(ada, "life").ID)
	k.want("a license just paid", k.checkout(ada, "life"), 409, "payment-under-way")
	k.until("the payment was looked at", func() bool {
		return k.checkout(ada,
			"life").Type == "urn:lockstep:already-bought"
	})
	k.want("a license for what was bought", k.checkout(ada, "life", `"again":true`), 200, "")
}

func TestSeveralSubscriptionsIfTheOperatorSaysSo(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Buying.Policy.Several = true })
	ada := k.signUp("ada@example.com")
	k.pay(k.checkout(ada, "basic").ID)
	k.want("the same plan", k.checkout(ada, "basic"), 409, "already-subscribed")
	k.want("another plan", k.checkout(ada, "pro"), 200, "")
}

// TestACheckoutWhoseAnswerWasLostIsBegunOnce: Stripe created the session, but the connection broke.
func TestACheckoutWhoseAnswerWasLostIsBegunOnce(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada := k.signUp("ada@example.com")
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "POST", Path: "/v1/checkout/sessions", Times: 1, After: true,
		CutAfter: 10})
	if lost := k.checkout(ada, "pro"); lost.status != http.StatusBadGateway {
		t.Fatalf("the answer was not lost: %+v", lost)
	}
	// Even if the list does not show it yet, the idempotency key finds it.
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: "GET", Path: "/v1/checkout/sessions", Times: 1, Status: 200,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   `{"object":"list","has_more":false,"url":"/v1/checkout/sessions","data":[]}`})
	again := k.checkout(ada, "pro")
	k.want("again", again, 200, "")
	if all := k.sim.CheckoutSessions(); len(all) != 1 || all[0].ID != again.ID {
		t.Errorf("Stripe has %d sessions", len(all))
	}
}

func TestIdempotencyKeyIsUsedOnce(t *testing.T) {
	t.Parallel()
	k := start(t)
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	const key, again = "Idempotency-Key: order-1", `"again":true`
	first := k.checkout(ada, "life", again, key)
	if same := k.checkout(ada, "life", again, key); same.ID != first.ID {
		t.Errorf("the same key began %s and %s", first.ID, same.ID)
	}
	k.want("another order", k.checkout(ada, "basic", again, key), 422, "invalid")
	k.pay(first.ID)
	k.want("a retry after it was paid", k.checkout(ada, "life", again, key), 409, "already-bought")
	k.want("another key", k.checkout(ada, "life", again, "Idempotency-Key: order-2"), 200, "")
	k.want("another account's key", k.checkout(eve, "basic", key), 200, "")
}

func TestOneTrialAnAccount(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Catalog.Plans[0].TrialDays, c.Catalog.Plans[0].TrialWithoutCard = 14, true })
	ada := k.signUp("ada@example.com")
	first := k.checkout(ada, "basic")
	if first.TrialDays != 14 {
		t.Errorf("the plan's trial: %+v", first)
	}
	k.pay(first.ID)
	subscription := k.sim.Subscriptions()[0]
	if subscription.Status != "trialing" || subscription.TrialEnd.Sub(subscription.Created).Round(
		time.Hour) != 14*24*time.Hour {
		t.Errorf("%s until %s", subscription.Status, subscription.TrialEnd)
	}
	if err := k.sim.CancelSubscription(subscription.ID, false); err != nil {
		t.Fatal(err)
	}
	if second := k.checkout(ada, "basic"); second.status != http.StatusOK || second.TrialDays != 0 {
		t.Errorf("a second trial: %+v", second)
	}
	k.want("a second trial that was asked for", k.checkout(ada, "pro", `"trial_days":3`), 409, "trial-used")
	k.want("a trial of a one-time payment", k.checkout(ada, "life", `"trial_days":3`), 422, "invalid")
}

// TestBuyerRoles: which members may buy for an organization.
func TestBuyerRoles(t *testing.T) {
	t.Parallel()
	for role, c := range map[string]struct {
		roles  []string
		status int
	}{
		"org:admin":   {nil, 200},
		"org:member":  {nil, 403},
		"org:member ": {[]string{"org:member"}, 200},
		"org:admin ":  {[]string{"member"}, 403},
	} {
		k := start(t, func(c2 *server.Config) { c2.Buying.Roles = c.roles })
		owner, ada := k.signUp("owner@example.com"), k.signUp("ada@example.com")
		org, err := k.sim.CreateOrganization("Engines", owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.sim.AddMember(org.ID, ada.ID, strings.TrimSpace(role)); err != nil {
			t.Fatal(err)
		}
		token := k.token(ada, org.ID)
		body := `{"account":"organization/` + org.ID + `","lookup_key":"pro","success_url":"https://app.test/"}`
		if a := k.call("POST", "/v1/checkout", token, body); a.status != c.status {
			t.Errorf("%s, who may buy is %v: %d %s", role, c.roles, a.status, a.body)
		}
		if c.status == 200 {
			session := k.sim.CheckoutSessions()[0]
			customer := slices.IndexFunc(k.sim.Customers(), func(c simulator.Customer) bool { return c.ID == session.Customer })
			if session.ClientReferenceID != org.ID || session.Metadata["clerkUserId"] != ada.ID ||
				k.sim.Customers()[customer].Name != "Engines" {
				t.Errorf("the session is of %s, paid by %s, the customer is %s", session.ClientReferenceID,
					session.Metadata["clerkUserId"], k.sim.Customers()[customer].Name)
			}
		}
	}
}

func TestPortalFlows(t *testing.T) {
	t.Parallel()
	k := start(t, func(c *server.Config) { c.Buying.Policy.Several = true })
	ada, eve := k.signUp("ada@example.com"), k.signUp("eve@example.com")
	product := k.sim.Prices()[0].Product
	k.config.Buying.PortalConfiguration = k.stripe("/v1/billing_portal/configurations",
		"features[payment_method_update][enabled]=true&features[subscription_cancel][enabled]=true"+
			"&features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][0]=price"+
			"&features[subscription_update][products][0][product]="+product+"&features[subscription_update][products][0][prices][0]="+k.sim.Prices()[0].ID)
	stock := k
	k = k.beside()
	open := func(account lockstep.Account, fields string) answer {
		return k.call("POST", "/v1/portal", k.token(account, ""), `{"return_url":"https://app.test/back"`+fields+`}`)
	}
	if a := open(ada, `,"flow":"cancel"`); a.status != 409 {
		t.Errorf("nothing to cancel: %d %s", a.status, a.body)
	}
	k.buy(ada, "basic")
	k.buy(ada, "pro")
	k.buy(eve, "basic")
	subscriptions := map[string]string{} // by price and customer
	for _, s := range k.sim.Subscriptions() {
		subscriptions[s.Items[0].Price+s.Customer] = s.ID
	}
	record, err := k.store.Account(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	basic := subscriptions[k.prices["basic"]+record.CustomerID]
	for fields, status := range map[string]int{
		``:                           200,
		`,"flow":"payment_method"`:   200,
		`,"flow":"cancel"`:           200,
		`,"flow":"update"`:           200,
		`,"flow":"customer_update"`:  422,
		`,"subscription_id":"sub_1"`: 422,
		`,"flow":"cancel","subscription_id":"` + basic + `"`: 200,
		`,"flow":"cancel","subscription_id":"sub_never"`:     404,
	} {
		if a := open(ada, fields); a.status != status {
			t.Errorf("%s: %d, want %d: %s", fields, a.status, status, a.body)
		}
	}
	if a := stock.call("POST", "/v1/portal", k.token(ada, ""),
		`{"return_url":"https://app.test/","flow":"update"}`); a.status != 409 || !strings.Contains(a.body, "configuration") {
		t.Errorf("a flow that the portal does not allow: %d %s", a.status, a.body)
	}
	if a := open(eve, `,"flow":"cancel","subscription_id":"`+basic+`"`); a.status != 404 {
		t.Errorf("another customer's subscription: %d %s", a.status, a.body)
	}
	if err := k.sim.CancelSubscription(basic, false); err != nil {
		t.Fatal(err)
	}
	k.until("the end is known", func() bool {
		return open(ada,
			`,"flow":"cancel","subscription_id":"`+basic+`"`).status == 404
	})
}
