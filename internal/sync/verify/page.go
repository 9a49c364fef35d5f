package verify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Page is a part of a verification of all accounts.
type Page struct {
	Comparisons []lockstep.Comparison
	Phase       string // what the page went through
	Looked      int    // how many of it
	Failure     string // why the phase's list could not be read, which ends the phase; safe to show
	Next        string // the position of the next page; empty at the end
}

// The phases of a verification, in order. The first goes through the accounts that we know, the others
// look for what we do not know.
const (
	phaseAccounts      = "accounts"
	phaseUsers         = "users"
	phaseOrganizations = "organizations"
	phaseCustomers     = "customers"
)

var phases = []string{phaseAccounts, phaseUsers, phaseOrganizations, phaseCustomers}

// atOnce is how many accounts are compared at the same time. The rate limits are the bound; a few at once
// hide the time of the network.
const atOnce = 4

// ErrPosition says that a position is not one of this version.
var ErrPosition = errors.New("it is not the position of a verification")

// position is where a verification stands: in a phase, after some objects of a list.
type position struct {
	phase string
	list  string // the cursor of the list's page
	skip  int    // how many objects of that page are done
}

// String returns the form that the caller keeps.
func (p position) String() string { return p.phase + ":" + strconv.Itoa(p.skip) + ":" + p.list }

func parsePosition(text string) (position, error) {
	if text == "" {
		return position{phase: phases[0]}, nil
	}
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 {
		return position{}, ErrPosition
	}
	skip, err := strconv.Atoi(parts[1])
	for _, phase := range phases {
		if err == nil && skip >= 0 && phase == parts[0] {
			return position{phase, parts[2], skip}, nil
		}
	}
	return position{}, ErrPosition
}

// following returns the position after n objects of a page of size objects, and the next phase at the end.
func (p position) following(n, size int, next string) string {
	switch {
	case size > 0 && p.skip+n < size:
		p.skip += n
		return p.String()
	case next != "":
		return position{phase: p.phase, list: next}.String()
	}
	for i, phase := range phases[:len(phases)-1] {
		if phase == p.phase {
			return position{phase: phases[i+1]}.String()
		}
	}
	return ""
}

// PageRequest selects a page.
type PageRequest struct {
	At    string        // the position; empty: the start
	Limit int           // the most accounts to compare
	Spend time.Duration // no comparison starts later than this
}

// Page does a part of the verification of all accounts, and leaves out the identities and customers in
// which nothing differs. ErrPosition if the position is not one of this version. Other errors are the
// store's.
func (v *Verifier) Page(ctx context.Context, request PageRequest) (Page, error) {
	at, err := parsePosition(request.At)
	if err != nil {
		return Page{}, err
	}
	until := time.Now().Add(request.Spend)
	switch at.phase {
	case phaseAccounts:
		return v.accounts(ctx, at, request.Limit, until)
	case phaseCustomers:
		return v.customers(ctx, at, request.Limit, until)
	}
	return v.identities(ctx, at, request.Limit, until)
}

// accounts compares the next of our accounts.
func (v *Verifier) accounts(ctx context.Context, at position, limit int, until time.Time) (Page, error) {
	var after lockstep.Account
	if at.list != "" {
		var err error
		if after, err = lockstep.ParseAccount(at.list); err != nil {
			return Page{}, ErrPosition
		}
	}
	accounts, err := v.Store.AccountsAfter(ctx, after, limit)
	if err != nil {
		return Page{}, fmt.Errorf("list accounts: %w", err)
	}
	page := Page{Phase: at.phase, Comparisons: each(accounts, until, func(a lockstep.Account) lockstep.Comparison {
		return v.compare(ctx, a)
	})}
	page.Looked = len(page.Comparisons)
	page.Next = at.following(0, 0, "")
	if n := page.Looked; n > 0 && (n < len(accounts) || n == limit) {
		page.Next = position{phase: at.phase, list: accounts[n-1].String()}.String()
	}
	return page, nil
}

// identities compares the identities of the directory that we do not know.
func (v *Verifier) identities(ctx context.Context, at position, limit int, until time.Time) (Page, error) {
	kind := lockstep.User
	if at.phase == phaseOrganizations {
		kind = lockstep.Organization
	}
	list, err := patient(ctx, func() (listed[lockstep.Identity], error) {
		all, next, err := v.Directory.Identities(ctx, kind, at.list)
		return listed[lockstep.Identity]{all, next}, err
	})
	if errors.Is(err, lockstep.ErrNotFound) && at.list != "" { // the identity that the page starts after is gone
		return v.identities(ctx, position{phase: at.phase}, limit, until)
	}
	if err != nil {
		return v.unread(ctx, at, err), nil
	}
	unknown := func(ctx context.Context, i lockstep.Identity) (*lockstep.Account, []string, error) {
		_, err := v.Store.Account(ctx, i.Account)
		if errors.Is(err, lockstep.ErrNotFound) {
			return &i.Account, nil, nil
		}
		return nil, nil, err
	}
	return search(ctx, v, found[lockstep.Identity]{list, at, limit, until}, unknown)
}

// customers compares the accounts that a customer of Stripe's names although it has no link.
func (v *Verifier) customers(ctx context.Context, at position, limit int, until time.Time) (Page, error) {
	list, err := patient(ctx, func() (listed[lockstep.Customer], error) {
		all, next, err := v.Billing.CustomersPage(ctx, at.list)
		return listed[lockstep.Customer]{all, next}, err
	})
	if errors.Is(err, lockstep.ErrNotFound) && at.list != "" {
		return v.customers(ctx, position{phase: at.phase}, limit, until)
	}
	if err != nil {
		return v.unread(ctx, at, err), nil
	}
	unlinked := func(ctx context.Context, c lockstep.Customer) (*lockstep.Account, []string, error) {
		named, ok := lockstep.AccountNamedIn(v.Comparer.Accounts.Owners.Readable(c.Metadata))
		if !ok || c.Deleted {
			return nil, nil, nil
		}
		_, err := v.Store.AccountOfCustomer(ctx, c.ID)
		if errors.Is(err, lockstep.ErrNotFound) {
			return &named, []string{c.ID}, nil
		}
		return nil, nil, err
	}
	return search(ctx, v, found[lockstep.Customer]{list, at, limit, until}, unlinked)
}

// unread ends a phase whose list cannot be read. The others still run.
func (v *Verifier) unread(ctx context.Context, at position, err error) Page {
	v.Log.WarnContext(ctx, "list not read", "list", at.phase, "error", err)
	return Page{Phase: at.phase, Failure: reason(err), Next: at.following(0, 0, "")}
}

// listed is a page of a provider's list.
type listed[T any] struct {
	all  []T
	next string
}

// found is a page of a list, and how much of it to look at.
type found[T any] struct {
	listed[T]
	at    position
	limit int
	until time.Time
}

// search compares the accounts that of names for objects of a list. It leaves out those in sync.
func search[T any](ctx context.Context, v *Verifier, list found[T],
	of func(context.Context, T) (*lockstep.Account, []string, error)) (Page, error) {
	page := Page{Phase: list.at.phase}
	rest := list.all[min(list.at.skip, len(list.all)):]
	compared := 0
	for _, object := range rest {
		if page.Looked > 0 && (compared == list.limit || time.Now().After(list.until)) {
			break
		}
		account, customers, err := of(ctx, object)
		if err != nil {
			return Page{}, err
		}
		if page.Looked++; account == nil {
			continue
		}
		compared++
		if c := v.compare(ctx, *account, customers...); c.State != lockstep.InSync && c.Failure != stranger {
			page.Comparisons = append(page.Comparisons, c)
		}
	}
	page.Next = list.at.following(page.Looked, len(list.all), list.next)
	return page, nil
}

// each compares accounts, a few at once, in their order. It starts none after until, except the first.
func each(accounts []lockstep.Account, until time.Time,
	compare func(lockstep.Account) lockstep.Comparison) []lockstep.Comparison {
	all := make([]lockstep.Comparison, len(accounts))
	started := 0
	var running sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i, account := range accounts {
		free <- struct{}{}
		if i > 0 && time.Now().After(until) {
			break
		}
		started++
		running.Go(func() {
			all[i] = compare(account)
			<-free
		})
	}
	running.Wait()
	return all[:started]
}
