package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// A purchase is confirmed to the account's address, and to the one that the buyer typed at
// checkout if it is another. The two letters are two keys with a state each. The typed
// address is read from Stripe when its letter is sent, and kept nowhere.

// recipientOf says whom a key's letter is for.
func recipientOf(key lockstep.Key) lockstep.Recipient {
	if key.Kind == lockstep.KeyBuyerEmail {
		return lockstep.ToBuyer
	}
	return lockstep.ToAccount
}

// letterOf is the notice as a recipient's letter is made of it. Two letters need two
// Message-IDs: where both addresses lead to one mailbox, it would drop one of them.
func letterOf(n lockstep.Notice, to lockstep.Recipient) lockstep.Notice {
	if to != lockstep.ToAccount {
		n.ID += "/" + string(to)
	}
	return n
}

// requestOf is the query with which an operator has a recipient's letter sent once more.
func requestOf(to lockstep.Recipient) string {
	if to == lockstep.ToAccount {
		return ""
	}
	return "?to=" + string(to)
}

// told returns the record of the account that a notice is about, or why no one is told.
func (m *Emails) told(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (record lockstep.Record, why string, err error) {
	if m.mailer == nil {
		return record, "no mail server is configured", nil
	}
	if n.Facts.At != nil && n.CreatedAt.Sub(*n.Facts.At) > mailHistory && !mail.Requested {
		return record, "it is older than what is told by itself", nil
	}
	record, err = m.store.Account(ctx, n.Account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return record, "the account is not known", nil
	case err == nil && record.State == lockstep.AccountDeleted:
		return record, "the account is deleted", nil
	}
	return record, "", err
}

// buyer returns the address that the buyer typed at checkout, or why nothing is sent there.
// There is no name: whoever has a payment link can pay for another's account, whose name is
// not theirs to know.
func (m *Emails) buyer(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (email, name, why string, err error) {
	if _, why, err = m.told(ctx, n, mail); err != nil || why != "" {
		return "", "", why, err
	}
	typed, err := m.billing.BuyerEmail(ctx, n.Object)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", "", "", fmt.Errorf("look for the buyer's address: %w", err)
	}
	if typed == "" { // also when Stripe does not know the checkout
		return "", "", "the buyer typed no address at checkout", nil
	}
	own, _, _, err := m.addressee(ctx, n, mail)
	switch {
	case err != nil:
		return "", "", "", err
	case strings.EqualFold(strings.TrimSpace(own), strings.TrimSpace(typed)):
		return "", "", "the buyer typed the account's own address", nil
	}
	return typed, "", "", nil
}
