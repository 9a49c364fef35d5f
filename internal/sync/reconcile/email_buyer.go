package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// A purchase is confirmed to the account's address, and to the address that the buyer typed at
// checkout if it is another one. The two e-mails are two keys, each with its own state.
// Lockstep reads the typed address from Stripe when it sends, and does not store it.

// addressed is who gets an e-mail.
type addressed struct {
	address, name string
	organization  string // the organization's name, if the notice is about one
}

// recipientOf returns the recipient of a key's e-mail.
func recipientOf(key lockstep.Key) lockstep.Recipient {
	if key.Kind == lockstep.KeyBuyerEmail {
		return lockstep.ToBuyer
	}
	return lockstep.ToAccount
}

// noticeTo returns the notice with an ID of the recipient's own. Two e-mails need two
// Message-IDs: if both addresses lead to one mailbox, it would drop one of them.
func noticeTo(n lockstep.Notice, to lockstep.Recipient) lockstep.Notice {
	if to != lockstep.ToAccount {
		n.ID += "/" + string(to)
	}
	return n
}

// requestOf returns the query with which an operator sends a recipient's e-mail again.
func requestOf(to lockstep.Recipient) string {
	if to == lockstep.ToAccount {
		return ""
	}
	return "?to=" + string(to)
}

// subject returns the record of the account that a notice is about, or why nobody gets an
// e-mail.
func (m *Emails) subject(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (record lockstep.Record, why string, err error) {
	if m.mailer == nil {
		return record, "no mail server is configured", nil
	}
	if n.Facts.At != nil && n.CreatedAt.Sub(*n.Facts.At) > mailHistory && !mail.Requested {
		return record, "it is more than four days old", nil
	}
	record, err = m.store.Account(ctx, n.Account)
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return record, "the account is unknown", nil
	case err == nil && record.State == lockstep.AccountDeleted:
		return record, "the account is deleted", nil
	}
	return record, "", err
}

// addressee returns who gets the account's e-mail, or why nobody does.
func (m *Emails) addressee(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (to addressed, why string, err error) {
	record, why, err := m.subject(ctx, n, mail)
	if err != nil || why != "" {
		return addressed{}, why, err
	}
	if n.Account.Kind == lockstep.Organization {
		to.organization = record.Name
	} else {
		to.name = record.Name
	}
	if record.Email != "" {
		to.address = record.Email
		return to, "", nil
	}
	member, left, err := m.member(ctx, n)
	if member.address != "" || err != nil {
		to.address, to.name = member.address, member.name
		return to, "", err
	}
	to.address, why, err = m.customerAddress(ctx, record, left)
	return to, why, err
}

// customerAddress returns the address of the account's customer at Stripe, unless it is the
// address of the buyer who left the organization.
func (m *Emails) customerAddress(ctx context.Context, record lockstep.Record,
	left string) (address, why string, err error) {
	if !record.Live() {
		return "", "the account has no e-mail address", nil
	}
	customer, err := m.billing.Customer(ctx, record.CustomerID)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return "", "", fmt.Errorf("look for the customer's address: %w", err)
	}
	if customer.Deleted || customer.Email == "" { // also when Stripe does not know it
		return "", "neither the account nor its customer has an e-mail address", nil
	}
	if left != "" && strings.EqualFold(customer.Email, left) {
		return "", "the buyer has left the organization, and no admin has an e-mail address", nil
	}
	return customer.Email, "", nil
}

// buyer returns the address that the buyer typed at checkout, or why nothing is sent there.
// It returns no names: anyone with a payment link can pay for another person's account, and must not
// learn the owner's name.
func (m *Emails) buyer(ctx context.Context, n lockstep.Notice,
	mail lockstep.EmailDelivery) (to addressed, why string, err error) {
	if _, why, err = m.subject(ctx, n, mail); err != nil || why != "" {
		return addressed{}, why, err
	}
	typed, err := m.billing.BuyerEmail(ctx, n.Object)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return addressed{}, "", fmt.Errorf("look for the buyer's address: %w", err)
	}
	if typed == "" { // also when Stripe does not know the checkout
		return addressed{}, "the buyer typed no address at checkout", nil
	}
	own, _, err := m.addressee(ctx, n, mail)
	switch {
	case err != nil:
		return addressed{}, "", err
	case strings.EqualFold(strings.TrimSpace(own.address), strings.TrimSpace(typed)):
		return addressed{}, "the buyer typed the account's own address", nil
	}
	return addressed{address: typed}, "", nil
}
