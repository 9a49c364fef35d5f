package verify

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
)

// reads is what a dry run reads from the store.
type reads interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error)
	AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error)
	AssignmentOf(ctx context.Context, key lockstep.Key) (lockstep.Account, error)
	FormerByEmail(ctx context.Context, kind lockstep.Kind, email string) ([]lockstep.Account, error)
	LicenseOfPayment(ctx context.Context, paymentID string) (lockstep.License, error)
	LinkOf(ctx context.Context, customerID string) (lockstep.Link, error)
	OrderedPredecessors(ctx context.Context, to lockstep.Account) ([]lockstep.Account, error)
	Successor(ctx context.Context, former lockstep.Account) (lockstep.Account, error)
	WaitingFor(ctx context.Context, key lockstep.Key) ([]lockstep.Key, error)
}

// overlay is the store of a dry run. What the run writes is in memory, and only the run reads it.
type overlay struct {
	reads
	records map[lockstep.Account]lockstep.Record // as the run has written them
	free    map[string]bool                      // customers that the run unlinked
	marks   []lockstep.Mark
	notes   []lockstep.Difference // what else the run would do
}

var (
	_ reconcile.AccountStore  = (*overlay)(nil)
	_ reconcile.PaymentStore  = (*overlay)(nil)
	_ reconcile.UnlinkedStore = (*overlay)(nil)
)

func newOverlay(store reads) *overlay {
	return &overlay{reads: store, records: map[lockstep.Account]lockstep.Record{}, free: map[string]bool{}}
}

// errStopped ends a dry run where a real run continues with something that cannot be shown.
var errStopped = errors.New("the comparison ends here")

// Account returns the record as the run has left it. Writes of metadata need not wait for their turn.
func (o *overlay) Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	if r, written := o.records[account]; written {
		return r, nil
	}
	r, err := o.reads.Account(ctx, account)
	r.PacedUntil = time.Time{}
	return r, err
}

// LinkOf returns the link of a customer.
func (o *overlay) LinkOf(ctx context.Context, customerID string) (lockstep.Link, error) {
	if customerID == "" {
		return lockstep.Link{}, lockstep.ErrNotFound
	}
	for _, r := range o.records {
		if r.CustomerID == customerID {
			return lockstep.Link{CustomerID: customerID, Account: r.Account, Trust: lockstep.Proven, Primary: true,
				Deleted: r.CustomerDeleted}, nil
		}
		for _, l := range r.Further {
			if l.CustomerID == customerID {
				l.Account = r.Account
				return l, nil
			}
		}
	}
	if o.free[customerID] {
		return lockstep.Link{}, lockstep.ErrNotFound
	}
	return o.reads.LinkOf(ctx, customerID)
}

// AccountOfCustomer returns the account of a customer.
func (o *overlay) AccountOfCustomer(ctx context.Context, customerID string) (lockstep.Account, error) {
	link, err := o.LinkOf(ctx, customerID)
	return link.Account, err
}

// AccountOfLicense returns the account of a checkout session's license.
func (o *overlay) AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error) {
	for _, r := range o.records {
		if license(r, checkoutID) >= 0 {
			return r.Account, nil
		}
	}
	return o.reads.AccountOfLicense(ctx, checkoutID)
}

// license returns the index of a license, or -1.
func license(r lockstep.Record, id string) int {
	return slices.IndexFunc(r.Licenses, func(l lockstep.License) bool { return l.ID == id })
}

// Mark notes marks. The comparison runs some of them.
func (o *overlay) Mark(_ context.Context, marks ...lockstep.Mark) error {
	o.marks = append(o.marks, marks...)
	return nil
}

// Save keeps a record, but for its licenses and sponsorships, which Save does not write.
func (o *overlay) Save(ctx context.Context, _ lockstep.Claim, update lockstep.AccountUpdate) error {
	was, err := o.Account(ctx, update.Record.Account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return err
	}
	r := update.Record
	if owner, err := o.AccountOfCustomer(ctx, r.CustomerID); err == nil && owner != r.Account {
		return lockstep.ErrLinked
	}
	r.Licenses, r.PaysFor, r.Projected, r.PacedUntil = was.Licenses, was.PaysFor, was.Projected, time.Time{}
	o.records[r.Account] = r
	o.marks = append(o.marks, update.Marks...)
	return nil
}

// SaveProjected keeps what the metadata would hold.
func (o *overlay) SaveProjected(ctx context.Context, _ lockstep.Claim, account lockstep.Account,
	projected map[string]any) error {
	r, err := o.Account(ctx, account)
	if err != nil {
		return err
	}
	r.Projected = maps.Clone(projected)
	o.records[account] = r
	return nil
}

// SaveLicense keeps a license.
func (o *overlay) SaveLicense(ctx context.Context, _ lockstep.Claim, l lockstep.License, _ []lockstep.Notice) error {
	r, err := o.Account(ctx, l.Account)
	if err != nil {
		return err
	}
	r.Licenses = slices.Clone(r.Licenses)
	if at := license(r, l.ID); at >= 0 {
		r.Licenses[at] = l
	} else {
		r.Licenses = append(r.Licenses, l)
	}
	o.records[l.Account] = r
	return nil
}

// Link links a customer as the store does.
func (o *overlay) Link(ctx context.Context, _ lockstep.Claim, identity lockstep.Identity, customerID string,
	trust lockstep.Trust) error {
	account := identity.Account
	r, err := o.Account(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		r, err = lockstep.Record{Account: account, State: lockstep.AccountActive}, nil
	}
	if err != nil {
		return err
	}
	link, err := o.LinkOf(ctx, customerID)
	switch {
	case err == nil && link.Account != account:
		return lockstep.ErrLinked
	case err == nil && !link.Primary && trust == lockstep.Proven:
		r.Further = slices.Clone(r.Further)
		at := slices.IndexFunc(r.Further, func(l lockstep.Link) bool { return l.CustomerID == customerID })
		r.Further[at].Trust = lockstep.Proven
	case err == nil:
	case trust == lockstep.Proven && !r.Live():
		if r.CustomerID != "" {
			r.Further = append(slices.Clone(r.Further), lockstep.Link{CustomerID: r.CustomerID, Account: account,
				Trust: lockstep.Proven, Deleted: true})
		}
		r.CustomerID, r.CustomerDeleted, r.CustomerEmail, r.CustomerName = customerID, false, "", ""
	default:
		r.Further = append(slices.Clone(r.Further), lockstep.Link{CustomerID: customerID, Account: account, Trust: trust})
	}
	o.records[account] = r
	o.marks = append(o.marks, lockstep.Mark{Key: account.Key(), Scope: lockstep.ScopeAll})
	return nil
}

// Release unlinks a customer.
func (o *overlay) Release(ctx context.Context, claim lockstep.Claim, customerID string) error {
	account, _ := claim.Key.Account()
	r, err := o.Account(ctx, account)
	if err != nil {
		return err
	}
	if r.CustomerID == customerID {
		r.CustomerID, r.CustomerDeleted = "", false
	}
	r.Further = slices.DeleteFunc(slices.Clone(r.Further),
		func(l lockstep.Link) bool { return l.CustomerID == customerID })
	r.Subscriptions = slices.DeleteFunc(slices.Clone(r.Subscriptions),
		func(s lockstep.Subscription) bool { return s.CustomerID == customerID })
	o.records[account], o.free[customerID] = r, true
	o.marks = append(o.marks, lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: customerID}})
	return nil
}

// Succeed notes that the account takes over a former one, and ends the run.
func (o *overlay) Succeed(_ context.Context, _ lockstep.Claim, s lockstep.Succession) error {
	o.notes = append(o.notes, lockstep.Difference{Where: lockstep.DriftDatabase, Field: "former_account",
		Ours: s.From.String(), Expected: s.To.String()})
	return errStopped
}

// BeginDeletion notes that the account is deleted, and ends the run: what a deletion ends depends on the
// brake and the policies.
func (o *overlay) BeginDeletion(ctx context.Context, _ lockstep.Claim, account lockstep.Account,
	_ lockstep.Brake) (lockstep.DeletionState, bool, error) {
	r, err := o.Account(ctx, account)
	if err != nil {
		return "", false, err
	}
	o.notes = append(o.notes, lockstep.Difference{Where: lockstep.DriftDatabase, Field: "state",
		Ours: string(cmp.Or(r.State, lockstep.AccountActive)), Expected: string(lockstep.AccountDeleted)})
	return "", false, errStopped
}

// ForgetDeletion changes nothing that a comparison shows.
func (o *overlay) ForgetDeletion(context.Context, lockstep.Claim, lockstep.Account) error { return nil }

// Forget erases nothing.
func (o *overlay) Forget(context.Context, lockstep.Account) (int64, error) { return 0, nil }

// NotifyAccess sends nothing.
func (o *overlay) NotifyAccess(context.Context, lockstep.Claim, lockstep.Account, string, []lockstep.Key) error {
	return nil
}

// SaveNotices stores nothing: a notice follows from what differs.
func (o *overlay) SaveNotices(context.Context, lockstep.Claim, lockstep.Account, []lockstep.Notice) error {
	return nil
}
