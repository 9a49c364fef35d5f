// What happens by itself, when the clock moves: renewal, its failure and retries,
// the end of a trial, the 23 hours of a first payment.
import assert from 'node:assert/strict'
import { advance, seconds } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const price = await plan(1000)
const buyer = await customer()
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }] })
const period = subscription.items.data[0]

// A renewal: the period moves, an hour later the money.
await advance(period.current_period_end - subscription.created + 1)
const renewed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })
assert.equal(renewed.items.data[0].current_period_start, period.current_period_end)
assert.deepEqual([renewed.status, renewed.latest_invoice.status, renewed.latest_invoice.billing_reason], ['active', 'draft', 'subscription_cycle'])
await advance(seconds.hour + 60)
assert.equal((await stripe.invoices.retrieve(renewed.latest_invoice.id)).status, 'paid')
let kinds = await lately()
assert.ok(kinds.indexOf('invoice.created') < kinds.indexOf('invoice.finalized') && kinds.indexOf('invoice.finalized') < kinds.indexOf('invoice.paid'), String(kinds))
assert.ok(kinds.includes('customer.subscription.updated'))

// A renewal that fails is past due, is tried again, and ends.
const failing = await customer('pm_card_chargeCustomerFail')
const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: failing.id })
const doomed = await stripe.subscriptions.create({ customer: failing.id, items: [{ price: price.id }], default_payment_method: good.id })
await stripe.subscriptions.update(doomed.id, { default_payment_method: failing.invoice_settings.default_payment_method })
await advance(32 * seconds.day)
const late = await stripe.subscriptions.retrieve(doomed.id, { expand: ['latest_invoice'] })
assert.equal(late.status, 'past_due')
assert.equal(late.latest_invoice.status, 'open')
assert.ok(late.latest_invoice.attempt_count >= 1 && late.latest_invoice.next_payment_attempt)
kinds = await lately()
assert.ok(kinds.includes('invoice.payment_failed') && kinds.includes('charge.failed'), String(kinds))
await advance(30 * seconds.day)
const over = await stripe.subscriptions.retrieve(doomed.id)
assert.deepEqual([over.status, over.cancellation_details.reason], ['canceled', 'payment_failed'])

// The end of a trial without a payment method is a pause, from which it resumes.
const guest = await stripe.customers.create({ email: 'guest@example.com' })
const trial = await stripe.subscriptions.create({ customer: guest.id, items: [{ price: price.id }], trial_period_days: 10, trial_settings: { end_behavior: { missing_payment_method: 'pause' } } })
await advance(10 * seconds.day + 60)
assert.equal((await stripe.subscriptions.retrieve(trial.id)).status, 'paused')
kinds = await lately()
assert.ok(kinds.includes('customer.subscription.trial_will_end') && kinds.includes('customer.subscription.paused'), String(kinds))
const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: guest.id })
await stripe.customers.update(guest.id, { invoice_settings: { default_payment_method: method.id } })
assert.equal((await stripe.subscriptions.resume(trial.id)).status, 'active')

// 23 hours for a first payment.
const hesitant = await stripe.customers.create({ email: 'hesitant@example.com' })
const first = await stripe.subscriptions.create({ customer: hesitant.id, items: [{ price: price.id }], payment_behavior: 'default_incomplete' })
await advance(23 * seconds.hour + 60)
const expired = await stripe.subscriptions.retrieve(first.id, { expand: ['latest_invoice'] })
assert.deepEqual([expired.status, expired.latest_invoice.status], ['incomplete_expired', 'void'])

// lately lists the types of the newest hundred events, oldest first.
async function lately() {
  return (await stripe.events.list({ limit: 100 })).data.map((event) => event.type).reverse()
}
