package listing

// The columns of an account in a list, as scanAccount reads them.
const foundColumns = `accounts.kind, accounts.id, accounts.state, accounts.email, accounts.name,
	coalesce(accounts.customer_id, ''), accounts.status, accounts.plan, accounts.concern, accounts.concern_why,
	accounts.concern_since, case when accounts.problems <> '' then 1 else 0 end, accounts.updated_at`

// The statements about accounts in an order. $1 and $2 are the first kind and id, $3 is the limit. Who reads stops at
// the first account that is out of range: PostgreSQL would compare all others of a kind with an upper bound of two
// columns. The lower bound has all columns of an index, so that no other index has the order: PostgreSQL would walk the
// primary key to find a rare status.
const (
	// AccountsByKey reads accounts by kind and id.
	AccountsByKey = `
select ` + foundColumns + ` from accounts where (kind, id) >= ($1, $2) order by kind, id limit $3 + 0`

	// AccountsByStatus reads those of the status $4.
	AccountsByStatus = `
select ` + foundColumns + ` from accounts
where (status, kind, id) >= ($4, $1, $2) and status <= $4 order by status, kind, id limit $3 + 0`

	// AccountsByPlan reads those of the plan $4.
	AccountsByPlan = `
select ` + foundColumns + ` from accounts
where plan <> '' and (plan, kind, id) >= ($4, $1, $2) and plan <= $4 order by plan, kind, id limit $3 + 0`

	// AccountsWithProblems reads those with problems.
	AccountsWithProblems = `
select ` + foundColumns + ` from accounts
where problems <> '' and (kind, id) >= ($1, $2) order by kind, id limit $3 + 0`

	// AccountsOfConcern reads those of the concern $1 from the time $2, the kind $3 and the id $4 on: at most $5.
	AccountsOfConcern = `
select ` + foundColumns + ` from accounts
where concern <> '' and (concern, concern_since, kind, id) >= ($1, $2, $3, $4) and concern <= $1
order by concern, concern_since, kind, id limit $5 + 0`
)

// AccountsByEmail returns the statement that reads accounts by their folded address: from $1, the kind $2 and the
// id $3 on, those before $4, at most $5. folded is the indexed expression.
func AccountsByEmail(folded string) string {
	return `
select ` + foundColumns + ` from accounts
where email <> '' and ` + folded + ` >= $1 and ` + folded + ` < $4 and (` + folded + `, kind, id) >= ($1, $2, $3)
order by ` + folded + `, kind, id limit $5 + 0`
}

// The statements that find an account by the id $1 of something else.
const (
	AccountOfPrimary = `select ` + foundColumns + ` from accounts where customer_id = $1`

	AccountOfFurther = `
select ` + foundColumns + ` from former_customers f join accounts on accounts.kind = f.kind and accounts.id = f.id
where f.customer_id = $1`

	AccountOfSubscription = `
select ` + foundColumns + ` from subscriptions s
join accounts on accounts.kind = s.account_kind and accounts.id = s.account_id
where s.id = $1`

	AccountOfLicense = `
select ` + foundColumns + ` from licenses l
join accounts on accounts.kind = l.account_kind and accounts.id = l.account_id
where l.id = $1`

	AccountOfPayment = `
select ` + foundColumns + ` from licenses l
join accounts on accounts.kind = l.account_kind and accounts.id = l.account_id
where l.payment_id = $1 and l.payment_id <> '' order by l.created_at, l.id limit 1`
)

// The statements that count for an overview. Each looks at a bounded number of rows.
const (
	// ConcernTally counts accounts of the concern $1 by reason, at most $2.
	ConcernTally = `
select concern_why, count(*), min(concern_since) from (
	select concern_why, concern_since from accounts where concern = $1 and concern <> ''
	order by concern_since, kind, id limit $2 + 0) as looked
group by concern_why`

	// UnclassifiedTally counts accounts without a standing, at most $1.
	UnclassifiedTally = `
select count(*), 0 from (
	select kind from accounts where (status, kind, id) >= ('', '', '') and status <= ''
	order by status, kind, id limit $1 + 0) as looked`

	// ProblemTally counts accounts with problems, at most $1.
	ProblemTally = `
select count(*), 0 from (select kind from accounts where problems <> '' limit $1 + 0) as looked`

	// HeldTally counts held deletions, at most $1.
	HeldTally = `
select count(*), coalesce(min(deletion_at), 0) from (
	select deletion_at from accounts where deletion = 'held' and deletion <> ''
	order by deletion_at, kind, id limit $1 + 0) as looked`

	// EndedTally looks at keys after $1 and before $2 that parked or failed, at most $3, and counts those that are
	// still so.
	EndedTally = `
select count(*), coalesce(sum(case when disposition = 'parked' and generation <= done_generation then 1 else 0 end), 0),
	coalesce(sum(case when disposition = 'failed' and generation <= done_generation then 1 else 0 end), 0)
from (
	select disposition, generation, done_generation from work
	where disposition in ('parked', 'failed') and key > $1 and key < $2 order by key limit $3 + 0) as looked`

	// ParkedSince looks at open events of the keys after $1 and before $2, at most $3: when the first parked one was
	// received.
	ParkedSince = `
select coalesce(min(case when status = 'parked' then received_at end), 0) from (
	select status, received_at from events
	where status in ('pending', 'parked', 'failed') and key > $1 and key < $2 order by key, status, seq limit $3 + 0
) as looked`

	// OpenOfKeys reads open events of the keys after $1 and before $2, at most $3.
	OpenOfKeys = `
select ` + eventColumns + ` from events
where status in ('pending', 'parked', 'failed') and key > $1 and key < $2 order by key, status, seq limit $3 + 0`
)
