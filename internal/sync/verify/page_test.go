package verify

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// A verification that stops anywhere continues there.
func TestPositions(t *testing.T) {
	t.Parallel()
	for text, valid := range map[string]bool{"": true, "accounts:0:": true, "accounts:0:user/user_1": true,
		"users:17:a:b": true, "customers:3:cus_1": true, "accounts": false, "accounts:x:": false, "accounts:-1:": false,
		"invoices:0:": false} {
		at, err := parsePosition(text)
		if valid != (err == nil) || err != nil && !errors.Is(err, ErrPosition) {
			t.Errorf("%q: %v", text, err)
		}
		if text != "" && valid && at.String() != text {
			t.Errorf("%q became %q", text, at)
		}
	}
	for _, c := range []struct {
		at      position
		n, size int
		next    string
		want    string
	}{
		{position{phaseUsers, "a", 0}, 3, 10, "b", "users:3:a"},
		{position{phaseUsers, "a", 3}, 7, 10, "b", "users:0:b"},
		{position{phaseUsers, "a", 3}, 7, 10, "", "organizations:0:"},
		{position{phaseUsers, "a", 0}, 0, 0, "", "organizations:0:"},
		{position{phaseCustomers, "", 0}, 10, 10, "", ""},
	} {
		if got := c.at.following(c.n, c.size, c.next); got != c.want {
			t.Errorf("%d of %d after %s: %q, want %q", c.n, c.size, c.at, got, c.want)
		}
	}
}

// A comparison waits for its turn at a provider, if its request lasts that long.
func TestAComparisonWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			limit time.Duration
			tries int
			ok    bool
		}{{time.Minute, 3, true}, {time.Minute, mostWaits + 2, false}, {time.Second, 3, false}} {
			ctx, cancel := context.WithTimeout(t.Context(), c.limit)
			tries := 0
			_, err := patient(ctx, func() (int, error) {
				if tries++; tries < c.tries {
					return 0, &lockstep.DelayError{Reason: "later", After: 2 * time.Second}
				}
				return tries, nil
			})
			cancel()
			if (err == nil) != c.ok {
				t.Errorf("%+v: %d tries, %v", c, tries, err)
			}
		}
	})
}

// stored is a store with one account.
type stored struct {
	reads
	record lockstep.Record
}

func (s stored) Account(context.Context, lockstep.Account) (lockstep.Record, error) {
	return s.record, nil
}

func (s stored) LinkOf(_ context.Context, id string) (lockstep.Link, error) {
	if id == s.record.CustomerID {
		return lockstep.Link{CustomerID: id, Account: s.record.Account, Trust: lockstep.Proven, Primary: true}, nil
	}
	return lockstep.Link{}, lockstep.ErrNotFound
}

// The overlay behaves as the store does: a link is seen by later reads, a customer stays with its account, and a
// comparison does not wait for the pace of writes that it does not make.
func TestTheOverlayBehavesAsAStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	o := newOverlay(stored{record: lockstep.Record{Account: alice, CustomerID: "cus_1",
		PacedUntil: time.Now().Add(time.Hour), Licenses: []lockstep.License{{ID: "cs_1"}}}})
	record, err := o.Account(ctx, alice)
	if err != nil || !record.PacedUntil.IsZero() {
		t.Errorf("the record is paced until %v, %v", record.PacedUntil, err)
	}
	record.Licenses, record.Email = nil, "a@example.com"
	if err := o.Save(ctx, lockstep.Claim{}, lockstep.AccountUpdate{Record: record}); err != nil {
		t.Fatal(err)
	}
	for _, customer := range []string{"cus_2", "cus_2", "cus_1"} {
		if err := o.Link(ctx, lockstep.Claim{}, lockstep.Identity{Account: alice}, customer, lockstep.Proven); err != nil {
			t.Fatal(err)
		}
	}
	bob := lockstep.Account{Kind: lockstep.User, ID: "user_bob"}
	if err := o.Link(ctx, lockstep.Claim{}, lockstep.Identity{Account: bob}, "cus_2", lockstep.Proven); !errors.Is(err,
		lockstep.ErrLinked) {
		t.Errorf("linking another account's customer: %v", err)
	}
	now, err := o.Account(ctx, alice)
	if err != nil || len(now.Licenses) != 1 || now.Email != "a@example.com" || now.CustomerID != "cus_1" ||
		len(now.Further) != 1 {
		t.Errorf("the record is %+v, %v", now, err)
	}
	owner, err := o.AccountOfCustomer(ctx, "cus_2")
	if err != nil || owner != alice {
		t.Errorf("cus_2 belongs to %v, %v", owner, err)
	}
	if err := o.Release(ctx, lockstep.Claim{Key: alice.Key()}, "cus_2"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.AccountOfCustomer(ctx, "cus_2"); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("after its release, cus_2: %v", err)
	}
}

// A record that no code expects must not end the process: comparisons run in goroutines of their own.
func TestAPanicIsAFailedComparison(t *testing.T) {
	t.Parallel()
	v := New(Verifier{Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { panic("poison") }})
	compare := map[string]func(lockstep.Account) lockstep.Comparison{
		"of a page":   func(a lockstep.Account) lockstep.Comparison { return v.compare(t.Context(), a) },
		"of a search": func(a lockstep.Account) lockstep.Comparison { return v.Account(t.Context(), a) }, // Stripe is nil
	}
	for name, do := range compare {
		found := each([]lockstep.Account{alice}, time.Now().Add(time.Minute), do)
		if len(found) != 1 || found[0].State != lockstep.Incomparable || found[0].Account != alice ||
			strings.Contains(found[0].Failure, "poison") {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
