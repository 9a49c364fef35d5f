package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// newStore returns an empty store.
func newStore(t *testing.T) lockstep.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// claimDue claims the key that is due.
func claimDue(t *testing.T, store lockstep.Store, lease time.Duration) lockstep.Claim {
	t.Helper()
	for {
		claims, err := store.Claim(t.Context(), lockstep.ClaimRequest{Limit: 1, Lease: lease,
			MaxPriority: lockstep.Background})
		if err != nil {
			t.Fatal(err)
		}
		if len(claims) == 1 {
			return claims[0]
		}
		time.Sleep(time.Millisecond) // until the other lease has expired
	}
}

var full = lockstep.Record{Account: alice, State: lockstep.AccountActive, Email: "a@example.com", Name: "Alice",
	IdentityUpdatedAt: 17,
	CustomerID:        "cus_1", CustomerEmail: "a@example.com", CustomerName: "Alice", Entitlements: []string{"export"},
	EntitledBy: "sub_1",
	Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: "active",
		CreatedAt: time.Unix(1_800_000_000, 0).UTC(),
		InvoiceID: "in_1", Metadata: map[string]string{"a": "b"}, Items: []lockstep.Item{
			{ID: "si_2", PriceID: "price_2", ProductID: "prod_2", Quantity: 1, Keys: []string{"pro", "gold"}, BoughtAs: "pro",
				PeriodStart: time.Unix(1_800_000_000, 0).UTC(), PeriodEnd: time.Unix(1_802_000_000, 0).UTC()},
			{ID: "si_1", PriceID: "price_1", ProductID: "prod_1", Quantity: 1}}}}}

// A stored record equals the observed one, although Stripe returns another order, and fields that are
// not stored.
func TestARecordIsUnchangedAfterItWasStored(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	if err := store.Mark(t.Context(), lockstep.Mark{Key: alice.Key()}); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), claimDue(t, store, time.Minute), lockstep.AccountUpdate{Record: full}); err != nil {
		t.Fatal(err)
	}
	was, err := store.Account(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	now := full
	now.CreatedAt = was.CreatedAt
	if !unchanged(was, now) || !unchanged(now, was) {
		t.Errorf("changed:\n%+v\n%+v", was, now)
	}
	if now.Subscriptions[0].InvoiceID != "in_1" || now.Subscriptions[0].Items[0].ID != "si_2" {
		t.Error("the comparison changed a record")
	}
}

// Each stored field counts, but for the time of the write. So will fields that are added later.
func TestEachFieldCountsAsAChange(t *testing.T) {
	t.Parallel()
	sub := lockstep.Subscription{ID: "sub_1", Items: []lockstep.Item{{ID: "si_1"}}}
	with := func(s lockstep.Subscription) lockstep.Record {
		return lockstep.Record{Subscriptions: []lockstep.Subscription{s}}
	}
	unkept := map[string]bool{"UpdatedAt": true, "InvoiceID": true, "InvoiceDue": true, "InvoiceURL": true,
		"LatestInvoice": true, "ScheduleID": true, "Metadata": true}
	fields := 0
	each := func(of any, change func(field func(reflect.Value)) lockstep.Record) {
		for i := range reflect.TypeOf(of).NumField() {
			name := reflect.TypeOf(of).Field(i).Name
			now := change(func(v reflect.Value) { v.Field(i).Set(another(v.Field(i))) })
			if fields++; unchanged(with(sub), now) != unkept[name] {
				t.Errorf("%T.%s counts: %v", of, name, unkept[name])
			}
		}
	}
	each(lockstep.Record{}, func(field func(reflect.Value)) lockstep.Record {
		r := with(sub)
		field(reflect.ValueOf(&r).Elem())
		return r
	})
	each(sub, func(field func(reflect.Value)) lockstep.Record {
		s := sub
		field(reflect.ValueOf(&s).Elem())
		return with(s)
	})
	each(sub.Items[0], func(field func(reflect.Value)) lockstep.Record {
		s, item := sub, sub.Items[0]
		field(reflect.ValueOf(&item).Elem())
		s.Items = []lockstep.Item{item}
		return with(s)
	})
	if fields < 40 {
		t.Errorf("only %d fields were checked", fields)
	}
}

// another returns a different value of the same type.
func another(v reflect.Value) reflect.Value {
	n := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		n.SetString(v.String() + "x")
	case reflect.Bool:
		n.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		n.SetInt(v.Int() + 1)
	case reflect.Slice:
		n.Set(reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1))
	case reflect.Map:
		n.Set(reflect.MakeMap(v.Type()))
		n.SetMapIndex(reflect.ValueOf("x"), reflect.New(v.Type().Elem()).Elem())
	case reflect.Pointer:
		n.Set(reflect.New(v.Type().Elem()))
	default:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return reflect.ValueOf(time.Unix(1, 0))
		}
		n.Field(0).Set(another(n.Field(0)))
	}
	return n
}

// forgetful is a directory that knows every account but has lost its metadata.
type forgetful struct {
	lockstep.Directory
	metadata, limits int // how often they were written
}

func (*forgetful) Identity(_ context.Context, account lockstep.Account) (lockstep.Identity, error) {
	return lockstep.Identity{Account: account, Email: full.Email, Name: full.Name, UpdatedAt: full.IdentityUpdatedAt}, nil
}

func (f *forgetful) MergeMetadata(context.Context, lockstep.Account, map[string]any) error {
	f.metadata++
	return nil
}

func (f *forgetful) LimitMembers(context.Context, lockstep.Account, int64) error {
	f.limits++
	return nil
}

// A run that was paused past its lease has nothing to save, but finds that the directory differs. It
// must not write its outdated values there.
func TestARunWithoutItsLeaseWritesNothing(t *testing.T) {
	t.Parallel()
	engines := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	for name, c := range map[string]struct {
		account lockstep.Account
		scope   lockstep.Scope
		limit   int64     // that the record has afterwards
		writes  forgetful // of a retry, which reads the directory whatever the scope
	}{
		"metadata":         {account: alice, scope: lockstep.ScopeIdentity, writes: forgetful{metadata: 1}},
		"limit of members": {account: engines, limit: 7, writes: forgetful{metadata: 1, limits: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, directory := newStore(t), &forgetful{}
			accounts := &Accounts{Store: store, Providers: Providers{Directory: directory, Limiter: directory},
				Policies: Policies{Seats: lockstep.SeatPolicy{LimitMembers: true}},
				Catalog:  lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", Prices: []string{"price_1"}}}},
				Keys:     lockstep.DefaultProjectionKeys, Log: slog.New(slog.DiscardHandler)}
			claim := func(scope lockstep.Scope, lease time.Duration) lockstep.Claim {
				if err := store.Mark(t.Context(), lockstep.Mark{Key: c.account.Key(), Scope: scope}); err != nil {
					t.Fatal(err)
				}
				return claimDue(t, store, lease)
			}
			inStep := claim(0, time.Minute)
			record := full
			record.Account = c.account
			if err := store.Save(t.Context(), inStep, lockstep.AccountUpdate{Record: record}); err != nil {
				t.Fatal(err)
			}
			if _, err := accounts.Reconcile(t.Context(), inStep); err != nil {
				t.Fatal(err)
			}
			record, err := store.Account(t.Context(), c.account)
			if err != nil {
				t.Fatal(err)
			}
			if c.limit > 0 {
				record.MemberLimit = c.limit
			}
			if err := store.Save(t.Context(), inStep, lockstep.AccountUpdate{Record: record}); err != nil {
				t.Fatal(err)
			}
			if err := store.Finish(t.Context(), inStep, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
				t.Fatal(err)
			}
			*directory = forgetful{}
			first := claim(c.scope, 2*time.Millisecond)
			second := claimDue(t, store, time.Minute)
			if _, err := accounts.Reconcile(t.Context(), first); !errors.Is(err, lockstep.ErrLeaseLost) ||
				*directory != (forgetful{}) {
				t.Errorf("without the lease, the run wrote %+v, %v", *directory, err)
			}
			if _, err := accounts.Reconcile(t.Context(), second); err != nil || *directory != c.writes {
				t.Errorf("with the lease, the run wrote %+v, %v", *directory, err)
			}
		})
	}
}

// A new account is stored even if only its id is known.
func TestANewAccountIsStored(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	if err := store.Mark(t.Context(), lockstep.Mark{Key: alice.Key()}); err != nil {
		t.Fatal(err)
	}
	d := newDraft(task{claim: claimDue(t, store, time.Minute), account: alice}, lockstep.Record{}, false)
	if err := (drafts{store: store}).commit(t.Context(), d, decided{record: d.now, at: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Account(t.Context(), alice); err != nil {
		t.Error(err)
	}
}
