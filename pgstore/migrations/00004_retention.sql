-- +goose Up

-- Holds the bodies of open events while their week's table is truncated. Empty outside of that
-- transaction.
create table event_bodies_kept (like event_bodies);

-- expire_bodies drops the bodies of one week that ended before a given time, except those of open
-- events, and returns the week, or nothing if no week has any to drop. It never touches the next
-- week of the ring, because the clocks of writers may be ahead. It gives up soon if another
-- session reads the table (a backup does for hours): later readers would wait behind it.
-- +goose StatementBegin
create function expire_bodies(before bigint) returns setof bigint language plpgsql as $$
declare
	length constant bigint := 604800000;
	this constant bigint := floor(extract(epoch from clock_timestamp()) * 1000 / length);
	week bigint;
	part text;
	droppable boolean;
begin
	for week in select generate_series(this - 62, before / length - 1) loop
		part := 'event_bodies_' || lpad((week % 64)::text, 2, '0');
		execute format('select exists (select from %I b where not exists (
			select from events e where e.seq = b.seq and e.status in (''pending'', ''parked'', ''failed'')))', part) into droppable;
		continue when not droppable;
		perform set_config('lock_timeout', '500ms', true);
		execute format('lock table %I in access exclusive mode', part);
		execute format('insert into event_bodies_kept select b.* from %I b join events e on e.seq = b.seq
			where e.status in (''pending'', ''parked'', ''failed'')', part);
		execute format('truncate table %I', part);
		execute format('insert into %I select * from event_bodies_kept', part);
		delete from event_bodies_kept;
		return next week;
		return;
	end loop;
end
$$;
-- +goose StatementEnd
