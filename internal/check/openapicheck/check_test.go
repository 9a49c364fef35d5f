package openapicheck

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

const (
	goodCustomer = `{"id":"cus_1","object":"customer","created":1,"livemode":false,"email":null,"metadata":{"a":"b"},"tax_exempt":"none"}`
	goodRefund   = `{"id":"re_1","object":"refund","amount":1,"balance_transaction":null,"charge":%s,"created":1,"currency":"usd","metadata":null,
		"payment_intent":null,"reason":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null}`
)

func get(path, response string) wire.Entry {
	return wire.Entry{Side: "stripe", Method: "GET", Path: path, Status: 200, Response: response}
}

func sent(kind, version, object, more string) wire.Entry {
	return wire.Entry{Side: "delivery", Provider: "stripe", Method: "POST", Path: "http://inbox.test/", Status: 200,
		EventType: kind,
		Request:   fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":%q,"created":1,"data":{"object":%s%s},"livemode":false,"pending_webhooks":0,"request":null,"type":%q}`, version, object, more, kind)}
}

const dahlia = "2026-08-26.dahlia"

// changed replaces one part of a string.
func changed(text, old, replacement string) string {
	if !strings.Contains(text, old) {
		panic(text + " does not contain " + old)
	}
	return strings.Replace(text, old, replacement, 1)
}

// customer returns an answer with the good customer, changed.
func customer(old, replacement string) wire.Entry {
	return get("/v1/customers/cus_1", changed(goodCustomer, old, replacement))
}

// refund returns an answer with the good refund of a charge.
func refund(charge string) wire.Entry {
	return get("/v1/refunds/re_1", fmt.Sprintf(goodRefund, charge))
}

// updated returns an event that a customer changed.
func updated(previous string) wire.Entry {
	return sent("customer.updated", dahlia, goodCustomer, `,"previous_attributes":`+previous)
}

const customerList = `{"object":"list","data":[%s],"has_more":false,"url":"/v1/customers"}`

// expectation is an entry and the deviations that it must report.
type expectation struct {
	entry wire.Entry
	want  []string
}

func TestEachDeviationIsReportedOnce(t *testing.T) {
	t.Parallel()
	for _, tests := range []map[string]expectation{someAnswers, someEvents} {
		for name, test := range tests {
			deviations(t, name, test.want, test.entry)
		}
	}
}

var someAnswers = map[string]expectation{
	"right":          {get("/v1/customers/cus_1", goodCustomer), nil},
	"right, deleted": {get("/v1/customers/cus_1", `{"id":"cus_1","object":"customer","deleted":true}`), nil},
	"deleted and something": {get("/v1/customers/cus_1",
		`{"id":"cus_1","object":"customer","deleted":true,"email":null}`), []string{"email: is unknown"}},
	"required is missing": {customer(`"livemode":false,`, ``),
		[]string{"GET /v1/customers/{customer} 200: livemode: is missing"}},
	"null and not nullable": {customer(`"created":1`, `"created":null`), []string{"created: is null"}},
	"wrong type": {customer(`"created":1`, `"created":"1"`),
		[]string{`created: is string ("1"), want integer`}},
	"no integer":               {customer(`"created":1`, `"created":1.5`), []string{"created: is 1.5, want integer"}},
	"boolean as text":          {customer(`false`, `"false"`), []string{`livemode: is string`}},
	"object as list":           {customer(`{"a":"b"}`, `[]`), []string{"metadata: is array"}},
	"metadata that is no text": {customer(`"b"`, `1`), []string{"metadata.a: is number (1), want string"}},
	"wrong enum":               {customer(`"none"`, `"nobody"`), []string{`tax_exempt: is "nobody", want one of`}},
	"wrong object": {customer(`"object":"customer"`, `"object":"price"`),
		[]string{`: is the object "price", want customer`}},
	"unknown property": {customer(`"created"`, `"surprise":1,"created"`), []string{"surprise: is unknown"}},
	"unknown, nested": {customer(`"created"`,
		`"invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null,"x":1},"created"`), []string{"invoice_settings.x: is unknown"}},
	"two": {customer(`"created":1,"livemode":false`, `"created":"1"`),
		[]string{"created: is string", "livemode: is missing"}},
	"in a list, once": {get("/v1/customers", fmt.Sprintf(customerList, strings.Repeat(changed(goodCustomer, "1,", "true,")+",",
		2)+goodCustomer)),
		[]string{"GET /v1/customers 200: data[0].created: is boolean"}},
	"no list": {get("/v1/customers", goodCustomer), []string{`object: is "customer", want one of`,
		"data: is missing", "has_more: is missing", "url: is missing", "created: is unknown", "email: is unknown",
		"id: is unknown", "livemode: is unknown", "metadata: is unknown", "tax_exempt: is unknown"}},
	"no JSON": {get("/v1/customers/cus_1", goodCustomer+"}"), []string{"the answer is not JSON"}},
	"cut short": {wire.Entry{Side: "stripe", Method: "GET", Path: "/v1/customers", Status: 200, Cut: true},
		[]string{"cut the body short"}},
	"an id":                 {refund(`"ch_1"`), nil},
	"no id":                 {refund(`1`), []string{"charge: is number (1), want string or object"}},
	"other object expanded": {refund(goodCustomer), []string{`charge: is the object "customer", want charge`}},
	"expanded, and not whole": {refund(`{"id":"ch_1","object":"charge"}`),
		[]string{"charge.amount: is missing", "charge.amount_captured: is missing", "charge.amount_refunded: is missing",
			"charge.billing_details: is missing", "charge.captured: is missing", "charge.created: is missing",
			"charge.currency: is missing", "charge.disputed: is missing", "charge.livemode: is missing",
			"charge.metadata: is missing", "charge.paid: is missing", "charge.refunded: is missing",
			"charge.status: is missing"}},
	"null for an optional object": {get("/v1/refunds/re_1", changed(fmt.Sprintf(goodRefund, "null"), `"metadata"`,
		`"destination_details":null,"metadata"`)), []string{"destination_details: is null"}},
	"unknown operation": {get("/v1/lockstep", `{}`),
		[]string{"GET /v1/lockstep: is accepted, but the document does not have it"}},
	"the CLI's own": {get("/v1/payment_pages/cs_1", `{}`), nil},
	"an error": {wire.Entry{Side: "stripe", Method: "GET", Path: "/v1/lockstep", Status: 404,
		Response: `{"error":{"type":"invalid_request_error","message":"no"}}`}, nil},
	"an error of no type": {wire.Entry{Side: "stripe", Method: "GET", Path: "/v1/customers/x", Status: 404,
		Response: `{"error":{"message":"no"}}`}, []string{"404: error.type: is missing"}},
	"an error of a wrong type": {wire.Entry{Side: "stripe", Method: "GET", Path: "/v1/customers/x", Status: 429,
		Response: `{"error":{"type":"rate_limit"}}`}, []string{`error.type: is "rate_limit"`}},
	"a page of ours": {wire.Entry{Side: "stripe", Method: "GET", Path: "/c/pay/cs_1", Status: 200,
		Response: "<html>"}, nil},
}

var someEvents = map[string]expectation{
	"an event": {sent("customer.created", dahlia, goodCustomer, ""), nil},
	"an unknown type": {sent("customer.surprised", dahlia, goodCustomer, ""),
		[]string{`event customer.surprised: type: is "customer.surprised"`}},
	"the object of an event": {sent("customer.created", dahlia, changed(goodCustomer, "false", "0"), ""),
		[]string{"data.object.livemode: is number"}},
	"an older shape": {sent("customer.created", "2024-06-20", `{"object":"customer"}`, ""), nil},
	"an unknown object": {sent("customer.created", dahlia, `{"object":"lockstep"}`, ""),
		[]string{`data.object.object: is "lockstep"`}},
	"deleted": {sent("customer.deleted", dahlia, `{"id":"cus_1","object":"customer","deleted":true}`,
		""), nil},
	"deleted, whole": {sent("customer.deleted", dahlia, changed(goodCustomer, "{", `{"deleted":true,`), ""),
		nil},
	"what changed":       {updated(`{"email":"a@example.com","phone":null,"metadata":{"a":null,"c":"d"},"invoice_settings":{"default_payment_method":null}}`), nil},
	"what cannot change": {updated(`{"surprise":1}`), []string{"data.previous_attributes.surprise: is unknown"}},
	"nested, cannot change": {updated(`{"invoice_settings":{"surprise":1}}`),
		[]string{"data.previous_attributes.invoice_settings.surprise: is unknown"}},
	"changed from wrong type": {updated(`{"email":1}`), []string{"data.previous_attributes.email: is number"}},
	"changed while created": {sent("customer.created", dahlia, goodCustomer, `,"previous_attributes":{"email":null}`),
		[]string{"data.previous_attributes: is present, although the type is not *.updated"}},
	"in the list of events": {get("/v1/events/evt_1", sent("customer.created", dahlia, changed(goodCustomer, "false",
		"0"), "").Request), []string{"GET /v1/events/{id} 200: data.object.livemode: is number"}},
}

const someSession = `mode=subscription&line_items[0][price]=price_1&line_items[0][quantity]=1&success_url=http://app.test/`

// someRequest is a request that the simulator accepted.
type someRequest struct {
	method, path, form, version string
	want                        []string // the deviations
}

var someRequests = map[string]someRequest{
	"right": {path: "/v1/customers",
		form: "email=a%40example.com&metadata[a]=b&metadata[c]=&expand[]=default_source&expand[1]=tax"},
	"cleared": {path: "/v1/customers", form: "metadata="},
	"unknown": {path: "/v1/customers", form: "surprise=1",
		want: []string{"POST /v1/customers accepts: surprise: is unknown"}},
	"unknown, nested": {path: "/v1/customers", form: "invoice_settings[surprise]=1",
		want: []string{"accepts: invoice_settings.surprise: is unknown"}},
	"unknown in a list": {path: "/v1/checkout/sessions", form: someSession + "&line_items[0][surprise]=1",
		want: []string{"line_items[0].surprise: is unknown"}},
	"the other style of lists": {path: "/v1/checkout/sessions",
		form: "mode=payment&line_items[][price]=price_1&line_items[][quantity]=1&line_items[][price]=price_2"},
	"wrong enum": {path: "/v1/checkout/sessions", form: "mode=weird",
		want: []string{`mode: is "weird", want one of`}},
	"no integer": {path: "/v1/checkout/sessions", form: "line_items[0][quantity]=many",
		want: []string{`line_items[0].quantity: is "many", want integer`}},
	"no boolean": {path: "/v1/subscriptions/sub_1", form: "cancel_at_period_end=1",
		want: []string{`cancel_at_period_end: is "1", want boolean`}},
	"a hash for a text": {path: "/v1/customers", form: "email[a]=b",
		want: []string{"email: is a hash, want string"}},
	"a text for a hash": {path: "/v1/customers", form: "invoice_settings=x",
		want: []string{`invoice_settings: is "x", want object`}},
	"a list for a text": {path: "/v1/customers", form: "email[]=b",
		want: []string{"email: is a list, want string"}},
	"too long": {path: "/v1/customers", form: "name=" + strings.Repeat("x", 5001),
		want: []string{"name: has 5001 characters"}},
	"twice":    {path: "/v1/customers", form: "email=a&email=b", want: []string{"email: is given twice"}},
	"required": {path: "/v1/prices", form: "product=prod_1", want: []string{"currency: is missing"}},
	"in the query": {method: "GET", path: "/v1/customers?limit=ten&surprise=1",
		want: []string{`limit: is "ten", want integer`, "surprise: is unknown"}},
	"a range": {method: "GET", path: "/v1/customers?created[gte]=1&created[lt]=2"},
	"newer": {path: "/v1/checkout/sessions", form: someSession +
		"&allowed_payment_method_types[]=card", version: "2026-10-28.endive"},
	"not yet": {path: "/v1/checkout/sessions", form: someSession +
		"&allowed_payment_method_types[]=card", want: []string{"allowed_payment_method_types: is unknown"}},
}

func TestRequestsThatTheDocumentDoesNotDescribe(t *testing.T) {
	t.Parallel()
	for name, test := range someRequests {
		entry := wire.Entry{Side: "stripe", Method: cmp.Or(test.method, http.MethodPost), Path: test.path, Status: 200,
			Request: test.form, Version: test.version}
		deviations(t, name, append(test.want, "200: the answer is not JSON"), entry)
		// A rejected request is not checked.
		entry.Status, entry.Response = 400, `{"error":{"type":"invalid_request_error"}}`
		deviations(t, name, nil, entry)
	}
}

func TestAnswersOfFaultsAreSkipped(t *testing.T) {
	t.Parallel()
	faulty := wire.Entry{Side: "stripe", Method: "POST", Path: "/v1/customers", Status: 500, Fault: "boom",
		IdempotencyKey: "k", Response: "<html>"}
	replay := faulty
	replay.Fault = ""
	deviations(t, "fault and replay", nil, faulty, replay)
	other := replay
	other.IdempotencyKey = "other"
	deviations(t, "fault and another request", []string{"the answer is not JSON"}, faulty, other)
	late := replay
	late.Response = "<p>"
	deviations(t, "fault and another answer", []string{"the answer is not JSON"}, faulty, late)
}

// deviations compares the reported deviations, in any order, with what each line must contain.
func deviations(t *testing.T, name string, want []string, history ...wire.Entry) {
	t.Helper()
	got, err := Deviations(history)
	if err != nil {
		t.Fatal(err)
	}
	open := append([]string(nil), want...)
	var unexpected []string
	for _, line := range got {
		matched := false
		for i, part := range open {
			if matched = strings.Contains(line, part); matched {
				open = append(open[:i], open[i+1:]...)
				break
			}
		}
		if !matched {
			unexpected = append(unexpected, line)
		}
	}
	if len(open)+len(unexpected) > 0 {
		t.Errorf("%s (-missing +unexpected):\n%s", name, diff.Diff(open, unexpected))
	}
}
