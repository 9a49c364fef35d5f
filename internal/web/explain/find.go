package explain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// NotFoundError says that nothing is known of what someone asked about.
type NotFoundError struct{ Looked string }

func (e *NotFoundError) Error() string { return e.Looked }

// Unwrap makes the error an ErrNotFound.
func (e *NotFoundError) Unwrap() error { return lockstep.ErrNotFound }

// AskError says that an argument names nothing that can be explained.
type AskError struct{ Why string }

func (e *AskError) Error() string { return e.Why }

// Of explains what a text names: an account (user/…, or the bare id of one), a customer (cus_…), a checkout
// session (cs_…) or a payment (pi_…). Everything is found by an index. The errors are an [AskError] or a
// [NotFoundError], or a failure of the store.
func (e *Explainer) Of(ctx context.Context, text string, zone *time.Location) (Explanation, error) {
	if key, paid := paidKey(text); paid {
		return e.ofPaid(ctx, key, zone)
	}
	accounts, err := accountsNamed(text)
	if err != nil {
		return Explanation{}, err
	}
	var found []Explanation
	var names []string
	for _, account := range accounts {
		x, err := e.Account(ctx, account, zone)
		switch {
		case err == nil:
			found = append(found, x)
		case !errors.Is(err, lockstep.ErrNotFound):
			return Explanation{}, err
		}
		names = append(names, account.String())
	}
	switch len(found) {
	case 0:
		return Explanation{}, &NotFoundError{"ACCOUNT: Lockstep does not know " + list(names) +
			"; check the id at the identity provider, or explain the customer (cus_…)"}
	case 1:
		return found[0], nil
	}
	return Explanation{}, &AskError{fmt.Sprintf("ACCOUNT: both %s exist; write the kind too", list(names))}
}

// accountsNamed returns the accounts that a text may name.
func accountsNamed(text string) ([]lockstep.Account, error) {
	if strings.HasPrefix(text, "sub_") || strings.HasPrefix(text, "in_") || strings.HasPrefix(text, "ch_") {
		return nil, &AskError{"ACCOUNT: " + text + " cannot be looked up; use its customer (cus_…), which Stripe shows beside it"}
	}
	if strings.Contains(text, "/") {
		account, err := lockstep.ParseAccount(text)
		if err != nil {
			return nil, &AskError{"ACCOUNT: " + err.Error()}
		}
		return []lockstep.Account{account}, nil
	}
	if account, named := lockstep.AccountOfReference(text); named {
		return []lockstep.Account{account}, nil
	}
	if strings.Contains(text, "@") {
		return nil, &AskError{"ACCOUNT: e-mail addresses cannot be looked up; use the id of the user (user_…) or of the customer (cus_…)"}
	}
	user, err := lockstep.NewAccount(lockstep.User, text)
	if err != nil {
		return nil, &AskError{"ACCOUNT: " + err.Error()}
	}
	return []lockstep.Account{user, {Kind: lockstep.Organization, ID: text}}, nil
}

// paidKey returns the key of a customer or a payment.
func paidKey(text string) (lockstep.Key, bool) {
	if key, is := lockstep.AssignableKey(text); is {
		return key, true
	}
	return lockstep.Key{Kind: lockstep.KeyPayment, ID: text}, strings.HasPrefix(text, "pi_")
}

// ofPaid explains the account of a customer or a payment, or why it has none.
func (e *Explainer) ofPaid(ctx context.Context, key lockstep.Key, zone *time.Location) (Explanation, error) {
	account, err := e.owner(ctx, key)
	var x Explanation
	switch {
	case err == nil:
		x, err = e.Account(ctx, account, zone)
	case errors.Is(err, lockstep.ErrNotFound):
		x, err = e.unowned(ctx, key, zone)
	}
	if errors.Is(err, lockstep.ErrNotFound) {
		return x, &NotFoundError{"ACCOUNT: " + key.ID + " is not linked to an account, and Lockstep has no event about it; check that it belongs to this Stripe account and mode"}
	}
	return x, err
}

// owner returns the account of a customer or a payment, or ErrNotFound.
func (e *Explainer) owner(ctx context.Context, key lockstep.Key) (lockstep.Account, error) {
	switch key.Kind {
	case lockstep.KeyCustomer:
		return e.Store.AccountOfCustomer(ctx, key.ID)
	case lockstep.KeyCheckout:
		return e.Store.AccountOfLicense(ctx, key.ID)
	}
	license, err := e.Store.LicenseOfPayment(ctx, key.ID)
	return license.Account, err
}
