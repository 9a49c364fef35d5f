// Package stripesim is a stateful simulator of one Stripe account in test mode:
// the part of the API that a billing service speaks, the hosted checkout and
// portal pages, and the events that follow from everything that happens.
//
// # Stricter than Stripe
//
// Every operation has a list of the parameters it takes; any other one is
// refused with parameter_unknown, also when the real API has it and the
// simulator does not simulate it. One key is accepted, live keys never are.
// Only the test numbers in this package are cards. So a client that passes here
// asks for nothing that would be silently ignored, except what the operation's
// comment names as accepted and without effect.
//
// # State, objects, events
//
// The state is plain structs in tables (State). A show method turns a struct
// into the API's JSON object; answers, events and expanded fields all come from
// it, so they cannot differ. A change of state is made under the world's lock
// and writes its events in causal order, each with the object as it was at that
// step; *.updated events carry what the two shown objects differ in as
// previous_attributes. An event's snapshot is stored as bytes and never changes.
//
// # Time
//
// Everything is dated by the billing clock in whole seconds. What will happen
// by itself is a timer that names an object; a timer cannot be canceled, so its
// runner first looks whether the object still waits for it. Periods are counted
// from the anchor (after): an anchor on the 31st survives February. A renewal
// moves the period at once, drafts the invoice, and asks for the money an hour
// later; a failed one is tried again as Config.Dunning says. While an endpoint
// refuses invoice.created the draft waits, up to 72 hours. invoice.upcoming comes
// seven days before a renewal, for periods that are longer than that.
//
// # Subscriptions and invoices
//
// An invoice is planned, stored as a draft, finalized (which settles it with the
// customer's balance and fixes what is due), and then charged, sent, or closed by
// hand. A draft of a subscription takes up the customer's pending items. An
// intent is tied to its invoice by an InvoicePayment; whatever happens to the
// intent comes back through attempted and invoicePaid.
//
// A change of a running subscription is an alteration: foresee works out what it
// would do, alter does it, and create_preview shows it, so that all three agree.
// Prorations are by the second, rounded half away from zero: exact for whole
// periods and whole days of one; how Stripe rounds is not published. Another
// interval, the first price that is not free, billing_cycle_anchor=now and the
// end of a trial begin a new period at once. Credits of flexible billing mode are
// worked out from the current price, not from what was debited. What cancel_at
// cuts off in the middle of a period is not credited.
//
// A schedule's next phase comes before the renewal of the same moment, which then
// bills it.
//
// # Test clocks
//
// A test clock is a time of its own, with its own queue of timers, for the
// customers created on it. Which clock is meant is known before anything runs:
// of a request from the objects that it names (clockOfCall), of an action from
// its object (change), of a timer from the queue in which it stood. For that
// long Stripe.clock is set, and now and at mean that clock; real is always the
// billing clock. An advance is asynchronous: after a moment everything due runs
// in order at its own time, after another one the clock is ready; until then
// what lives on it refuses changes. Events, payments and payment methods carry
// the billing clock's time even there, as at Stripe.
//
// # Discounts
//
// A coupon becomes a discount when it is redeemed: on a subscription, an invoice,
// an invoice item, or what a checkout session in payment mode sold. A discount
// keeps the terms of that moment. An invoice takes the discounts of its
// subscription (else of its customer, where an old API version put one) when it
// is drafted; what they take off stands in its lines, an item's own discounts
// before the invoice's. One for a single invoice leaves the subscription with
// the first invoice that it reduces; a repeating one when its months are over.
// A proration is made of the amounts that percentages have left, and is reduced
// by nothing else.
//
// # Search
//
// Search sees a change 5 to 60 seconds after it was made (Config.SearchLag sets
// one value); until then it matches, and answers with, the state before. What
// it does not see yet it knows from the events, so a change that writes no event
// is seen at once. Objects on test clocks are found like others.
//
// # Payments
//
// There is one way to a charge: confirm, for an intent and a payment method. It
// leaves the intent in one of five statuses and writes its events; what follows
// for the invoice or the checkout session that the intent pays hangs on that
// status, at once or when a debit is settled, a challenge decided or reserved
// money captured (follow). The way there is stored in the intent, so nothing is
// searched for. A challenge is decided on a page of its own (/3ds/ and the
// intent's id) or by Authenticate: on session a card that asks leaves its intent
// in requires_action, off session its issuer declines with
// authentication_required; an invoice's intent waits for the customer instead
// (invoice.payment_action_required). A session is open and unpaid until the
// challenge is passed, and cancels what waits when it expires. Card numbers,
// test tokens and test IBANs decide what happens (card.go).
//
// # Idempotency
//
// The first answer to a POST with an Idempotency-Key is kept from the moment
// execution begins, a 500 made by a fault after execution included, for 24 hours
// of the billing clock. Not kept: wrong key, unknown or malformed parameters,
// conflicts. Other parameters with the same key are 400 idempotency_error; a
// second request while the first one hangs is 409.
//
// # Versions
//
// The show methods make the shapes of APIVersion. What a request, the account or
// a webhook endpoint speaks is made from them, release by release (versions,
// releases): endive upwards; dahlia, clover and basil downwards, to 2023-10-16.
// Of the older releases it is the shapes of what the simulator has that are
// written, not their parameters and their behaviour. An event is kept in the
// account's version and sent in the endpoint's.
//
// # Limits and refusals
//
// With Config.RateLimits the published limits of a sandbox hold, by time.Now and
// before the idempotency key is looked at. Which errors carry Stripe-Should-Retry
// is our reading. What is under /v2 is answered with 404.
//
// # Customers of checkout sessions
//
// A session without a customer creates one when its payment goes through, from
// what the buyer typed (ensureCustomer): in mode subscription and with
// customer_creation=always. customer_details keeps what was typed, whatever the
// customer becomes later. A known customer takes over only a missing e-mail address
// and what customer_update allows.
//
// # Currencies
//
// A customer with a live subscription, schedule, amount-off discount or pending
// invoice item in one currency is not billed in another (refuseCurrency). A one-time
// payment may be in any.
//
// # Hosted pages
//
// The checkout, the portal and the page of an invoice are forms that need no
// script. A payment link begins a checkout session per visit. What a person does there runs the operations of the
// API (perform), so
// it cannot differ from them. The portal obeys its session's configuration and
// flow. Its links do not run out, it is in English whatever the locale, and it
// makes no retention offers and applies no promotion codes.
//
// # Not simulated
//
// In the catalog: currency options, fractions of the smallest unit, tax rates on
// anything, trial days of plans, package dimensions, inline prices in payment
// links. Of discounts:
// those of a subscription's items, of schedules and of previews, and minimum
// amounts in several currencies. Of test clocks: putting an existing customer on
// one. Besides:
// Taxes, metered and tiered prices, backdated subscriptions, billing thresholds
// and schedules, pending_invoice_item_interval, credit notes, quotes, revisions
// of invoices, changes to the lines of a draft other than through invoice items,
// phases with add_invoice_items, renewing schedules, the setup intent of a trial,
// invoice.will_be_due, embedded checkout, custom fields, shipping and
// after-expiration recovery in checkout, invoices of one-time sessions, manual
// capture in checkout, tokens and sources (POST /v1/charges), several captures of
// one payment, confirmation tokens, setup attempts, mandates and balance
// transactions as objects, files as evidence, payment methods other than cards and
// SEPA debits, Connect, API versions older than 2023-10-16, thin events. The delay
// of entitlements (next billing period) is simulated.
package stripesim
