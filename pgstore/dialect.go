package pgstore

import (
	"reflect"

	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// dialect says where PostgreSQL differs.
func dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		Clock:   clock,
		Overlap: overlap,
		Failure: failure,
		Lock: map[sqlstore.Statement]string{
			sqlstore.HoldsLease:       string(sqlstore.HoldsLease) + " for update",
			sqlstore.SelectInherits:   string(sqlstore.SelectInherits) + " for update",
			sqlstore.SelectAccount:    string(sqlstore.SelectAccount) + " for no key update",
			sqlstore.SelectLastChange: string(sqlstore.SelectLastChange) + " for update",
			sqlstore.SelectIdentity:   string(sqlstore.SelectIdentity) + " for no key update",
			sqlstore.SelectWork:       string(sqlstore.SelectWork) + " for update",
		},
		Replace: map[sqlstore.Statement]string{
			sqlstore.ClaimDue:        claimDue,
			sqlstore.UpdateProjected: updateProjected,
			sqlstore.SelectIgnored:   selectIgnored,
			sqlstore.BlankEvent:      blankEvent,
			sqlstore.ExpireBodies:    expireBodies,
		},
		Batch: map[sqlstore.Statement]string{
			sqlstore.UpsertMark:  upsertMarkBatch,
			sqlstore.InsertEvent: insertEventBatch,
		},
	}
}

// overlap is how many transactions of deliveries run at once: one waits for its commit while another
// one works. See docs/decisions/0015-overlap-of-deliveries.md.
const overlap = 2

// arguments turns parameters into types that every mode of pgx can send: some modes must know a type
// without asking the server. It also removes what PostgreSQL cannot store from texts.
func arguments(args []any) []any {
	sent := make([]any, len(args))
	for i, a := range args {
		sent[i] = argument(a)
	}
	return sent
}

func argument(a any) any {
	switch v := a.(type) {
	case nil, int64, bool, []byte, []int64, [][]byte:
		return v
	case int:
		return int64(v)
	case string:
		return sqlrun.Storable(v)
	case []string:
		clean := make([]string, len(v))
		for i, s := range v {
			clean[i] = sqlrun.Storable(s)
		}
		return clean
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.String:
		return sqlrun.Storable(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint()) //nolint:gosec // at most 32 bits
	}
	return a
}
