package console_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/simulator"
)

// signUp creates a user, and waits until Lockstep has created the customer.
func (k *kit) signUp(of simulator.SignUp) lockstep.Account {
	k.Helper()
	user, err := k.sim.SignUp(of)
	if err != nil {
		k.Fatal(err)
	}
	account := lockstep.Account{Kind: lockstep.User, ID: user.ID}
	k.until("the account has a customer", func() bool {
		record, err := k.store.Account(k.Context(), account)
		return err == nil && record.Live()
	})
	return account
}

// ada signs up, with a name.
func (k *kit) ada() lockstep.Account {
	k.Helper()
	return k.signUp(simulator.SignUp{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"})
}

// buy pays for a plan, and waits until the database shows the access.
func (k *kit) buy(account lockstep.Account, lookupKey string) {
	k.Helper()
	var session struct{ URL string }
	k.api(http.MethodPost, "/v1/checkout", map[string]string{"account": account.String(), "lookup_key": lookupKey,
		"success_url": "https://app.test/"}, &session)
	sessions := k.sim.CheckoutSessions()
	if err := k.sim.PayCheckout(sessions[len(sessions)-1].ID, card); err != nil {
		k.Fatal(err)
	}
	k.until("the purchase grants access", func() bool {
		record, err := k.store.Account(k.Context(), account)
		return err == nil && k.config.Catalog.Access(record, time.Now()).Plan == lookupKey
	})
}

// api calls the API with the key, and decodes a success.
func (k *kit) api(method, path string, body, out any) {
	k.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		k.Fatal(err)
	}
	request, err := http.NewRequestWithContext(k.Context(), method, k.url+path, bytes.NewReader(text))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read, or the test ends
	if response.StatusCode >= http.StatusMultipleChoices {
		k.Fatalf("%s %s: %d", method, path, response.StatusCode)
	}
	if out != nil {
		if err := json.NewDecoder(response.Body).Decode(out); err != nil {
			k.Fatal(err)
		}
	}
}

// stripe sends a form to Stripe's API.
func (k *kit) stripe(path string, content url.Values) {
	k.Helper()
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPost, k.config.Stripe.BaseURL+path,
		strings.NewReader(content.Encode()))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // only its status matters
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(response.Body)
		k.Fatalf("POST %s: %d %s %v", path, response.StatusCode, text, err)
	}
}

// hour stores the statistics of an hour in which a process was away for a while.
func (k *kit) hour() {
	k.Helper()
	for ago := 59; ago > 0; ago-- {
		if ago > 30 && ago < 34 {
			continue
		}
		n := int64(40 + 25*math.Sin(float64(ago)/9))
		cells := []lockstep.StatisticsCell{{Metric: "deliveries.stored", Count: n}, {Metric: "deliveries.duplicate", Count: n / 9},
			{Metric: "deliveries.refused", Count: int64(ago % 11 / 10)}, {Metric: "runs.done", Count: n / 3},
			{Metric: "runs.retry", Count: int64(ago % 7 / 5)}, {Metric: "queue.due", Count: 1, Most: n / 8, Last: n / 9},
			{Metric: "upstream.stripe.calls", Count: n}, {Metric: "upstream.stripe.waits", Count: n / 20},
			{Metric: "upstream.clerk.calls", Count: n / 2},
			{Metric: "access_lag.database", Bin: 250, Count: n}, {Metric: "access_lag.database", Bin: 1000, Count: 1 + int64(ago%5/4)}}
		minute := lockstep.StatisticsMinute{At: time.Now().Add(-time.Duration(ago) * time.Minute), Cells: cells}
		if err := k.store.AddStatistics(k.Context(), minute); err != nil {
			k.Fatal(err)
		}
	}
}
