package transfer

import (
	"slices"
	"strings"
)

// kind is the type of a column.
type kind byte

const (
	text    kind = 't'
	integer kind = 'i'
	blob    kind = 'b'
)

// column is a column of a moved table.
type column struct {
	name  string
	kind  kind
	key   bool   // part of the primary key, in its order
	fresh bool   // reset to 0 or empty, because it matters only to a running process
	expr  string // its expression in the source; usually its name
}

// table is a moved table.
type table struct {
	name    string
	from    string // its table in the source
	where   string // which rows to move; may be empty
	columns []column
	replace bool // the target has a row already, which the move replaces
}

// tables lists what is moved, each table after those that it refers to. A column is text unless a
// letter says otherwise; * marks the key, ! a column that is reset.
var tables = []table{
	moved("accounts", `kind* id* state email name identity_updated_at:i customer_id customer_email customer_name customer_deleted:i
		customer_generation:i intent_key intent_email intent_name intent_at:i projected
		sighted_round:i linked_seq:i entitled_by deletion
		deletion_at:i members:i member_limit:i entitlements paced_until:i problems deletion_refused:i
		email_verified:i departed instance_generation:i missing_since:i candidate misnamed:i created_at:i updated_at:i
		status plan concern concern_why concern_since:i`),
	moved("former_customers", "customer_id* kind id trust deleted:i linked_at:i"),
	moved("subscriptions", `id* account_kind account_id customer_id status cancel_at_period_end:i cancel_at:i canceled_at:i ended_at:i trial_end:i
		created_at:i paid_by unpaid_since:i plan_named tried_at:i`),
	moved("subscription_items", "subscription_id* id* price_id lookup_key product_id product_plan quantity:i period_start:i period_end:i lookup_keys bought_as sibling_keys"),
	moved("licenses", "id* account_kind account_id payment_id amount:i currency status refunded_amount:i paid_at:i created_at:i plan_named"),
	moved("license_items", "license_id* id* price_id lookup_key product_id product_plan quantity:i period_start:i period_end:i lookup_keys bought_as sibling_keys"),
	moved("price_names", "price_id* lookup_key* product_id product_plan seen_at:i"),
	moved("notices", "id* kind account_kind account_id object facts account_generation:i created_at:i"),
	moved("mails", "notice_id* state reason attempts:i requested:i began_at:i at:i"),
	moved("buyer_mails", "notice_id* state reason attempts:i requested:i began_at:i at:i"),
	moved("roster", "kind* id* email name metadata updated_at:i removed_at:i"),
	moved("access_told", "kind* id* digest sequence:i at:i"),
	moved("hook_deliveries", "endpoint* subject* state status:i reason attempts:i sequence:i began_at:i at:i"),
	moved("hook_endpoints", "id* failing_since:i disabled_at:i reason"),
	moved("purchases", "kind* id* token! lease_until:i! number:i fingerprint settled:i began_at:i"),
	moved("assignments", "key* kind id created_at:i"),
	moved("instances", "provider* id generation:i key_digest accepted_at:i waiting waiting_since:i"),
	moved("successions", "kind* id* successor done_at:i"),
	moved("changes", "kind* id* seq:i"),
	moved("cursors", "sweep* value"),
	moved("backfill_identities", "kind* id* email slug body"),
	moved("backfill_customers", "customer_id* email body outcome kind id rank:i trust"),
	moved("backfill_objects", "customer_id* id* body"),
	moved("backfill_payments", "session_id* customer_id kind id"),
	moved("backfill_claims", "origin* customer_id* kind* id*"),
	moved("api_keys", "hash* name scopes created_at:i revoked_at:i used_at:i"),
	moved("audit", `seq:i* request at:i actor action subject account_kind account_id result failure reason was became`),
	moved("work_waits", "key* waits_for*"),
	moved("work", `key* scope:i priority:i generation:i done_generation:i run_at:i lease_until:i! lease_token! claimed_seq:i claimed_generation:i
		claimed_scope:i claimed_priority:i attempts:i disposition reason quiet_until:i gathers:i
		run_number:i run_same:i run_last:i run_digest:i`),
	moved("events", `seq:i* source id type origin object_id customer_id api_version occurred_at:i received_at:i key generation:i status reason`),
	bodies,
	moved("runs", `seq:i* key number:i began_at:i took:i attempt:i scope:i priority:i disposition reason events
		event_count:i calls facts earlier_runs:i earlier_last:i`),
	moved("trials", "address* at:i"),
	moved("statistics", "resolution:i* at:i* metric* bin:i* count:i most:i last:i"),
	single("trial_key", "id:i* key"),
	single("change_count", "id:i* seq:i"),
	single("brake", "id:i* since:i consulted:i"),
}

// bodies has a table of its own in the target, by the week of arrival.
var bodies = table{name: "event_bodies", from: "events", where: "length(body) > 0", columns: []column{
	{name: "slot", kind: integer, expr: "received_at / 604800000 % 64"},
	{name: "seq", kind: integer, key: true, expr: "seq"},
	{name: "body", kind: blob, expr: "body"},
}}

func moved(name, columns string) table {
	t := table{name: name, from: name}
	for _, word := range strings.Fields(columns) {
		c := column{kind: text, key: strings.Contains(word, "*"), fresh: strings.Contains(word, "!")}
		word = strings.Trim(word, "*!")
		if cut, found := strings.CutSuffix(word, ":i"); found {
			word, c.kind = cut, integer
		}
		c.name, c.expr = word, word
		t.columns = append(t.columns, c)
	}
	return t
}

func single(name, columns string) table {
	t := moved(name, columns)
	t.replace = true
	return t
}

// names returns the table's columns, or their expressions in the source.
func (t table) names(of func(column) string) string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = of(c)
	}
	return strings.Join(names, ", ")
}

func nameOf(c column) string { return c.name }
func exprOf(c column) string { return c.expr }

// keys returns the columns by which the table is read in order.
func (t table) keys() []column {
	return slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return !c.key })
}
