// Subscriptions and their items: trial, change with proration, pause, resume,
// and the two ways in which a cancellation is written.
import assert from 'node:assert/strict'
import { rejected, seconds } from '../kit.mjs'
import { customer, mark, plan, since, stripe } from '../stripe-kit.mjs'

const [small, large, extra] = [await plan(1000), await plan(3000), await plan(500)]
const buyer = await customer()

const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: small.id, quantity: 2 }], metadata: { a: 'b' }, expand: ['latest_invoice'] })
assert.equal(subscription.status, 'active')
assert.equal(subscription.latest_invoice.status, 'paid')
assert.equal(subscription.latest_invoice.amount_paid, 2000)
assert.equal(subscription.latest_invoice.billing_reason, 'subscription_create')
const item = subscription.items.data[0]
assert.deepEqual([item.price.id, item.quantity, item.subscription], [small.id, 2, subscription.id])
assert.ok(item.current_period_end > item.current_period_start)
assert.equal(subscription.current_period_end, undefined, 'since basil the period is the items')

// Another plan, at once: the rest of the old one is given back, the rest of the
// new one is charged for, and at the first instant the rest is the whole.
const before = await mark()
const changed = await stripe.subscriptions.update(subscription.id, { items: [{ id: item.id, price: large.id, quantity: 1 }], proration_behavior: 'always_invoice', expand: ['latest_invoice'] })
assert.equal(changed.items.data[0].price.id, large.id)
assert.equal(changed.items.data[0].quantity, 1)
assert.equal(changed.latest_invoice.billing_reason, 'subscription_update')
assert.deepEqual(changed.latest_invoice.lines.data.map((line) => line.amount).sort((a, b) => a - b), [-2000, 3000])
const kinds = await since(before)
assert.ok(kinds.includes('customer.subscription.updated') && kinds.includes('invoice.paid'), String(kinds))
const event = (await stripe.events.list({ type: 'customer.subscription.updated', limit: 1 })).data[0]
assert.ok(event.data.previous_attributes.items)

// Items of their own.
const added = await stripe.subscriptionItems.create({ subscription: subscription.id, price: extra.id, quantity: 3, proration_behavior: 'none' })
assert.equal((await stripe.subscriptionItems.update(added.id, { quantity: 4, proration_behavior: 'none' })).quantity, 4)
assert.equal((await stripe.subscriptionItems.list({ subscription: subscription.id })).data.length, 2)
assert.equal((await stripe.subscriptionItems.del(added.id, { proration_behavior: 'none' })).deleted, true)
assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data.length, 1)

// Ending at the period's end, and not, in both writings.
const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })
assert.deepEqual([ending.cancel_at_period_end, ending.cancel_at, ending.status], [true, changed.items.data[0].current_period_end, 'active'])
assert.ok(ending.canceled_at)
const kept = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })
assert.deepEqual([kept.cancel_at_period_end, kept.cancel_at, kept.canceled_at], [false, null, null])
const dated = await stripe.subscriptions.update(subscription.id, { cancel_at: changed.items.data[0].current_period_end })
assert.deepEqual([dated.cancel_at_period_end, dated.cancel_at], [false, changed.items.data[0].current_period_end])
assert.equal((await stripe.subscriptions.update(subscription.id, { cancel_at: '' })).cancel_at, null)

// Collection is paused, which is a field and not a status.
assert.equal((await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior: 'void' } })).pause_collection.behavior, 'void')
assert.equal((await stripe.subscriptions.update(subscription.id, { pause_collection: '' })).pause_collection, null)

// A trial costs nothing yet, and without a payment method it ends in a pause.
const trial = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: small.id }], trial_period_days: 7, expand: ['latest_invoice'] })
assert.equal(trial.status, 'trialing')
assert.equal(trial.trial_end - trial.trial_start, 7 * seconds.day)
assert.equal(trial.latest_invoice.total, 0)
assert.equal((await stripe.subscriptions.update(trial.id, { trial_end: 'now' })).status, 'active')

// The first payment is still to come.
const incomplete = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: small.id }], payment_behavior: 'default_incomplete', expand: ['latest_invoice.confirmation_secret'] })
assert.equal(incomplete.status, 'incomplete')
assert.equal(incomplete.latest_invoice.status, 'open')
assert.match(incomplete.latest_invoice.confirmation_secret.client_secret, /^pi_.*_secret_/)
await stripe.invoices.pay(incomplete.latest_invoice.id)
assert.equal((await stripe.subscriptions.retrieve(incomplete.id)).status, 'active')

// Canceled: the end of it.
const canceled = await stripe.subscriptions.cancel(subscription.id, { cancellation_details: { comment: 'too dear', feedback: 'too_expensive' } })
assert.deepEqual([canceled.status, canceled.cancellation_details.reason, canceled.cancellation_details.feedback], ['canceled', 'cancellation_requested', 'too_expensive'])
assert.ok(canceled.ended_at)
await rejected(stripe.subscriptions.update(subscription.id, { items: [{ price: large.id }] }), { statusCode: 400 })
await rejected(stripe.subscriptions.cancel(subscription.id), { code: 'resource_missing', statusCode: 404 })
const live = (await stripe.subscriptions.list({ customer: buyer.id })).data.map((s) => s.id)
assert.deepEqual(live, [incomplete.id, trial.id])
assert.equal((await stripe.subscriptions.list({ customer: buyer.id, status: 'all' })).data.length, 3)
assert.equal((await stripe.subscriptions.list({ customer: buyer.id, status: 'canceled' })).data.length, 1)

// Deleting the customer ends the rest.
await stripe.customers.del(buyer.id)
assert.equal((await stripe.subscriptions.retrieve(trial.id)).status, 'canceled')
