package pgstore

// The statements in which PostgreSQL differs.
const (
	// clock also makes the server end a transaction that its process has abandoned, for example
	// because the process was stopped: otherwise its locks would block the process that takes over.
	// And it makes the planner use indexes: a plan made while a table was small reads the whole
	// table, and the connection keeps it until the table's statistics are renewed, which may be a
	// million events later. Every lookup here has an index, and compiling the others (jit) does not
	// pay off.
	clock = `
select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)
from (select set_config('idle_in_transaction_session_timeout', '10s', true) as abandoned,
	set_config('enable_seqscan', 'off', true) as planned, set_config('jit', 'off', true) as compiled) as settings
where abandoned is not null and planned is not null and compiled is not null`

	updateProjected = `
update accounts set projected = $3,
	updated_at = greatest(cast($4 as bigint), cast(extract(epoch from clock_timestamp()) * 1000 as bigint))
where kind = $1 and id = $2 and exists (select 1 from work where key = $5 and lease_token = $6)`

	// claimDue looks at one priority after the other while there is room for more, so it never steps
	// over keys that are due later. The due keys must be materialized: when another writer has
	// changed a row meanwhile, PostgreSQL evaluates the update's source again and would find more.
	claimDue = `
with clock as materialized (
	select greatest(cast($3 as bigint), cast(extract(epoch from clock_timestamp()) * 1000 as bigint)) as now
), interactive as materialized (
	select key from work
	where generation > done_generation and priority = 0 and due_at <= (select now from clock) and $5 >= 0
	order by due_at, key limit $4
	for update skip locked
), normal as materialized (
	select key from work
	where generation > done_generation and priority = 1 and due_at <= (select now from clock) and $5 >= 1
	order by due_at, key limit $4 - (select count(*) from interactive)
	for update skip locked
), background as materialized (
	select key from work
	where generation > done_generation and priority = 2 and due_at <= (select now from clock) and $5 >= 2
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
	scope = 0, gathers = 1
from due where work.key = due.key
returning work.key, work.claimed_scope, work.claimed_priority, work.generation, work.attempts, work.run_at,
	work.lease_until`

	// foldedEmail is the indexed expression of an address in small letters: of ASCII letters, like SQLite's.
	foldedEmail = `lower(email collate "C")`

	// bodyOfEvent reads the body of the event $1, which was received at $2. The bodies of a week have their own table.
	bodyOfEvent = `select body from event_bodies where slot = cast($2 as bigint) / 604800000 % 64 and seq = $1`

	expireBodies = `select week from expire_bodies($1) as week limit $2`

	// selectIgnored looks up the body of each ignored event: with a plain join, the planner would
	// search every body. The appended empty text makes PostgreSQL decompress each body only once.
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
)
