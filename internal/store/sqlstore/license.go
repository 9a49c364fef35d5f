package sqlstore

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
)

const (
	selectLicenses Statement = `
select id, account_kind, account_id, payment_id, amount, currency, status, refunded_amount, paid_at, created_at,
	plan_named
from licenses where account_kind = $1 and account_id = $2
order by created_at, id`

	selectLicenseItems Statement = `
select license_id, id, price_id, lookup_key, product_id, product_plan, quantity, period_start, period_end,
	lookup_keys, bought_as, sibling_keys
from license_items
where license_id in (select id from licenses where account_kind = $1 and account_id = $2)
order by license_id, id`

	selectLicenseOfPayment Statement = `
select id, account_kind, account_id, payment_id, amount, currency, status, refunded_amount, paid_at, created_at,
	plan_named
from licenses where payment_id = $1 and payment_id <> ''
order by created_at, id limit 1`

	selectItemsOfLicense Statement = `
select license_id, id, price_id, lookup_key, product_id, product_plan, quantity, period_start, period_end,
	lookup_keys, bought_as, sibling_keys
from license_items where license_id = $1
order by id`

	// upsertLicense changes nothing if the license belongs to another account.
	upsertLicense Statement = `
insert into licenses (id, account_kind, account_id, payment_id, amount, currency, status,
	refunded_amount, paid_at, created_at, plan_named)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (id) do update set
	payment_id = excluded.payment_id, amount = excluded.amount, currency = excluded.currency,
	status = excluded.status, refunded_amount = excluded.refunded_amount, paid_at = excluded.paid_at,
	created_at = excluded.created_at, plan_named = excluded.plan_named
where licenses.account_kind = excluded.account_kind and licenses.account_id = excluded.account_id`

	deleteLicenseItems Statement = `delete from license_items where license_id = $1`
	insertLicenseItem  Statement = `
insert into license_items (license_id, id, price_id, lookup_key, product_id, product_plan, quantity,
	period_start, period_end, lookup_keys, bought_as, sibling_keys)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
)

// SaveLicense implements [lockstep.Accounts]. It returns ErrNotFound if there is no such account,
// and ErrLinked if the license belongs to another account.
func (s *Store) SaveLicense(ctx context.Context, claim lockstep.Claim, l lockstep.License,
	notices []lockstep.Notice) error {
	err := s.fencedAccount(ctx, claim, l.Account, func(t *tx, _ lockstep.Record, err error) error {
		if err != nil {
			return fmt.Errorf("account %s: %w", l.Account, err)
		}
		t.changed(l.Account)
		n, err := t.exec(ctx, upsertLicense, l.ID, l.Account.Kind, l.Account.ID, l.PaymentID, l.Amount, l.Currency,
			l.Status, l.RefundedAmount, millis(l.PaidAt), millis(l.CreatedAt), l.PlanNamed)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the license belongs to another account than %s: %w", l.Account, lockstep.ErrLinked)
		}
		if err := t.replaceItems(deleteLicenseItems, insertLicenseItem, l.ID, l.Items); err != nil {
			return err
		}
		t.mark(lockstep.Mark{Key: l.Account.Key(), Priority: lockstep.Interactive})
		return t.saveNewNotices(ctx, claim, notices) // after the mark: they wait for its run
	})
	if err != nil {
		return fmt.Errorf("save license %s: %w", l.ID, err)
	}
	return nil
}

// AccountOfLicense implements [lockstep.Accounts].
func (s *Store) AccountOfLicense(ctx context.Context, checkoutID string) (lockstep.Account, error) {
	account, err := one(ctx, s, scanAccount, selectLicenseOwner, checkoutID)
	return wrap(account, err, "read account of license %s", checkoutID)
}

// LicenseOfPayment implements [lockstep.Accounts].
func (s *Store) LicenseOfPayment(ctx context.Context, paymentID string) (lockstep.License, error) {
	var l lockstep.License
	err := s.read(ctx, func(t *tx) (err error) {
		if l, err = collectOne(ctx, t, scanLicense, selectLicenseOfPayment, paymentID); err != nil {
			return err
		}
		byOwner := t.itemsByOwner(ctx, selectItemsOfLicense, l.ID)
		if err := t.commit(ctx); err != nil {
			return err
		}
		items, err := byOwner()
		l.Items = items[l.ID]
		return err
	})
	return wrap(l, err, "read license of payment %s", paymentID)
}

// licenses asks for the licenses of an account.
func (t *tx) licenses(ctx context.Context, account lockstep.Account) func() ([]lockstep.License, error) {
	answer := ask(ctx, t, scanLicense, selectLicenses, account.Kind, account.ID)
	itemsByOwner := itemsOf(ctx, t, answer, selectLicenseItems, account.Kind, account.ID)
	return func() ([]lockstep.License, error) {
		licenses, err := answer()
		if err != nil || len(licenses) == 0 {
			return nil, err
		}
		items, err := itemsByOwner()
		if err != nil {
			return nil, err
		}
		for i := range licenses {
			licenses[i].Items = items[licenses[i].ID]
		}
		return licenses, nil
	}
}

func scanLicense(row sqlrun.Scanner) (lockstep.License, error) {
	var l lockstep.License
	var paidAt, createdAt int64
	err := row.Scan(&l.ID, &l.Account.Kind, &l.Account.ID, &l.PaymentID, &l.Amount, &l.Currency, &l.Status,
		&l.RefundedAmount, &paidAt, &createdAt, &l.PlanNamed)
	l.PaidAt, l.CreatedAt = moment(paidAt), moment(createdAt)
	return l, err
}
