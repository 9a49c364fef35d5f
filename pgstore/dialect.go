package pgstore

import (
	"database/sql"
	"errors"
	"reflect"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// dialect is where PostgreSQL differs.
func dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Clock:      clock,
		Snapshot:   sql.LevelRepeatableRead,
		Overlap:    2,
		Remote:     true,
		Later:      later,
		Last:       last,
		Priorities: true,
		Unprepared: true, // pgx keeps prepared statements itself
		Argument:   argument,
		Conflict:   func(err error) bool { return code(err) == "23505" },                         // unique_violation
		Undone:     func(err error) bool { c := code(err); return c == "40P01" || c == "40001" }, // deadlock, serialization
		Locking: map[sqlstore.Statement]string{
			sqlstore.HoldsLease:       string(sqlstore.HoldsLease) + " for update",
			sqlstore.SelectInherits:   string(sqlstore.SelectInherits) + " for update",
			sqlstore.SelectAccount:    string(sqlstore.SelectAccount) + " for no key update",
			sqlstore.SelectLastChange: string(sqlstore.SelectLastChange) + " for update",
			sqlstore.SelectIdentity:   string(sqlstore.SelectIdentity) + " for no key update",
		},
		Override: map[sqlstore.Statement]string{
			sqlstore.ClaimDue:          claimDue,
			sqlstore.SelectEvents:      selectEvents,
			sqlstore.SelectEventsOfKey: selectEventsOfKey,
			sqlstore.SelectEventsOpen:  selectEventsOpen,
			sqlstore.SelectEventTally:  `select status, cast(sum(events) as bigint) from event_tally group by status having sum(events) > 0`,
			sqlstore.SelectIgnored:     selectIgnored,
			sqlstore.BlankEvent:        blankEvent,
			sqlstore.ExpireBodies:      "select week from expire_bodies($1) as week limit $2",
		},
		Batches: map[sqlstore.Statement]string{
			sqlstore.SelectLinked: selectLinkedBatch,
			sqlstore.SelectKnown:  selectKnownBatch,
			sqlstore.UpsertMark:   upsertMarkBatch,
			sqlstore.InsertEvent:  insertEventBatch,
		},
	}
}

// code is PostgreSQL's code of an error, SQLSTATE; empty for another's error.
func code(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return ""
	}
	return pgErr.Code
}

// argument turns what has a name of its own into what it is, since in some of pgx's modes
// a type must be known without asking the server; and texts in arrays into such that
// PostgreSQL can keep.
func argument(a any) any {
	switch v := a.(type) {
	case nil, int64, bool, []byte, []int64, [][]byte:
		return v
	case int:
		return int64(v)
	case string:
		return sqlstore.Storable(v)
	case []string:
		clean := make([]string, len(v))
		for i, s := range v {
			clean[i] = sqlstore.Storable(s)
		}
		return clean
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.String:
		return sqlstore.Storable(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint()) //nolint:gosec // of at most 32 bits
	}
	return a
}

const (
	// clock also has the server end a transaction that its process has abandoned, for
	// example because it was stopped: its locks would hold up whoever takes over. And it has
	// the planner use indexes: a plan that was made for a table while it was small reads all
	// of it, and is kept until the table's statistics are renewed, which may be a million
	// events later. Everything here has an index; what has none is not worth compiling.
	clock = `
select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)
from (select set_config('idle_in_transaction_session_timeout', '10s', true) as abandoned,
	set_config('enable_seqscan', 'off', true) as planned, set_config('jit', 'off', true) as compiled) as settings
where abandoned is not null and planned is not null and compiled is not null`

	// claimDue looks for one priority after the other, as long as there is room for more, so
	// that keys that are due later are never stepped over. What is due must be materialized: for a
	// row that another has changed meanwhile PostgreSQL plans the update's source anew, and
	// would look for more due ones then.
	claimDue = `
with clock as materialized (
	select greatest(cast($3 as bigint), cast(extract(epoch from clock_timestamp()) * 1000 as bigint)) as now
), interactive as materialized (
	select key from work
	where generation > done_generation and priority = 0 and due_at <= (select now from clock) and $5 <= 0
	order by due_at, key limit $4
	for update skip locked
), normal as materialized (
	select key from work
	where generation > done_generation and priority = 1 and due_at <= (select now from clock) and $5 <= 1 and $6 >= 1
	order by due_at, key limit $4 - (select count(*) from interactive)
	for update skip locked
), background as materialized (
	select key from work
	where generation > done_generation and priority = 2 and due_at <= (select now from clock) and $5 <= 2 and $6 >= 2
	order by due_at, key limit $4 - (select count(*) from interactive) - (select count(*) from normal)
	for update skip locked
), due as materialized (
	select key from interactive union all select key from normal union all select key from background)
update work set
	lease_token = $1,
	lease_until = (select now from clock) + cast($2 as bigint),
	attempts = work.attempts + 1,
	claimed_seq = (select seq from change_count where id = 1),
	claimed_generation = work.generation,
	claimed_scope = work.claimed_scope | work.scope,
	claimed_priority = work.priority,
	scope = 0
from due where work.key = due.key
returning work.key, work.claimed_scope, work.claimed_priority, work.generation, work.attempts, work.run_at,
	work.lease_until`

	selectEvents = `
select e.seq, e.source, e.id, e.type, e.origin, e.object_id, e.customer_id, e.api_version, e.occurred_at, e.received_at,
	coalesce(e.key, ''), e.status, e.reason, b.body
from (
	select * from events
	where seq < $4 and ($1 = '' or source = $1) and ($2 = '' or status = $2) and ($3 = '' or key = $3)
	order by seq desc limit $5) as e
left join event_bodies b on $6 = 0 and b.slot = e.received_at / 604800000 % 64 and b.seq = e.seq
order by e.seq desc`

	selectEventsOfKey = `
select e.seq, e.source, e.id, e.type, e.origin, e.object_id, e.customer_id, e.api_version, e.occurred_at, e.received_at,
	coalesce(e.key, ''), e.status, e.reason, b.body
from (
	select * from events
	where key = $3 and seq < $4 and ($1 = '' or source = $1) and ($2 = '' or status = $2)
	order by seq desc limit $5) as e
left join event_bodies b on $6 = 0 and b.slot = e.received_at / 604800000 % 64 and b.seq = e.seq
order by e.seq desc`

	selectEventsOpen = `
select e.seq, e.source, e.id, e.type, e.origin, e.object_id, e.customer_id, e.api_version, e.occurred_at, e.received_at,
	coalesce(e.key, ''), e.status, e.reason, b.body
from (
	select * from events
	where status in ('pending', 'parked', 'failed') and status = $2
		and seq < $4 and ($1 = '' or source = $1) and ($3 = '' or key = $3)
	order by seq desc limit $5) as e
left join event_bodies b on $6 = 0 and b.slot = e.received_at / 604800000 % 64 and b.seq = e.seq
order by e.seq desc`

	// selectIgnored looks up the body of each ignored event: joined at the planner's will,
	// all bodies there are would be searched. Each is unpacked once, by what is appended to it.
	selectIgnored = `
with wanted as materialized (
	select convert_to(id, 'UTF8') as id from json_array_elements_text(cast(cast($2 as text) as json)) as id
), ignored as materialized (
	select seq, received_at from events where key is null and source = $1)
select b.seq, b.body
from ignored e, lateral (
	select seq, body || cast('' as bytea) as body from event_bodies
	where slot = e.received_at / 604800000 % 64 and seq = e.seq
	offset 0) as b
where b.body <> $3 and exists (select 1 from wanted where position(wanted.id in b.body) > 0)`

	blankEvent = `
update event_bodies as b set body = $2
from events e
where e.seq = $1 and b.slot = e.received_at / 604800000 % 64 and b.seq = e.seq and b.body <> $2
returning e.seq`

	selectLinkedBatch = `
select distinct on (customer_id) customer_id, kind, id from (
	select customer_id, kind, id, 1 as rank from accounts where customer_id = any(cast($1 as text[]))
	union all
	select customer_id, kind, id, 2 from former_customers where customer_id = any(cast($1 as text[]))) as linked
order by customer_id, rank`

	// selectKnownBatch looks for one event after the other: offset 0 keeps the planner from
	// reading the whole index instead, which it does while statistics say that it is empty.
	selectKnownBatch = `
select e.source, e.id
from unnest(cast($1 as text[]), cast($2 as text[])) as asked (source, id)
cross join lateral (select source, id from events where source = asked.source and id = asked.id offset 0) as e`

	// upsertMarkBatch has one moment ($4) and one haste ($6) for all. See UpsertMark.
	upsertMarkBatch = `
insert into work (key, scope, priority, generation, run_at)
select key, scope, priority, 1, run_at
from unnest(cast($1 as text[]), cast($2 as bigint[]), cast($3 as bigint[]), cast($5 as bigint[])) as marks (key,
	scope, priority, run_at)
on conflict (key) do update set
	generation = work.generation + 1,
	scope = work.scope | excluded.scope,
	attempts = case when work.generation = work.done_generation then 0 else work.attempts end,
	priority = case
		when work.generation = work.done_generation then excluded.priority
		when work.lease_until > (cast($4 as bigint[]))[1] and work.generation = work.claimed_generation then excluded.priority
		when excluded.priority < work.priority then excluded.priority
		else work.priority end,
	run_at = case
		when work.generation = work.done_generation then excluded.run_at
		when work.lease_until > (cast($4 as bigint[]))[1] and work.generation = work.claimed_generation then excluded.run_at
		when work.lease_until <= (cast($4 as bigint[]))[1] and work.disposition = 'retry' then
			case when excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at then (cast($6 as bigint[]))[1]
				else work.run_at end
		when excluded.run_at < work.run_at then excluded.run_at
		else work.run_at end
where work.generation = work.done_generation or work.generation = work.claimed_generation
	or work.scope <> work.scope | excluded.scope or excluded.priority < work.priority
	or case when work.lease_until <= (cast($4 as bigint[]))[1]
		and work.disposition = 'retry' then excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at
		else excluded.run_at < work.run_at end`

	// insertEventBatch stores the events, and their bodies beside them.
	insertEventBatch = `
with stored as (
	insert into events (source, id, type, origin, object_id, customer_id, api_version,
		occurred_at, received_at, key, generation, status, reason)
	select source, id, type, origin, object_id, customer_id, api_version,
		occurred_at, received_at, nullif(key, ''), coalesce((select w.generation from work w where w.key = given.key),
			0), status, reason
	from unnest(cast($1 as text[]), cast($2 as text[]), cast($3 as text[]), cast($4 as text[]), cast($5 as text[]),
		cast($6 as text[]), cast($7 as text[]),
		cast($8 as bigint[]), cast($9 as bigint[]), cast($10 as text[]), cast($11 as text[]), cast($12 as text[]))
		as given (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, status,
			reason)
	on conflict (source, id) do nothing
	returning seq, source, id, received_at
), kept as (
	insert into event_bodies (slot, seq, body)
	select s.received_at / 604800000 % 64, s.seq, b.body
	from stored s join unnest(cast($1 as text[]), cast($2 as text[]), cast($13 as bytea[])) as b (source, id, body)
		on b.source = s.source and b.id = s.id
)
select source, id from stored`
)
