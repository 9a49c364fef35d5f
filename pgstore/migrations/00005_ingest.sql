-- +goose Up

-- A compressed body of 5 KB is a little larger than the 2 KB above which PostgreSQL moves values
-- into a TOAST table with an index, which costs more than the row. Up to this size it stays in
-- the row, three on a page.
-- +goose StatementBegin
do $$
begin
	for slot in 0..63 loop
		execute format('alter table event_bodies_%s set (toast_tuple_target = 2900)', lpad(slot::text, 2, '0'));
	end loop;
end
$$;
-- +goose StatementEnd
