package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Store is the store as a [Verifier] uses it. It writes nothing.
type Store interface {
	reads
	eventStore
	AccountsAfter(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Account, error)
	Work(ctx context.Context, key lockstep.Key) (lockstep.Work, error)
}

// Verifier compares accounts and says why they differ.
type Verifier struct {
	Comparer *Comparer
	Store    Store
	Billing  lockstep.Billing
	// Directory lists the identities; the same as the comparer's.
	Directory lockstep.Directory
	Types     []string // the types of Stripe's events that matter
	Log       *slog.Logger
	// Ready reports why no account can be compared now, for example under another instance's key.
	Ready func(ctx context.Context) error

	events *events
}

// New returns a verifier with the given fields.
func New(v Verifier) *Verifier {
	v.events = &events{stripe: v.Billing, types: v.Types, lock: make(chan struct{}, 1)}
	return &v
}

// Accounts compares accounts in their order. It starts none later than spend after its start, except the
// first; the answer has those that it compared.
func (v *Verifier) Accounts(ctx context.Context, accounts []lockstep.Account,
	spend time.Duration) []lockstep.Comparison {
	return each(accounts, time.Now().Add(spend), func(a lockstep.Account) lockstep.Comparison { return v.Account(ctx, a) })
}

// Account compares an account. It also searches Stripe for customers that name it and are not linked.
func (v *Verifier) Account(ctx context.Context, account lockstep.Account) (found lockstep.Comparison) {
	defer v.recovered(ctx, account, &found)
	customers, err := v.unlinked(ctx, account)
	if err != nil {
		return failure(account, err)
	}
	return v.compare(ctx, account, customers...)
}

// unlinked searches Stripe for customers that name an account and have no link. Some Stripe accounts have
// no search; then only the list of all customers finds them.
func (v *Verifier) unlinked(ctx context.Context, account lockstep.Account) (ids []string, err error) {
	named, err := v.Billing.CustomersNaming(ctx, account)
	var upstream *lockstep.UpstreamError
	if errors.As(err, &upstream) && upstream.Rejected() {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("search for an account's customers: %w", err)
	}
	for _, id := range named {
		_, err := v.Store.AccountOfCustomer(ctx, id)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return nil, err
		}
		if err != nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// mostWaits bounds how often a comparison waits for its turn at a provider.
const mostWaits = 5

// compare compares an account together with customers that may be its own.
func (v *Verifier) compare(ctx context.Context, account lockstep.Account,
	customers ...string) (found lockstep.Comparison) {
	defer v.recovered(ctx, account, &found)
	if err := v.Ready(ctx); err != nil {
		return failure(account, err)
	}
	found, err := patient(ctx, func() (lockstep.Comparison, error) { return v.once(ctx, account, customers) })
	if err != nil {
		v.Log.WarnContext(ctx, "account not compared", "account", account.String(), "error", err)
		return failure(account, err)
	}
	return found
}

// recovered makes a panic a failed comparison, as the runner makes it a failed run. In a goroutine it would end
// the process.
func (v *Verifier) recovered(ctx context.Context, account lockstep.Account, found *lockstep.Comparison) {
	if p := recover(); p != nil {
		v.Log.ErrorContext(ctx, "comparison panicked", "account", account.String(), "panic", p, "stack",
			string(debug.Stack()))
		*found = failure(account, fmt.Errorf("panic: %v", p))
	}
}

// patient asks again when a provider's limit allows it, as the queue would.
func patient[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for waits := 0; ; waits++ {
		answer, err := ask()
		var delay *lockstep.DelayError
		if !errors.As(err, &delay) || waits == mostWaits || !sleep(ctx, delay.After) {
			return answer, err
		}
	}
}

// sleep waits, and reports whether the wait ended before the context.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, has := ctx.Deadline(); has && time.Until(end) <= d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (v *Verifier) once(ctx context.Context, account lockstep.Account, customers []string) (none lockstep.Comparison,
	err error) {
	before, err := v.work(ctx, account.Key())
	if err != nil {
		return none, err
	}
	found, err := v.Comparer.Compare(ctx, account, customers...)
	if err != nil {
		return none, err
	}
	after, err := v.work(ctx, account.Key())
	if err != nil {
		return none, err
	}
	if found.refused != "" {
		return lockstep.Comparison{Account: account, State: lockstep.Incomparable, Failure: found.refused}, nil
	}
	if found.stranger {
		return lockstep.Comparison{Account: account, State: lockstep.Incomparable, Failure: stranger}, nil
	}
	c := &causes{Result: found, now: time.Now(), works: []lockstep.Work{before, after},
		names: v.Comparer.Accounts.Keys.Names(),
		missed: func(ctx context.Context, about []string) (lockstep.Hint, bool, error) {
			return v.events.missing(ctx, v.Store, found, about)
		}}
	if err := c.find(ctx); err != nil {
		return none, err
	}
	return v.conclude(c.Result), nil
}

// stranger is why an account cannot be compared that nobody knows.
const stranger = "neither Lockstep nor the directory knows it"

func (v *Verifier) work(ctx context.Context, key lockstep.Key) (lockstep.Work, error) {
	w, err := v.Store.Work(ctx, key)
	if errors.Is(err, lockstep.ErrNotFound) {
		return lockstep.Work{}, nil
	}
	return w, err
}

func (v *Verifier) conclude(r Result) lockstep.Comparison {
	c := lockstep.Comparison{Account: r.account, State: lockstep.InSync, Differences: r.differences, Notes: v.notes(r)}
	if len(c.Differences) == 0 {
		return c
	}
	c.State = lockstep.CatchingUp
	for _, d := range c.Differences {
		if d.Cause != lockstep.CausePending {
			c.State = lockstep.Drifted
		}
	}
	c.Fix = fixes(r)
	return c
}

// checkoutOf matches the field of a license.
const licensePrefix = "licenses["

// fixes returns the keys whose runs remove the differences. That an account is gone is for the directory's
// list to confirm.
func fixes(r Result) []lockstep.Key {
	if r.absent && r.after.State != lockstep.AccountDeleted {
		return []lockstep.Key{{Kind: lockstep.KeySweep, ID: string(r.account.Kind) + "s"}}
	}
	var keys []lockstep.Key
	for _, id := range r.linked {
		keys = append(keys, lockstep.Key{Kind: lockstep.KeyCustomer, ID: id})
	}
	for _, d := range r.differences {
		rest, is := strings.CutPrefix(d.Field, licensePrefix)
		id, _, _ := strings.Cut(rest, "]")
		if key := (lockstep.Key{Kind: lockstep.KeyCheckout, ID: id}); is && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return append(keys, r.account.Key())
}

// notes says which customers carry another account's name. Our proven link counts first, and nobody's
// change at Stripe is overwritten.
func (v *Verifier) notes(r Result) (notes []string) {
	for _, l := range r.after.Customers() {
		named, ok := lockstep.AccountNamedIn(v.Comparer.Accounts.Owners.Readable(r.customers[l.CustomerID].Metadata))
		if l.Trust != lockstep.Proven || !ok || named == r.account {
			continue
		}
		notes = append(notes, fmt.Sprintf("customer %s names %s at Stripe, but our link to %s counts", l.CustomerID, named,
			r.account))
	}
	return notes
}

// failure is a comparison that could not be made.
func failure(account lockstep.Account, err error) lockstep.Comparison {
	return lockstep.Comparison{Account: account, State: lockstep.Incomparable, Failure: reason(err)}
}

// reason returns what may be shown of an error: the text of a provider's, and of our own verdicts.
func reason(err error) string {
	var upstream *lockstep.UpstreamError
	var delay *lockstep.DelayError
	switch {
	case errors.As(err, &upstream):
		return upstream.Error()
	case errors.As(err, &delay):
		return delay.Reason
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "it took too long"
	}
	return "internal error; see the server's log"
}
