package pgstore

// The statements that run for many rows at once. Each takes an array for each parameter.
const (
	selectLinkedBatch = `
select distinct on (customer_id) customer_id, kind, id, entitled from (
	select customer_id, kind, id, entitled_by <> '' as entitled, 1 as rank from accounts
	where customer_id = any(cast($1 as text[]))
	union all
	select f.customer_id, f.kind, f.id, a.entitled_by <> '', 2
	from former_customers f join accounts a on a.kind = f.kind and a.id = f.id
	where f.customer_id = any(cast($1 as text[]))) as linked
order by customer_id, rank`

	// selectKnownBatch looks up one event after the other: offset 0 keeps the planner from reading
	// the whole index, which it does while the statistics say that the table is empty.
	selectKnownBatch = `
select e.source, e.id
from unnest(cast($1 as text[]), cast($2 as text[])) as asked (source, id)
cross join lateral (select source, id from events where source = asked.source and id = asked.id offset 0) as e`

	// upsertMarkBatch is UpsertMark; all rows have the same times $4 and $6.
	upsertMarkBatch = `
insert into work (key, scope, priority, generation, run_at, gathers)
select key, scope, priority, 1, run_at, gathers
from unnest(cast($1 as text[]), cast($2 as bigint[]), cast($3 as bigint[]), cast($5 as bigint[]),
	cast($7 as bigint[])) as marks (key, scope, priority, run_at, gathers)
on conflict (key) do update set
	generation = work.generation + 1,
	scope = work.scope | excluded.scope,
	gathers = least(work.gathers, excluded.gathers),
	attempts = case when work.generation = work.done_generation then 0 else work.attempts end,
	priority = case
		when work.generation = work.done_generation then excluded.priority
		when work.lease_until > (cast($4 as bigint[]))[1] and work.generation = work.claimed_generation then excluded.priority
		when excluded.priority < work.priority then excluded.priority
		else work.priority end,
	run_at = case
		when work.generation = work.done_generation
			or work.lease_until > (cast($4 as bigint[]))[1] and work.generation = work.claimed_generation
			then greatest(excluded.run_at, work.quiet_until * excluded.gathers)
		when work.lease_until <= (cast($4 as bigint[]))[1] and work.disposition = 'retry' then
			case when excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at then (cast($6 as bigint[]))[1]
				else work.run_at end
		else least(work.run_at, greatest(excluded.run_at, work.quiet_until * excluded.gathers)) end
where work.generation = work.done_generation or work.generation = work.claimed_generation
	or work.scope <> work.scope | excluded.scope or excluded.priority < work.priority
	or work.lease_until > (cast($4 as bigint[]))[1] and excluded.gathers < work.gathers
	or case when work.lease_until <= (cast($4 as bigint[]))[1]
		and work.disposition = 'retry' then excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at
		else greatest(excluded.run_at, work.quiet_until * excluded.gathers) < work.run_at end`

	// insertEventBatch stores the events, and their bodies in the table of bodies.
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
