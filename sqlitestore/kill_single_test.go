package sqlitestore_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sqlitetest"
)

var (
	license  = lockstep.License{ID: "cs_1", Account: user, PaymentID: "pi_1", Status: lockstep.LicenseActive}
	notice   = lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, user, "sub_1", time.UnixMilli(1))
	delivery = lockstep.HookDelivery{Endpoint: "app", Subject: "access:user/user_1", State: lockstep.HookHeld}
)

// singleOperation is an operation that concerns one row or a few.
type singleOperation struct {
	name string
	do   func(ctx context.Context, store lockstep.Store) error
}

// claimed is an operation within a claim of the user's key.
func claimed(do func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error) func(context.Context, lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		return within(ctx, store, user.Key(), func(claim lockstep.Claim) error { return do(ctx, store, claim) })
	}
}

// singles are done in this order on one database, each in a process of its own that is killed.
var singles = []singleOperation{
	{"save an account", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Save(ctx, claim, lockstep.Change{Record: lockstep.Record{Account: user}, Notices: []lockstep.Notice{notice}})
	})},
	{"save what was projected", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveProjected(ctx, claim, user, map[string]any{"plan": "pro"})
	})},
	{"save a license", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveLicense(ctx, claim, license, nil)
	})},
	{"finish later", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Finish(ctx, claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now(), Reason: "later"})
	})},
	{"begin a deletion", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		_, _, err := store.BeginDeletion(ctx, claim, user, lockstep.Brake{})
		return err
	})},
	{"forget a deletion", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.ForgetDeletion(ctx, claim, user)
	})},
	{"tell access", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.TellAccess(ctx, claim, user, "digest", []lockstep.Key{delivery.Key()})
	})},
	{"save a delivery", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveHookDelivery(ctx, claim, delivery, &lockstep.HookEndpoint{ID: "app", DisabledAt: time.Now()})
	})},
	{"redeliver", func(ctx context.Context, store lockstep.Store) error {
		return store.Redeliver(ctx, delivery.Endpoint, delivery.Subject)
	}},
	{"save a mail", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveMail(ctx, claim, lockstep.Mail{NoticeID: notice.ID, State: lockstep.MailSent})
	})},
	{"request a mail", func(ctx context.Context, store lockstep.Store) error {
		return store.RequestMail(ctx, notice.ID, lockstep.ToAccount)
	}},
	{"begin and end a purchase", func(ctx context.Context, store lockstep.Store) error {
		turn, err := store.BeginPurchase(ctx, user, "same", time.Hour)
		return errors.Join(err, store.EndPurchase(ctx, turn, true))
	}},
	{"begin a purchase", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.BeginPurchase(ctx, user, "same", time.Hour)
		return err
	}},
	{"assign", func(ctx context.Context, store lockstep.Store) error { return store.Assign(ctx, customer, user) }},
	{"beat", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Beat(ctx, "replica", time.Hour, []lockstep.Pause{{Endpoint: "stripe", For: time.Hour}})
		return err
	}},
	{"leave", func(ctx context.Context, store lockstep.Store) error { return store.Leave(ctx, "replica") }},
	{"put an identity", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.PutIdentity(ctx, lockstep.Identity{Account: user, Email: "ada@example.com"})
		return err
	}},
	{"merge metadata", func(ctx context.Context, store lockstep.Store) error {
		return store.MergeMetadata(ctx, user, map[string]any{"plan": "pro"})
	}},
	{"remove an identity", func(ctx context.Context, store lockstep.Store) error { return store.RemoveIdentity(ctx, user) }},
	{"ping", func(ctx context.Context, store lockstep.Store) error { return store.Ping(ctx) }},
}

func single(name string) singleOperation {
	for _, op := range singles {
		if op.name == name {
			return op
		}
	}
	exitOn(fmt.Errorf("no operation %q", name))
	return singleOperation{}
}

// Every operation on one row, or a few, leaves the database as it is when the operation returns.
func TestKilledProcessLosesNoSingleOperation(t *testing.T) {
	t.Parallel()
	path := sqlitetest.Path(t)
	before, err := digestOf(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range singles {
		want := kill(t, path, op.name, 1)
		got, err := digestOf(path)
		if err != nil || got != want {
			t.Errorf("%s: the database is not what it was when the operation returned (%v)", op.name, err)
		}
		if got == before {
			t.Errorf("%s: it wrote nothing", op.name)
		}
		before = got
	}
}

// digestOf is a digest of all that a database holds, but for what Ping writes.
func digestOf(path string) (string, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var tables string
	err = db.QueryRow("select group_concat(name) from (select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> 'goose_db_version' order by name)").Scan(&tables)
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	for table := range strings.SplitSeq(tables, ",") {
		rows, err := db.Query("select * from " + table) //nolint:gosec // the schema's own names
		if err != nil {
			return "", err
		}
		if err := addRows(digest, table, rows); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", digest.Sum(nil)), nil
}

func addRows(digest io.Writer, table string, rows *sql.Rows) error {
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
		if _, err := fmt.Fprint(digest, table); err != nil {
			return err
		}
		for _, v := range values {
			if _, err := fmt.Fprintf(digest, "|%v", *v.(*any)); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}
