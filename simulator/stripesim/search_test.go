package stripesim_test

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// longestLag is the time after which search has seen every change.
const longestLag = time.Minute

func (b *bench) searchCustomers(query string) []string {
	b.T.Helper()
	var found []string
	for customer, err := range b.Stripe.V1Customers.Search(b.T.Context(),
		&stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: query}}).All(b.T.Context()) {
		if err != nil {
			b.T.Fatalf("%s: %v", query, err)
		}
		found = append(found, customer.Email)
	}
	return found
}

func TestSearchDoesNotSeeWhatWasJustWritten(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		customer := b.Customer("old@example.com")
		if found := b.searchCustomers("email:'old@example.com'"); len(found) != 0 {
			t.Errorf("read after create found %v", found)
		}
		time.Sleep(longestLag)
		if found := b.searchCustomers("email:'old@example.com'"); len(found) != 1 {
			t.Errorf("a minute after create found %v", found)
		}
		if _, err := b.Stripe.V1Customers.Update(t.Context(), customer.ID,
			&stripe.CustomerUpdateParams{Email: stripe.String("new@example.com")}); err != nil {
			t.Fatal(err)
		}
		if found := b.searchCustomers("email~'@example.com' AND created>946684799"); !cmp.Equal(found,
			[]string{"old@example.com"}) {
			t.Errorf("read after update found %v, want the state before", found)
		}
		var saved bytes.Buffer
		if err := b.Save(&saved); err != nil {
			t.Fatal(err)
		}
		if err := b.Load(&saved); err != nil {
			t.Fatal(err)
		}
		if found := b.searchCustomers("email:'new@example.com'"); len(found) != 0 {
			t.Errorf("after loading the state it found %v at once", found)
		}
		time.Sleep(longestLag)
		if found := b.searchCustomers("email:'new@example.com'"); len(found) != 1 {
			t.Errorf("a minute after update found %v", found)
		}
		if err := b.DeleteCustomer(customer.ID); err != nil {
			t.Fatal(err)
		}
		if found := b.searchCustomers("email:'new@example.com'"); len(found) != 1 {
			t.Errorf("read after delete found %v", found)
		}
		time.Sleep(longestLag)
		if found := b.searchCustomers("email:'new@example.com'"); len(found) != 0 {
			t.Errorf("a minute after delete found %v", found)
		}
	})
}

func TestSearchIsSureToLagAndNeverLongerThanAMinute(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		const customers = 20
		for range customers {
			b.Customer("many@example.com")
		}
		count := func() int64 {
			_, body := b.Send(http.MethodGet, simharness.StripeHost+"/v1/customers/search?limit=5&expand[]=total_count&query="+url.QueryEscape("email:'many@example.com'"), nil, "")
			return int64(body["total_count"].(float64))
		}
		time.Sleep(5 * time.Second)
		if got := count(); got != 0 {
			t.Errorf("after 5 s %d are found", got)
		}
		time.Sleep(25 * time.Second)
		if got := count(); got == 0 || got == customers {
			t.Errorf("after 30 s %d of %d are found: the lag is not that of each change", got, customers)
		}
		time.Sleep(30 * time.Second)
		if got := count(); got != customers {
			t.Errorf("after a minute %d of %d are found", got, customers)
		}
		if found := b.searchCustomers("email:'many@example.com'"); len(found) != customers {
			t.Errorf("page by page %d of %d are found", len(found), customers)
		}
	})
}

func TestTheSearchLanguage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for _, c := range []struct{ email, name, plan string }{{"amy@rocket.example", "Amy O'Hara", "pro"},
			{"bob@rocket.example", "Bob", ""}, {"cid@else.example", "", "basic"}} {
			params := &stripe.CustomerCreateParams{Email: &c.email}
			if c.name != "" {
				params.Name = &c.name
			}
			if c.plan != "" {
				params.AddMetadata("plan", c.plan)
			}
			if _, err := b.Stripe.V1Customers.Create(t.Context(), params); err != nil {
				t.Fatal(err)
			}
			time.Sleep(longestLag)
		}
		const amy, bob, cid = "amy@rocket.example", "bob@rocket.example", "cid@else.example"
		for query, want := range map[string][]string{
			`email:"AMY@rocket.example"`:                     {amy},
			`email~'rocket'`:                                 {bob, amy},
			`email~"rocket" AND metadata['plan']:'pro'`:      {amy},
			`email~"rocket" metadata["plan"]:"pro"`:          {amy},
			`email:'cid@else.example' or name:'bob'`:         {cid, bob},
			`-email~'rocket'`:                                {cid},
			`-metadata['plan']:null`:                         {cid, amy},
			`metadata['plan']:null`:                          {bob},
			`name:'Amy O\'Hara'`:                             {amy},
			`name:null`:                                      {cid},
			`created>946684800 AND created<946684860`:        nil, // between the first and the second customer
			`created>=946684800 AND created<=946684860`:      {bob, amy},
			`email~'rocket' -metadata['plan']:'pro'`:         {bob},
			`-metadata['plan']:'pro' AND -email~'rocket.ex'`: {cid},
		} {
			if diff := cmp.Diff(want, b.searchCustomers(query)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		for _, wrong := range []string{`email`, `email:'a' AND name:'b' OR phone:'c'`, `mail:'a'`, `email>'a'`,
			`created~'123'`, `email~'am'`, `created:'x'`,
			`metadata:'pro'`, `email['x']:'a'`, `email:'a' name`, `email:"a`, `email:'a'name:'b'`} {
			response, body := b.Send(http.MethodGet, simharness.StripeHost+"/v1/customers/search?query="+url.QueryEscape(wrong), nil, "")
			if failure, _ := body["error"].(map[string]any); response.StatusCode != http.StatusBadRequest ||
				failure["param"] != "query" {
				t.Errorf("%s: %d %v", wrong, response.StatusCode, body)
			}
		}
	})
}

func TestEveryResourceThatStripeSearchesIsSearched(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		sub := b.Subscribed(b.Monthly())
		time.Sleep(longestLag)
		for resource, query := range map[string]string{
			"customers": "email:'buyer@example.com'", "subscriptions": "status:'active'",
			"prices":   "lookup_key:'pro' AND active:'true'",
			"products": "name~'pro'", "invoices": "total>2899 AND subscription:'" + sub.ID + "' AND status:'paid'",
			"payment_intents": "amount=2900 status:'succeeded'",
			"charges":         "payment_method_details.card.last4:4242 AND customer:'" + sub.Customer + "' AND refunded:'false'",
		} {
			response, body := b.Send(http.MethodGet, simharness.StripeHost+"/v1/"+resource+"/search?query="+url.QueryEscape(query), nil, "")
			data, _ := body["data"].([]any)
			if response.StatusCode != http.StatusOK || len(data) != 1 || body["object"] != "search_result" ||
				body["has_more"] != false {
				t.Errorf("%s: %d %v", query, response.StatusCode, body)
			}
		}
	})
}
