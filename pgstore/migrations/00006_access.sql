-- +goose Up

-- billing.accounts tells what was decided last: what grants access, and what was written
-- about it into the directory's metadata. Whether a clock has ended it since, SQL cannot know.
create or replace view billing.accounts as
select kind, id, state, customer_id,
	case when created_at > 0 then to_timestamp(created_at / 1000.0) end as created_at,
	case when updated_at > 0 then to_timestamp(updated_at / 1000.0) end as updated_at,
	entitled_by <> '' as entitled,
	nullif(entitled_by, '') as entitled_by,
	cast(projected as json) as metadata
from accounts;
