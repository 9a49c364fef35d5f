package doctor_test

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// described is a store that describes another database: a test cannot turn fsync off, or fill a disk.
type described struct {
	lockstep.Store
	lockstep.Measured
	lockstep.Inspected
	facts lockstep.DatabaseFacts
	free  int64
}

func (d described) Inspect(context.Context) (lockstep.DatabaseFacts, error) { return d.facts, nil }

func (d described) Resources() lockstep.Resources { return lockstep.Resources{DiskFree: d.free} }

func describe(k *kit, facts lockstep.DatabaseFacts, free int64) {
	k.in.Store = described{k.in.Store, k.in.Store.(lockstep.Measured), k.in.Store.(lockstep.Inspected), facts, free}
}

// gone takes the database away.
func gone(k *kit, err error) { k.in.Store, k.in.StoreError = nil, err }

var databaseFaults = map[string]fault{
	"no file": {func(k *kit) { gone(k, &fs.PathError{Op: "stat", Path: "lockstep.db", Err: fs.ErrNotExist}) }, "database_missing", "lockstep.db"},
	"pending migrations": {func(k *kit) { gone(k, &lockstep.MigrationsPendingError{Database: 30, Program: 34}) }, "migrations_pending",
		"version 30"},
	"no server":                         {func(k *kit) { gone(k, errors.New("connection refused")) }, "database_unusable", "connection refused"},
	"a database that cannot be written": {func(k *kit) { k.execute("drop table heartbeat") }, "database_unwritable", "heartbeat"},
	"a damaged table of events":         {func(k *kit) { k.execute("alter table events rename to lost") }, "events_unread work_unread", "events"},
	"a damaged table of items":          {func(k *kit) { k.execute("alter table subscription_items rename to lost") }, "sold_price_unread", "items"},
	"readable by all": {func(k *kit) {
		describe(k, lockstep.DatabaseFacts{Exposed: []lockstep.ExposedFile{{Path: "a.db", Mode: "0644"}}}, -1)
	}, "database_exposed", "a.db has the mode 0644"},
	"a full disk":     {func(k *kit) { describe(k, lockstep.DatabaseFacts{}, 50<<20) }, "disk_nearly_full", "50 MB"},
	"no fsync":        {func(k *kit) { describe(k, lockstep.DatabaseFacts{Durability: map[string]string{"fsync": "off"}}, -1) }, "database_not_durable", "fsync is off"},
	"few connections": {func(k *kit) { describe(k, lockstep.DatabaseFacts{Connections: 95, MostConnections: 100}, -1) }, "connections_nearly_used", "95 of at most 100"},
	"two on one file": {func(k *kit) {
		for _, id := range []string{"a", "b"} {
			k.must(k.in.Store.Beat(k.Context(), id, time.Minute, nil))
		}
	}, "sqlite_shared", "2 processes"},
}

// sample has comparisons that found something.
func (k *kit) sample(found ...lockstep.Comparison) {
	k.in.Sample = func(context.Context) ([]lockstep.Comparison, error) { return found, nil }
}

var workFaults = map[string]fault{
	"the brake is on":           {func(k *kit) { k.account("user_1", ", deletion", ", 'held'") }, "brake_on", "1 deletion"},
	"Stripe refuses a deletion": {func(k *kit) { k.account("user_1", ", deletion, deletion_refused", ", 'approved', 1") }, "deletion_refused", "1 deleted account"},
	"a dead letter":             {func(k *kit) { k.work("user/user_1", "failed") }, "work_failed", "1 key failed"},
	"a parked customer":         {func(k *kit) { k.work("customer/cus_1", "parked") }, "work_parked", "1 key parked"},
	"a parked payment":          {func(k *kit) { k.paid("parked", time.Minute) }, "payment_parked", "1 event"},
	"a payment that waits":      {func(k *kit) { k.paid("pending", time.Hour) }, "payment_waiting", "1 hour ago"},
	"an account that drifted": {func(k *kit) {
		k.sample(lockstep.Comparison{State: lockstep.InSync}, lockstep.Comparison{State: lockstep.Drifted,
			Differences: []lockstep.Difference{{Cause: lockstep.CauseMissedEvent}, {Cause: lockstep.CauseManualEdit},
				{Cause: lockstep.CauseMissedEvent}}})
	}, "drift_found", "1 of the 2 accounts with the newest events differ: manual edit, missed event"},
	"a comparison that fails": {func(k *kit) {
		k.sample(lockstep.Comparison{State: lockstep.Incomparable, Failure: "clerk: status 503"})
	}, "drift_unknown", "clerk: status 503"},
	"a slow queue": {func(k *kit) {
		k.execute(`insert into work (key, scope, priority, generation, done_generation, run_at) values ('user/user_1', 1, 1, 2, 1, ?)`,
			time.Now().Add(-time.Hour).UnixMilli())
	}, "queue_slow", "1 hour ago"},
	"a refused step": {func(k *kit) {
		k.account("user_1", ", problems", `, '[{"step":"metadata","code":"x","reason":"y","since":"2026-01-01T00:00:00Z"}]'`)
	}, "steps_refused", "1 account"},
}

// paid stores an open event about a payment. Stripe delivered it.
func (k *kit) paid(status string, ago time.Duration) {
	k.Helper()
	k.event("stripe", "evt_paid", lockstep.Delivered, ago)
	k.execute("update events set type = 'checkout.session.completed', status = ?, key = 'customer/cus_1' where id = 'evt_paid'", status)
}
