package sqlitestore_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
)

var (
	license  = lockstep.License{ID: "cs_1", Account: user, PaymentID: "pi_1", Status: lockstep.LicenseActive}
	notice   = lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, user, "sub_1", time.UnixMilli(1))
	apiKey   = lockstep.APIKey{Name: "web", Hash: lockstep.HashAPIKey("secret"), Scopes: lockstep.APIRead}
	delivery = lockstep.WebhookDelivery{Endpoint: "app", Subject: "access:user/user_1", State: lockstep.WebhookHeld}
)

// singleOperation is an operation on one row or a few.
type singleOperation struct {
	name string
	do   func(ctx context.Context, store lockstep.Store) error
}

// claimed returns an operation within a claim of the user's key.
func claimed(do func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error) func(context.Context,
	lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		return within(ctx, store, user.Key(), func(claim lockstep.Claim) error { return do(ctx, store, claim) })
	}
}

// singles run in this order on one database, each in its own process, which the test kills.
var singles = []singleOperation{
	{"save an account", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Save(ctx, claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: user},
			Notices: []lockstep.Notice{notice}})
	})},
	{"save what was projected", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveProjected(ctx, claim, user, map[string]any{"plan": "pro"})
	})},
	{"save a license", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveLicense(ctx, claim, license, nil)
	})},
	{"save notices", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		refund := lockstep.NewNotice(lockstep.NoticePaymentRefunded, user, "re_1", time.Now())
		return store.SaveNotices(ctx, claim, user, []lockstep.Notice{refund})
	})},
	{"finish later", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Finish(ctx, claim, lockstep.Outcome{Disposition: lockstep.Retry, At: time.Now(), Reason: "later",
			Run: &lockstep.RunReport{Began: time.Now()}})
	})},
	{"begin a deletion", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		_, _, err := store.BeginDeletion(ctx, claim, user, lockstep.Brake{})
		return err
	})},
	{"forget a deletion", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.ForgetDeletion(ctx, claim, user)
	})},
	{"tell access", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.NotifyAccess(ctx, claim, user, "digest", []lockstep.Key{delivery.Key()})
	})},
	{"save a delivery", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveWebhookDelivery(ctx, claim, delivery, &lockstep.WebhookEndpoint{ID: "app", DisabledAt: time.Now()})
	})},
	{"redeliver", func(ctx context.Context, store lockstep.Store) error {
		return store.Redeliver(ctx, delivery.Endpoint, delivery.Subject)
	}},
	{"save a mail", claimed(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.SaveEmailDelivery(ctx, claim, lockstep.EmailDelivery{NoticeID: notice.ID, State: lockstep.EmailSent})
	})},
	{"request a mail", func(ctx context.Context, store lockstep.Store) error {
		return store.ResendEmail(ctx, notice.ID, lockstep.ToAccount)
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
	{"add statistics", func(ctx context.Context, store lockstep.Store) error {
		return store.AddStatistics(ctx, lockstep.StatisticsMinute{At: time.Now(),
			Cells: []lockstep.StatisticsCell{{Metric: "runs.done", Count: 2}}})
	}},
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
	{"remove an identity", func(ctx context.Context, store lockstep.Store) error {
		return store.RemoveIdentity(ctx,
			user)
	}},
	{"name prices", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.NamePrices(ctx, numbered("price_",
			func(id string) lockstep.PriceName { return lockstep.PriceName{PriceID: id, LookupKey: "pro"} }))
		return err
	}},
	{"meet an instance", meeting("ins_1")},
	{"meet another instance", meeting("ins_2")},
	{"accept an instance", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.AcceptInstance(ctx, lockstep.Clerk, "ins_2", lockstep.Mark{Key: retention})
		return err
	}},
	{"save a successor", succeeding(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Save(ctx, claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: successor,
			InstanceGeneration: 1}})
	})},
	{"order a succession", func(ctx context.Context, store lockstep.Store) error {
		return store.OrderSuccession(ctx, user, successor)
	}},
	{"carry an account over", succeeding(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Succeed(ctx, claim, lockstep.Succession{From: user, To: successor, Generation: 1})
	})},
	{"link a primary customer", joining("cus_5", lockstep.Proven)},
	{"link a further customer", joining("cus_6", lockstep.Proven)},
	{"link a claimed customer", joining("cus_7", lockstep.Claimed)},
	{"release a customer", succeeding(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Release(ctx, claim, "cus_7")
	})},
	{"choose the primary customer", func(ctx context.Context, store lockstep.Store) error {
		return store.ChoosePrimary(ctx, successor, "cus_6")
	}},
	{"unlink a customer", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Unlink(ctx, "cus_5")
		return err
	}},
	{"begin a backfill", func(ctx context.Context, store lockstep.Store) error {
		begun, err := store.BeginBackfill(ctx, "", "begun", false)
		if !begun {
			err = errors.Join(err, errors.New("it was not begun"))
		}
		return err
	}},
	{"stage a page", backfilling(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Stage(ctx, claim, "staged", lockstep.BackfillPage{Customers: numbered("cus_",
			func(id string) lockstep.Customer { return lockstep.Customer{ID: id} })})
	})},
	{"conclude a page", backfilling(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Conclude(ctx, claim, "concluded", numbered("cus_", func(id string) lockstep.Conclusion {
			return lockstep.Conclusion{CustomerID: id, Outcome: lockstep.BackfillLinked, Account: adopter(id),
				Trust: lockstep.Proven}
		}))
	})},
	{"adopt a page", backfilling(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		return store.Adopt(ctx, claim, "adopted", numbered("cus_", func(id string) lockstep.Adoption {
			return lockstep.Adoption{Customer: lockstep.Customer{ID: id}, Identity: lockstep.Identity{Account: adopter(id)},
				Conclusion: lockstep.Conclusion{CustomerID: id, Account: adopter(id), Trust: lockstep.Proven}}
		}), nil)
	})},
	{"unstage", backfilling(func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error {
		_, err := store.Unstage(ctx, claim, 1000)
		return err
	})},
	{"create an API key", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.CreateAPIKey(ctx, apiKey)
		return err
	}},
	{"use an API key", func(ctx context.Context, store lockstep.Store) error {
		return store.UseAPIKey(ctx, apiKey.Hash, time.UnixMilli(1))
	}},
	{"revoke an API key", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.RevokeAPIKey(ctx, apiKey.Name)
		return err
	}},
	{"create a pass", func(ctx context.Context, store lockstep.Store) error {
		return store.CreateConsolePass(ctx, lockstep.ConsolePass{Hash: "pass", Once: true, Role: lockstep.ConsoleViewer,
			ExpiresAt: time.Now().Add(time.Hour)})
	}},
	{"take a pass", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.TakeConsolePass(ctx, "pass")
		return err
	}},
	{"append to the audit log", func(ctx context.Context, store lockstep.Store) error {
		return store.AppendAudit(ctx, lockstep.AuditEntry{Action: "link", Result: lockstep.AuditRequested})
	}},
	{"receive an event to repair", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Receive(ctx, []lockstep.Delivery{{Event: lockstep.Event{Source: lockstep.Stripe, ID: "evt_repair"},
			Mark: &lockstep.Mark{Key: broken, Priority: lockstep.Background}}})
		return err
	}},
	{"replay an event", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Replay(ctx, lockstep.ReplayRequest{Events: []lockstep.EventRef{{ID: "evt_repair"}}})
		return err
	}},
	{"retry a key", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Retry(ctx, lockstep.Mark{Key: broken, Scope: lockstep.ScopeMembers})
		return err
	}},
	{"drop a key", func(ctx context.Context, store lockstep.Store) error {
		_, err := store.Drop(ctx, lockstep.Drop{Key: broken, Reason: "dropped"})
		return err
	}},
	{"ping", func(ctx context.Context, store lockstep.Store) error { return store.Ping(ctx) }},
}

// broken is a key that an operator repairs.
var broken = lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_broken"}

// successor is the user in another instance.
var successor = lockstep.Account{Kind: lockstep.User, ID: "user_2"}

// succeeding returns an operation within a claim of the successor's key.
func succeeding(do func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error) func(context.Context,
	lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		return within(ctx, store, successor.Key(), func(claim lockstep.Claim) error { return do(ctx, store, claim) })
	}
}

// backfilling returns an operation within a claim of the backfill's key.
func backfilling(do func(ctx context.Context, store lockstep.Store, claim lockstep.Claim) error) func(context.Context,
	lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		key := lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}
		return within(ctx, store, key, func(claim lockstep.Claim) error { return do(ctx, store, claim) })
	}
}

func meeting(id string) func(context.Context, lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		_, err := store.MeetInstance(ctx, lockstep.Clerk, id, "digest of "+id)
		return err
	}
}

func joining(customerID string, trust lockstep.Trust) func(context.Context, lockstep.Store) error {
	return func(ctx context.Context, store lockstep.Store) error {
		key := lockstep.Key{Kind: lockstep.KeyCheckout, ID: "cs_of_" + customerID}
		return within(ctx, store, key, func(claim lockstep.Claim) error {
			return store.Link(ctx, claim, lockstep.Identity{Account: successor}, customerID, trust)
		})
	}
}

// numbered returns a page of a hundred items.
func numbered[T any](prefix string, one func(id string) T) (page []T) {
	for i := range 100 {
		page = append(page, one(named(prefix, i)))
	}
	return page
}

// adopter is the account that a backfill links a customer to.
func adopter(customerID string) lockstep.Account {
	return lockstep.Account{Kind: lockstep.User, ID: "user_of_" + customerID}
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

// A killed process leaves the database as it was when its operation returned.
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

// digestOf returns a digest of everything in a database, except what Ping writes.
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

// killed lists the store's methods that write, with the operation that is killed after each.
var killed = map[string]string{
	"Receive": "receive", "Mark": "mark", "Claim": "claim", "Finish": "finish", "Wake": "link", "Link": "link",
	"Save": "save", "Forget": "forget",
	"SaveProjected": "save what was projected", "SaveLicense": "save a license",
	"SaveNotices": "save notices", "SaveCursor": "save a cursor",
	"RecordListed":      "sight",
	"SaveEmailDelivery": "save a mail", "ResendEmail": "request a mail", "ExpireBodies": "expire bodies",
	"ExpireEvents":  "expire events",
	"ExpireRuns":    "expire runs",
	"BeginPurchase": "begin a purchase", "EndPurchase": "begin and end a purchase", "NotifyAccess": "tell access",
	"SaveWebhookDelivery": "save a delivery",
	"Redeliver":           "redeliver", "EnableWebhookEndpoint": "enable an endpoint", "BeginDeletion": "begin a deletion",
	"ForgetDeletion":  "forget a deletion",
	"DecideDeletions": "approve deletions", "Assign": "assign", "Beat": "beat", "Leave": "leave",
	"PutIdentity":   "put an identity",
	"MergeMetadata": "merge metadata", "RemoveIdentity": "remove an identity", "NamePrices": "name prices",
	"MeetInstance":   "meet an instance",
	"AcceptInstance": "accept an instance", "OrderSuccession": "order a succession", "Succeed": "carry an account over",
	"Release":       "release a customer",
	"ChoosePrimary": "choose the primary customer", "Unlink": "unlink a customer", "BeginBackfill": "begin a backfill",
	"Stage":    "stage a page",
	"Conclude": "conclude a page", "Adopt": "adopt a page", "Unstage": "unstage", "Ping": "ping",
	"CreateAPIKey": "create an API key", "UseAPIKey": "use an API key", "RevokeAPIKey": "revoke an API key",
	"AppendAudit": "append to the audit log", "Replay": "replay an event", "Retry": "retry a key", "Drop": "drop a key",
	"CreateConsolePass": "create a pass", "TakeConsolePass": "take a pass",
	"AddStatistics": "add statistics",
}

// A new method of the store must be killed too, or be listed as one that only reads.
func TestEveryWriteOfTheStoreIsKilled(t *testing.T) {
	t.Parallel()
	methods := reflect.TypeFor[lockstep.Store]()
	for n := range methods.NumMethod() {
		name := methods.Method(n).Name
		operation, writes := killed[name]
		if writes == slices.Contains(reads, name) {
			t.Errorf("%s: list it in killed with an operation, or in reads", name)
		}
		_, many := operations[operation]
		if !many && !slices.ContainsFunc(singles, func(s singleOperation) bool { return s.name == operation }) && writes {
			t.Errorf("%s: there is no operation %q", name, operation)
		}
	}
}
