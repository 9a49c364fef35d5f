// Package intents confirms payment and setup intents and does what follows from
// their outcome: for the invoice or the checkout session that an intent pays,
// and for the portal flow that adds a payment method.
//
// An outcome comes at once, or later when a debit settles, a challenge is
// decided or reserved money is captured. An intent stores what it pays, so
// follow and followSetup find it without a search.
//
// A challenge is decided on its page (/3ds/ and the intent's id) or by Decide. On
// session, a card that requires one leaves its intent in requires_action. Off
// session, the issuer declines with authentication_required, except that the
// intent of an invoice waits for the customer (invoice.payment_action_required).
package intents
