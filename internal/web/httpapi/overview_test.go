package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/simulator"
)

// foundRow is an account in an answer.
type foundRow struct {
	Account, Email, Status, Plan, Concern, Customer, Matched string
	ConcernWhy                                               string     `json:"concern_why"`
	ConcernSince                                             *time.Time `json:"concern_since"`
	Problems                                                 bool
}

type overviewAnswer struct {
	Well    bool
	Payers  overviewConcern `json:"payers_without_access"`
	Unpaid  overviewConcern `json:"access_without_payment"`
	Parked  overviewParked  `json:"parked_payments"`
	Held    overviewCount   `json:"held_deletions"`
	Missing overviewCount   `json:"unclassified"`
	Reasons []struct{ Code string }
}

type overviewCount struct {
	Count   int64
	AtLeast bool `json:"at_least"`
	Oldest  *time.Time
}

type overviewConcern struct {
	overviewCount
	Reasons map[string]int64
	First   []foundRow
}

type overviewParked struct {
	overviewCount
	Amounts []struct {
		Currency string
		Amount   int64
	}
}

func (k *kit) found(query string) (rows []foundRow) {
	k.Helper()
	a := k.call("GET", "/v1/accounts?"+query, apiKey, "")
	var page struct{ Data []foundRow }
	if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != http.StatusOK {
		k.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return page.Data
}

func (k *kit) overview() (o overviewAnswer) {
	k.Helper()
	a := k.call("GET", "/v1/overview", apiKey, "")
	if err := json.Unmarshal([]byte(a.body), &o); err != nil || a.status != http.StatusOK {
		k.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return o
}

// unlisted is a catalog that does not sell what buyers buy.
func unlisted(c *server.Config) {
	c.Catalog = lockstep.Catalog{Plans: []lockstep.Plan{{Name: "gold", LookupKeys: []string{"gold"}, Features: []string{"all"}}}}
}

// sold has a human sell a subscription in Stripe's dashboard.
func (k *kit) sold(account lockstep.Account, lookupKey string) {
	k.Helper()
	record, err := k.store.Account(k.Context(), account)
	if err != nil {
		k.Fatal(err)
	}
	if err := k.sim.SetCard(record.CustomerID, card); err != nil {
		k.Fatal(err)
	}
	form := url.Values{"customer": {record.CustomerID}, "items[0][price]": {k.prices[lookupKey]}}
	request, err := http.NewRequestWithContext(k.Context(), http.MethodPost, k.config.Stripe.BaseURL+"/v1/subscriptions",
		strings.NewReader(form.Encode()))
	if err != nil {
		k.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultStripeKey)
	answer, err := k.client.Do(request)
	if err != nil {
		k.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		k.Fatalf("the simulator answered %d", answer.StatusCode)
	}
}

// TestAPayerWithoutAccessIsShown: someone buys a price that the catalog does not list.
func TestAPayerWithoutAccessIsShown(t *testing.T) {
	t.Parallel()
	k := start(t, unlisted)
	if o := k.overview(); !o.Well || o.Payers.Count != 0 {
		t.Errorf("before: %+v", o)
	}
	ada := k.signUp("Ada@example.com")
	k.sold(ada, "pro")
	var o overviewAnswer
	k.until("the overview shows it", func() bool {
		o = k.overview()
		return o.Payers.Count == 1
	})
	first := o.Payers.First[0]
	if o.Well || o.Payers.Reasons["plan_unlisted"] != 1 || o.Payers.Oldest == nil || first.Account != ada.String() {
		t.Errorf("overview: %+v", o)
	}
	for _, query := range []string{"concern=payer_without_access", "q=ada@EXAMPLE", "q=" + first.Customer, "plan=pro",
		"status=active&kind=user", "q=" + ada.ID} {
		rows := k.found(query)
		if len(rows) != 1 || rows[0].Account != ada.String() || rows[0].ConcernWhy != "plan_unlisted" ||
			rows[0].ConcernSince == nil || rows[0].Plan != "pro" {
			t.Errorf("%s: %+v", query, rows)
		}
	}
	if rows := k.found("concern=access_without_payment"); len(rows) != 0 {
		t.Errorf("without payment: %+v", rows)
	}
}

// TestParkedPaymentsAreAddedUp: what a stranger paid is named with its currency.
func TestParkedPaymentsAreAddedUp(t *testing.T) {
	t.Parallel()
	k := start(t)
	parked := lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_nobody"}
	receive := func(id, body string) {
		_, err := k.store.Receive(t.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: id,
			Type: "invoice.paid", Origin: lockstep.Delivered, ReceivedAt: time.Now(), Body: []byte(body)},
			Mark: &lockstep.Mark{Key: parked, Scope: lockstep.ScopeAll}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	receive("evt_1", `{"type":"invoice.paid","data":{"object":{"id":"in_1","amount_paid":1999,"currency":"eur"}}}`)
	receive("evt_2", `{"type":"invoice.paid","data":{"object":{"id":"in_1","amount_paid":1999,"currency":"eur"}}}`)
	var o overviewAnswer
	k.until("the payment is parked", func() bool {
		o = k.overview()
		return o.Parked.Count == 1
	})
	if len(o.Parked.Amounts) != 1 || o.Parked.Amounts[0].Currency != "eur" || o.Parked.Amounts[0].Amount != 1999 ||
		o.Parked.Oldest == nil || o.Well {
		t.Errorf("%+v", o)
	}
}

// countingReads counts how often the store is read for an overview.
type countingReads struct {
	lockstep.Store
	reads atomic.Int64
}

func (c *countingReads) Attention(ctx context.Context, paying []string) (lockstep.Attention, error) {
	c.reads.Add(1)
	return c.Store.Attention(ctx, paying)
}

// TestOpenPagesShareAnOverview: the pages of a moment cost one read.
func TestOpenPagesShareAnOverview(t *testing.T) {
	t.Parallel()
	var counting *countingReads
	k := start(t, func(c *server.Config) {
		counting = &countingReads{Store: c.Store}
		c.Store = counting
	})
	began := time.Now()
	const pages = 50
	var asking sync.WaitGroup
	for range pages {
		asking.Go(func() { k.overview() })
	}
	asking.Wait()
	most := 1 + int64(time.Since(began)/time.Second)
	if reads := counting.reads.Load(); reads < 1 || reads > most {
		t.Errorf("%d pages read the store %d times in %s, want at most %d", pages, reads, time.Since(began), most)
	}
}
