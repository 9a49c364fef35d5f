// Checkout sessions in their three modes, completed as Stripe's own CLI does it.
import assert from 'node:assert/strict'
import { advance, rejected, seconds } from '../kit.mjs'
import { mark, pay, plan, since, stripe } from '../stripe-kit.mjs'

const urls = { success_url: 'https://app.example/ok?session={CHECKOUT_SESSION_ID}', cancel_url: 'https://app.example/plans' }
const price = await plan(2900)

// A subscription for somebody new.
const session = await stripe.checkout.sessions.create({ ...urls, mode: 'subscription', line_items: [{ price: price.id, quantity: 2 }], client_reference_id: 'user_1', customer_email: 'new@example.com',
  metadata: { of: 'the session' }, subscription_data: { metadata: { of: 'the subscription' } } })
assert.match(session.id, /^cs_test_/)
assert.deepEqual([session.status, session.payment_status, session.mode, session.amount_total, session.currency], ['open', 'unpaid', 'subscription', 5800, 'usd'])
assert.equal(session.expires_at - session.created, seconds.day)
assert.ok(session.url.includes(session.id))
const before = await mark()
await pay(session)
const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription', 'line_items', 'customer'] })
assert.deepEqual([paid.status, paid.payment_status, paid.client_reference_id, paid.url], ['complete', 'paid', 'user_1', null])
assert.equal(paid.customer.email, 'new@example.com')
assert.equal(paid.subscription.status, 'active')
assert.deepEqual(paid.subscription.metadata, { of: 'the subscription' }, "the session's metadata is not the subscription's")
assert.equal(paid.line_items.data[0].quantity, 2)
assert.equal((await stripe.checkout.sessions.listLineItems(session.id)).data[0].price.id, price.id)
const kinds = await since(before)
for (const kind of ['customer.created', 'customer.subscription.created', 'invoice.paid', 'payment_intent.succeeded', 'checkout.session.completed']) assert.ok(kinds.includes(kind), `${kind} in ${kinds}`)
await rejected(pay(session), { type: 'StripeInvalidRequestError' })

// A declined card leaves it open.
const second = await stripe.checkout.sessions.create({ ...urls, mode: 'subscription', line_items: [{ price: price.id, quantity: 1 }], subscription_data: { trial_period_days: 14 } })
await rejected(pay({ ...second, amount_total: 1 }), { statusCode: 400 })
const trial = await pay(second)
assert.equal(trial.payment_status, 'no_payment_required')

// One payment, with a one-time price and another card first.
const sticker = await stripe.prices.create({ unit_amount: 500, currency: 'usd', product_data: { name: 'Sticker' } })
const once = await stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [{ price: sticker.id, quantity: 3 }], payment_intent_data: { metadata: { order: '7' } } })
await rejected(pay(once, 'tok_chargeDeclined'), { type: 'StripeCardError', code: 'card_declined', statusCode: 402 })
assert.equal((await stripe.checkout.sessions.retrieve(once.id)).status, 'open')
await pay(once)
const bought = await stripe.checkout.sessions.retrieve(once.id, { expand: ['payment_intent.latest_charge'] })
assert.equal(bought.payment_intent.status, 'succeeded')
assert.deepEqual(bought.payment_intent.metadata, { order: '7' })
assert.equal(bought.payment_intent.latest_charge.amount, 1500)
assert.equal(bought.customer, null, 'a guest, unless customer_creation says always')

// A payment method for later.
const buyer = await stripe.customers.create({ email: 'later@example.com' })
const setup = await stripe.checkout.sessions.create({ ...urls, mode: 'setup', currency: 'usd', customer: buyer.id })
await pay(setup)
const done = await stripe.checkout.sessions.retrieve(setup.id, { expand: ['setup_intent'] })
assert.deepEqual([done.status, done.payment_status, done.setup_intent.status], ['complete', 'no_payment_required', 'succeeded'])
assert.equal((await stripe.paymentMethods.retrieve(done.setup_intent.payment_method)).customer, buyer.id)

// Expired by hand, and by time.
const left = await stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [{ price: sticker.id, quantity: 1 }] })
assert.equal((await stripe.checkout.sessions.expire(left.id)).status, 'expired')
await rejected(stripe.checkout.sessions.expire(left.id), { statusCode: 400 })
const forgotten = await stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [{ price: sticker.id, quantity: 1 }] })
await advance(seconds.day + 1)
assert.equal((await stripe.checkout.sessions.retrieve(forgotten.id)).status, 'expired')
assert.deepEqual((await stripe.checkout.sessions.list({ customer: buyer.id })).data.map((s) => s.id), [setup.id])

// Refusals that people meet.
await rejected(stripe.checkout.sessions.create({ ...urls, mode: 'subscription', line_items: [{ price: sticker.id, quantity: 1 }] }), { statusCode: 400 })
await rejected(stripe.checkout.sessions.create({ ...urls, mode: 'payment', customer: buyer.id, customer_email: 'both@example.com', line_items: [{ price: sticker.id, quantity: 1 }] }), { statusCode: 400 })
await rejected(stripe.checkout.sessions.create({ mode: 'payment', line_items: [{ price: sticker.id, quantity: 1 }] }), { statusCode: 400 })
await rejected(stripe.checkout.sessions.create({ ...urls, mode: 'payment', line_items: [{ price: 'price_none', quantity: 1 }] }), { code: 'resource_missing', param: 'line_items[0][price]' })
