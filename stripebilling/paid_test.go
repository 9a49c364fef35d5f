package stripebilling_test

import (
	"maps"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

func TestPaidIn(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]lockstep.Paid{
		`{"type":"invoice.paid","data":{"object":{"id":"in_1","amount_paid":2000,"currency":"usd"}}}`:                                                                    {ID: "in_1", Amount: 2000, Currency: "usd"},
		`{"type":"invoice.paid","data":{"object":{"id":"in_1","amount_paid":0,"currency":"usd"}}}`:                                                                       {},
		`{"type":"checkout.session.completed","data":{"object":{"id":"cs_1","payment_status":"paid","invoice":"in_1","amount_total":2000,"currency":"usd"}}}`:            {ID: "in_1", Amount: 2000, Currency: "usd"},
		`{"type":"checkout.session.completed","data":{"object":{"id":"cs_1","payment_status":"paid","payment_intent":{"id":"pi_1"},"amount_total":5,"currency":"eur"}}}`: {ID: "pi_1", Amount: 5, Currency: "eur"},
		`{"type":"checkout.session.completed","data":{"object":{"id":"cs_1","payment_status":"unpaid","amount_total":2000,"currency":"usd"}}}`:                           {},
		`{"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount_received":7,"currency":"usd"}}}`:                                                       {ID: "pi_1", Amount: 7, Currency: "usd", Alone: true},
		`{"type":"customer.created","data":{"object":{"id":"cus_1","currency":"usd"}}}`:                                                                                  {},
		`not json`: {}, ``: {},
	} {
		got, says := stripebilling.PaidIn([]byte(body))
		if says != (want != lockstep.Paid{}) || says && got != want {
			t.Errorf("%s: %+v, %v", body, got, says)
		}
	}
}

// TestEachPaymentCountsOnce: the events of one checkout name its amount several times.
func TestEachPaymentCountsOnce(t *testing.T) {
	t.Parallel()
	event := func(key, kind, object string) lockstep.Event {
		return lockstep.Event{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: key},
			Body: []byte(`{"type":"` + kind + `","data":{"object":{"currency":"usd",` + object + `}}}`)}
	}
	paidIntent := event("cus_1", "payment_intent.succeeded", `"id":"pi_1","amount_received":2000`)
	events := []lockstep.Event{
		paidIntent, // of in_1, which it does not name
		event("cus_1", "checkout.session.completed", `"id":"cs_1","payment_status":"paid","invoice":"in_1","amount_total":2000`),
		event("cus_1", "invoice.paid", `"id":"in_1","amount_paid":2000`),
		event("cus_1", "invoice.paid", `"id":"in_2","amount_paid":300`),
		event("cus_2", "payment_intent.succeeded", `"id":"pi_2","amount_received":50`),
		event("cus_3", "payment_intent.succeeded", `"id":"pi_3","amount_received":4`),
		event("cus_3", "checkout.session.completed", `"id":"cs_3","payment_status":"paid","payment_intent":"pi_3","amount_total":4`),
	}
	want := map[string]int64{"usd": 2354}
	if got := lockstep.SumPaid(events, stripebilling.PaidIn); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
