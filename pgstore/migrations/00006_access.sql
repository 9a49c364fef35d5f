-- +goose Up

-- billing.accounts shows the last decision: what grants access, and what was written to the
-- directory's metadata. SQL cannot know whether time has ended it since.
create or replace view billing.accounts as
select kind, id, state, customer_id,
	case when created_at > 0 then to_timestamp(created_at / 1000.0) end as created_at,
	case when updated_at > 0 then to_timestamp(updated_at / 1000.0) end as updated_at,
	entitled_by <> '' as entitled,
	nullif(entitled_by, '') as entitled_by,
	cast(projected as json) as metadata
from accounts;
