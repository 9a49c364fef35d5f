package account

import (
	"cmp"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// ShowBalanceTransaction shows a balance transaction.
func (s *Account) ShowBalanceTransaction(b *state.BalanceTransaction) api.Object {
	return api.Object{"id": b.ID, "object": "customer_balance_transaction", "amount": b.Amount, "checkout_session": nil,
		"created": b.Created.Unix(), "credit_note": nil, "currency": b.Currency, "customer": b.Customer,
		"customer_account": nil, "description": api.OrNull(b.Description), "ending_balance": b.EndingBalance,
		"invoice": api.OrNull(b.Invoice), "livemode": false, "metadata": api.Shown(b.Metadata), "type": b.Type}
}

// LiveCustomer returns a customer that is not deleted.
func (s *Account) LiveCustomer(id, param string) (*state.Customer, error) {
	customer := s.State.Customers.Get(id)
	if customer == nil || customer.Deleted {
		return nil, api.NoSuch("customer", id, param)
	}
	return customer, nil
}

// ShowCustomer shows a customer.
func (s *Account) ShowCustomer(c *state.Customer) api.Object {
	if c.Deleted {
		return api.Object{"id": c.ID, "object": "customer", "deleted": true}
	}
	return api.Object{
		"id": c.ID, "object": "customer", "created": c.Created.Unix(), "livemode": false,
		"address": api.ShowAddress(c.Address), "balance": c.Balance, "currency": api.OrNull(c.Currency),
		"customer_account": nil, "default_source": nil, "delinquent": c.Delinquent,
		"description": api.OrNull(c.Description),
		"discount":    api.ShownOrNull(shownIf(s.State.Discounts.Get(c.Discount), s.ShowDiscount)),
		"email":       api.OrNull(c.Email), "invoice_prefix": c.InvoicePrefix,
		"invoice_settings": api.Object{"custom_fields": nil, "default_payment_method": api.OrNull(c.DefaultPaymentMethod),
			"footer": nil, "rendering_options": nil},
		"metadata": api.Shown(c.Metadata), "name": api.OrNull(c.Name), "next_invoice_sequence": c.NextInvoice,
		"phone": api.OrNull(c.Phone), "preferred_locales": append([]string{}, c.Locales...),
		"shipping": api.ShowRecipient(c.Shipping), "tax_exempt": cmp.Or(c.TaxExempt, "none"),
		"test_clock": api.OrNull(c.TestClock)}
}

// ShowPaymentMethod shows a payment method.
func (s *Account) ShowPaymentMethod(m *state.PaymentMethod) api.Object {
	shown := api.Object{"id": m.ID, "object": "payment_method", "allow_redisplay": m.AllowDisplay,
		"billing_details": m.Billing.ShowBilling(), "created": m.Created.Unix(), "customer": api.OrNull(m.Customer),
		"customer_account": nil, "livemode": false, "metadata": api.Shown(m.Metadata), "type": m.Kind()}
	if m.Kind() == "sepa_debit" {
		country, code := m.Bank()
		shown["sepa_debit"] = api.Object{"bank_code": code, "branch_code": nil, "country": country,
			"fingerprint": "simulated" + m.Last4(), "generated_from": api.Object{"charge": nil, "setup_attempt": nil},
			"last4": m.Last4()}
		return shown
	}
	shown["card"] = m.ShowCard()
	return shown
}

// ClockLifetime is the age at which a test clock deletes itself.
const ClockLifetime = 30 * 24 * time.Hour

// ShowTestClock shows a test clock.
func (s *Account) ShowTestClock(t *state.TestClock) api.Object {
	status, details := "ready", api.Object{}
	if t.Advancing() {
		status, details["advancing"] = "advancing", api.Object{"target_frozen_time": t.Target.Unix()}
	}
	return api.Object{"id": t.ID, "object": "test_helpers.test_clock", "created": t.Created.Unix(),
		"deletes_after": t.Created.Add(ClockLifetime).Unix(), "frozen_time": t.FrozenTime.Unix(), "livemode": false,
		"name": api.OrNull(t.Name), "status": status, "status_details": details}
}
