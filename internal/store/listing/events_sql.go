package listing

// Look is the most events that a statement looks at to fill a page.
const Look = 5000

// MostOpen is the most open events that a statement sorts. Above it, they are found by number.
const MostOpen = 10_000

// The columns of an event without its body, as scanEvent reads them.
const eventColumns = `seq, source, id, type, origin, object_id, customer_id, api_version, occurred_at, received_at,
	key, status, reason`

// matches compares an event with a filter. A settled event with a reason was dropped.
const matches = `($4 = '' or source = $4) and ($5 = '' or type = $5) and received_at >= $6 and received_at < $7
	and ($8 = '' or case when status = 'done' and reason <> '' then 'dropped' else status end = $8)`

// The statements about events. $1 is the upper bound of seq (exclusive), $2 the lower one (inclusive), $3 the limit, $4
// the source, $5 the type, $6 and $7 the bounds of the time of receipt, $8 the status. An empty text means any.
const (
	// EventsByNumber reads events by their number alone. It looks at $9 of them.
	EventsByNumber = `
select ` + eventColumns + ` from (
	select ` + eventColumns + ` from events where seq < $1 and seq >= $2 order by seq desc limit $9 + 0) as looked
where ` + matches + `
order by seq desc limit $3 + 0`

	// LookedAt says how far EventsByNumber looks: the lowest number, and how many events.
	LookedAt = `
select coalesce(min(seq), 0), count(*) from (
	select seq from events where seq < $1 and seq >= $2 order by seq desc limit $3 + 0) as looked`

	// EventsOfKey reads the events of the key $5: those of each state by an index. Its $4 is the status.
	EventsOfKey = `
select ` + eventColumns + ` from (
	select * from (select ` + eventColumns + ` from events
		where key = $5 and status in ('pending', 'parked', 'failed') and status = 'pending' and seq < $1 and seq >= $2
			and $4 in ('', 'pending')
		order by seq desc limit $3 + 0) as pending
	union all
	select * from (select ` + eventColumns + ` from events
		where key = $5 and status in ('pending', 'parked', 'failed') and status = 'parked' and seq < $1 and seq >= $2
			and $4 in ('', 'parked')
		order by seq desc limit $3 + 0) as parked
	union all
	select * from (select ` + eventColumns + ` from events
		where key = $5 and status in ('pending', 'parked', 'failed') and status = 'failed' and seq < $1 and seq >= $2
			and $4 in ('', 'failed')
		order by seq desc limit $3 + 0) as failed
	union all
	select * from (select ` + eventColumns + ` from events
		where key = $5 and status = 'done' and seq < $1 and seq >= $2 and $4 in ('', 'done', 'dropped')
		order by seq desc limit $3 + 0) as done) as of_key
order by seq desc limit $3 + 0`

	// EventsOpen reads the events of the open state $8 and sorts them. The + keeps both databases from walking
	// all events by their numbers.
	EventsOpen = `
with open as materialized (
	select ` + eventColumns + ` from events
	where status in ('pending', 'parked', 'failed') and status = $8 and +seq < $1 and +seq >= $2
		and ($4 = '' or source || '' = $4) and ($5 = '' or type = $5) and received_at >= $6 and received_at < $7)
select ` + eventColumns + ` from open order by seq desc limit $3 + 0`

	// CountOpen counts the open events, up to $1.
	CountOpen = `
select count(*) from (
	select 1 from events where status in ('pending', 'parked', 'failed') limit $1 + 0) as open`

	// EventFrom is the first event from the number $1 on, with the time of its receipt.
	EventFrom = `select seq, received_at from events where seq >= $1 order by seq limit 1`

	// EventNumbers are the lowest and the highest number.
	EventNumbers = `
select coalesce((select seq from events order by seq limit 1), 0),
	coalesce((select seq from events order by seq desc limit 1), 0)`

	// EventByID reads the event of the source $1 and the id $2.
	EventByID = `select ` + eventColumns + ` from events where source = $1 and id = $2`

	// BodyOfEvent reads the body of the event $1. A database that keeps bodies elsewhere has another statement:
	// $2 is when the event was received.
	BodyOfEvent = `select body from events where seq = $1 and received_at = $2`
)
