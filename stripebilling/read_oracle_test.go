package stripebilling

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// readDecoded is the obvious implementation of Read: it decodes the whole body.
func readDecoded(body []byte, want Environment) (hint lockstep.Hint, ok bool) {
	o := upstream.Decode(body)
	hint.Event = lockstep.Event{Source: lockstep.Stripe, ID: o.Text("id"), Type: o.Text("type"),
		APIVersion: o.Text("api_version"),
		OccurredAt: timeOf(o, "created"), Body: body}
	account, live := o.Text("account"), string(o.Raw("livemode"))
	switch {
	case account != "":
		hint.Foreign = "connected account " + account
	case live == "true" && !want.Live:
		hint.Foreign = "live event, test key"
	case live == "false" && want.Live:
		hint.Foreign = "test event, live key"
	}
	about := o.Object("data").Object("object")
	kind := about.Text("object")
	if o.Text("object") == "v2.core.event" {
		about = o.Object("related_object")
		kind = about.Text("type")
		hint.Thin = about.Text("id") != ""
		hint.Event.Type = strings.TrimPrefix(hint.Event.Type, "v1.")
		hint.Event.OccurredAt = rfc3339(o.Text("created"))
	}
	hint.Event.ObjectID, hint.Event.CustomerID, hint.PaymentID = about.Text("id"), reference(about, "customer"),
		reference(about, "payment_intent")
	_, hint.Ours = lockstep.AccountNamedIn(metadataOf(about))
	switch kind {
	case "customer":
		hint.Event.CustomerID = hint.Event.ObjectID
	case "checkout.session":
		hint.CheckoutID, hint.Mode = hint.Event.ObjectID, about.Text("mode")
	case "payment_intent":
		hint.PaymentID = hint.Event.ObjectID
	}
	ok = o != nil && o.Text("id") != "" && o.Text("type") != "" &&
		upstream.Storable(hint.Event.ID, hint.Event.Type, hint.Event.APIVersion,
			hint.Event.ObjectID, hint.Event.CustomerID, hint.CheckoutID, hint.Mode, hint.PaymentID, account)
	return hint, ok
}

// FuzzReadAsDecoded checks that Read and readDecoded agree, or both refuse.
func FuzzReadAsDecoded(f *testing.F) {
	const object = `{"id":"evt_1","object":"event","type":"%s","api_version":"2026-08-26.dahlia","created":1795891222,"livemode":%s,"data":{"object":%s}}`
	for _, about := range []string{
		`{"id":"sub_1","object":"subscription","customer":"cus_1","metadata":{"clerkUserId":"user_1"}}`,
		`{"id":"sub_1","object":"subscription","customer":{"id":"cus_1","object":"customer"},"metadata":{"lockstepAccount":"organization/org_1","n":1}}`,
		`{"id":"cs_1","object":"checkout.session","mode":"payment","customer":null,"payment_intent":"pi_1","metadata":{}}`,
		`{"id":"pi_1","object":"payment_intent","payment_intent":"pi_2","metadata":null}`,
		`{"id":"cus_1","object":"customer","customer":"cus_2"}`,
		`{"id":"ch_1","object":"charge","payment_intent":{"id":"pi_1"},"customer":["cus_1"],"metadata":{"user\u0049d":"user_1"}}`,
		`{"id":7,"object":"customer"}`, `"sub_1"`, `[]`, `null`, `{}`, "{\"id\":\"a\x01\"}", `{"id":"a\u0001"}`, `{"id":"` +
			strings.Repeat("x", 300) + `"}`,
	} {
		for _, live := range []string{"true", "false", `"true"`, "null"} {
			f.Add(fmt.Appendf(nil, object, "customer.subscription.updated", live, about), live == "null")
		}
	}
	for _, seed := range []string{
		`{"id":"evt_1","object":"v2.core.event","type":"v1.customer.created","created":"2026-01-02T03:04:05.678Z","related_object":{"id":"cus_1","type":"customer"}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v1.charge.refunded","related_object":{"id":"ch_1","type":"charge","customer":"cus_1","payment_intent":{"id":"pi_1"},"metadata":{"orgId":"org_1"}},"data":{"object":{"id":"x"}}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v1.checkout.session.completed","related_object":{"id":"cs_1","type":"checkout.session","mode":"payment"},"data":{"object":{"mode":"setup"}}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v2.core.account.closed","created":17}`,
		`{"id":"evt_1","type":"a","account":"acct_1"}`, `{"id":"evt_1","type":"a","account":"acct\u0000"}`, `{"id":"evt_1"}`,
		`{"type":"a"}`, `{"id":"","type":"a"}`, `{"id":1,"type":"a"}`,
		`{"id":"evt_1","type":"a","data":{"object":{"id":"x"}},"data":7}`, `{"id":"evt_1","type":"a"`,
		`{"id":"evt_1","type":"a","created":253402300800}`, ``, `null`,
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, live bool) {
		want, ok := readDecoded(body, Environment{Live: live})
		got, err := Read(body, Environment{Live: live})
		if (err == nil) != ok {
			t.Fatalf("%q is read with %v, and decoded: %v", body, err, ok)
		}
		if ok && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q reads as\n%+v, decoded it is\n%+v", body, got, want)
		}
	})
}
