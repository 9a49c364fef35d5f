package pgstore

// The statements that run for many rows at once. Each takes an array for each parameter.
const (
	// upsertMarkBatch is UpsertMark; all rows have the same times $4 and $6. Two of them may land on one
	// account.
	upsertMarkBatch = `
insert into work (key, scope, priority, generation, run_at, gathers)
select key, bit_or(scope), min(priority), 1, min(run_at), min(gathers)
from (
	select coalesce(linked.key, marks.key) collate "C" as key, scope, priority,
		case when eager = 1 and not linked.entitled then (cast($4 as bigint[]))[1] else run_at end as run_at, gathers
	from unnest(cast($1 as text[]), cast($2 as bigint[]), cast($3 as bigint[]), cast($5 as bigint[]),
		cast($7 as bigint[]), cast($8 as text[]), cast($9 as bigint[]))
		as marks (key, scope, priority, run_at, gathers, customer_id, eager)
	left join lateral (
		select a.kind || '/' || a.id as key, a.entitled_by <> '' as entitled from accounts a
		where a.customer_id = marks.customer_id
		union all
		select f.kind || '/' || f.id,
			(select a.entitled_by <> '' from accounts a where a.kind = f.kind and a.id = f.id)
		from former_customers f where f.customer_id = marks.customer_id
		limit 1) as linked on true) as landed
group by key
order by key
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
			then greatest(excluded.run_at, least(work.quiet_until, (cast($4 as bigint[]))[1] + 60000) * excluded.gathers)
		when work.lease_until <= (cast($4 as bigint[]))[1] and work.disposition = 'retry' then
			case when excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at then (cast($6 as bigint[]))[1]
				else work.run_at end
		else least(work.run_at, greatest(excluded.run_at,
			least(work.quiet_until, (cast($4 as bigint[]))[1] + 60000) * excluded.gathers)) end
where work.generation = work.done_generation or work.generation = work.claimed_generation
	or work.scope <> work.scope | excluded.scope or excluded.priority < work.priority
	or work.lease_until > (cast($4 as bigint[]))[1] and excluded.gathers < work.gathers
	or case when work.lease_until <= (cast($4 as bigint[]))[1]
		and work.disposition = 'retry' then excluded.priority = 0 and (cast($6 as bigint[]))[1] < work.run_at
		else greatest(excluded.run_at,
			least(work.quiet_until, (cast($4 as bigint[]))[1] + 60000) * excluded.gathers) < work.run_at end`

	// insertEventBatch stores the events, and their bodies in the table of bodies. It locks the rows of their
	// keys first, so that the generations are current.
	insertEventBatch = `
with given as materialized (
	select n, source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
		coalesce(linked.key, nullif(given.key, '')) collate "C" as key, coalesce(linked.entitled, false) as entitled,
		status, reason, body
	from unnest(cast($1 as text[]), cast($2 as text[]), cast($3 as text[]), cast($4 as text[]), cast($5 as text[]),
		cast($6 as text[]), cast($7 as text[]), cast($8 as bigint[]), cast($9 as bigint[]), cast($10 as text[]),
		cast($11 as text[]), cast($12 as text[]), cast($13 as bytea[]), cast($14 as text[])) with ordinality
		as given (source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, key, status,
			reason, body, linked_id, n)
	left join lateral (
		select a.kind || '/' || a.id as key, a.entitled_by <> '' as entitled from accounts a
		where a.customer_id = given.linked_id
		union all
		select f.kind || '/' || f.id,
			(select a.entitled_by <> '' from accounts a where a.kind = f.kind and a.id = f.id)
		from former_customers f where f.customer_id = given.linked_id
		limit 1) as linked on true
	where (select 1 from events e where e.source = given.source and e.id = given.id) is null
), held as materialized (
	select key, case when generation = done_generation or generation = claimed_generation then generation + 1
		else generation end as generation
	from work where key = any(array(select key from given)) order by key
	for update
), stored as (
	insert into events (source, id, type, origin, object_id, customer_id, api_version,
		occurred_at, received_at, key, generation, status, reason)
	select source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at, given.key,
		coalesce(held.generation, case when given.key is null then 0 else 1 end), status, reason
	from given left join held on held.key = given.key
	order by n
	on conflict (source, id) do nothing
	returning seq, source, id, received_at
), kept as (
	insert into event_bodies (slot, seq, body)
	select s.received_at / 604800000 % 64, s.seq, g.body
	from stored s join given g on g.source = s.source and g.id = s.id
)
select g.n, coalesce(g.key, ''), g.entitled from stored s join given g on g.source = s.source and g.id = s.id`
)
