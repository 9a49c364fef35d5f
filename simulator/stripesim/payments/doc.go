// Package payments charges payment methods, refunds charges and disputes them.
//
// Confirm is the only way to a charge. It takes an intent and a payment method,
// leaves the intent in one of five statuses, and emits its events. Callers do
// what follows for an invoice or a checkout session. Card numbers, test tokens
// and test IBANs decide the outcome (state.Numbers).
package payments
