// Package billing is the core of the simulator: subscriptions, subscription
// schedules, invoices and the payments of invoices.
//
// # Invoices
//
// An invoice is planned, stored as a draft, and finalized. Finalization settles
// it with the customer's balance and fixes the amount due. Then it is charged,
// sent, or closed by hand. The draft of a subscription includes the customer's
// pending items. An InvoicePayment ties an intent to its invoice. The outcome of
// the intent comes back through AfterAttempt and invoicePaid.
//
// # Periods
//
// Periods count from the anchor (state.After), so an anchor on the 31st survives
// February. A renewal starts the period at once, drafts the invoice, and charges
// it an hour later. A failed charge is retried as Dunning says. While an
// endpoint refuses invoice.created, the draft waits, up to 72 hours.
// invoice.upcoming comes seven days before a renewal, for longer periods. A
// schedule's next phase comes before a renewal at the same moment, which then
// bills it.
//
// # Changes
//
// A change of a running subscription is an alteration. foresee works out what it
// would do, alter does it, and create_preview shows it, so the three agree.
//
// Prorations count seconds and round half away from zero. They are exact for
// whole periods and whole days of one; Stripe does not publish its rounding. A
// new interval, the first price that is not free, billing_cycle_anchor=now and
// the end of a trial start a new period at once. In flexible billing mode,
// credits are computed from the current price, not from what was charged. Time
// that cancel_at cuts off in the middle of a period is not credited.
//
// # Currencies
//
// A customer with a live subscription, a schedule, an amount-off discount or a
// pending invoice item in one currency cannot be billed in another
// (RefuseCurrency). A one-time payment may be in any currency.
package billing
