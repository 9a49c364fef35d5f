// Payment intents, setup intents and payment methods: held and captured, canceled,
// declined in all ways, confirmed by 3-D Secure.
import assert from 'node:assert/strict'
import { rejected, submit } from '../kit.mjs'
import { mark, since, stripe } from '../stripe-kit.mjs'

const buyer = await stripe.customers.create({ email: 'payer@example.com' })
const card = { currency: 'usd', automatic_payment_methods: { enabled: true, allow_redirects: 'never' } }

// Two steps: an intent, then a method that confirms it.
const intent = await stripe.paymentIntents.create({ ...card, amount: 1200, customer: buyer.id, metadata: { order: '1' } })
assert.match(intent.id, /^pi_/)
assert.ok(intent.client_secret.startsWith(`${intent.id}_secret_`))
assert.equal(intent.status, 'requires_payment_method')
assert.equal((await stripe.paymentIntents.update(intent.id, { amount: 1500 })).amount, 1500)
const before = await mark()
const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa', expand: ['latest_charge'] })
assert.deepEqual([paid.status, paid.amount_received], ['succeeded', 1500])
assert.deepEqual([paid.latest_charge.paid, paid.latest_charge.payment_method_details.card.last4], [true, '4242'])
const kinds = await since(before)
assert.ok(kinds.includes('payment_intent.succeeded') && kinds.includes('charge.succeeded'), String(kinds))
await rejected(stripe.paymentIntents.confirm(intent.id), { code: 'payment_intent_unexpected_state', statusCode: 400 })

// Held, then taken in part; or let go.
const held = await stripe.paymentIntents.create({ ...card, amount: 1000, confirm: true, payment_method: 'pm_card_visa', capture_method: 'manual' })
assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 1000])
const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600 })
assert.deepEqual([captured.status, captured.amount_received], ['succeeded', 600])
const dropped = await stripe.paymentIntents.create({ ...card, amount: 1000, confirm: true, payment_method: 'pm_card_visa', capture_method: 'manual' })
assert.equal((await stripe.paymentIntents.cancel(dropped.id, { cancellation_reason: 'requested_by_customer' })).status, 'canceled')

// Declined, and the reason.
for (const [method, decline] of [['pm_card_visa_chargeDeclined', 'generic_decline'], ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds']]) {
  const error = await rejected(stripe.paymentIntents.create({ ...card, amount: 1000, confirm: true, payment_method: method }), { type: 'StripeCardError', code: 'card_declined', decline_code: decline, statusCode: 402 })
  assert.equal(error.payment_intent.status, 'requires_payment_method')
  assert.equal(error.payment_intent.last_payment_error.decline_code, decline)
  assert.ok(error.charge ?? error.payment_intent.latest_charge)
}

// 3-D Secure: the bank asks; the buyer says yes, or no.
for (const [answer, status] of [['pass', 'succeeded'], ['fail', 'requires_payment_method']]) {
  const asked = await stripe.paymentIntents.create({ currency: 'usd', amount: 1000, confirm: true, payment_method: 'pm_card_threeDSecure2Required', return_url: 'https://app.example/back', customer: buyer.id })
  assert.equal(asked.status, 'requires_action')
  assert.equal(asked.next_action.type, 'redirect_to_url')
  const page = await fetch(asked.next_action.redirect_to_url.url)
  assert.equal(page.status, 200)
  await decide(asked.next_action.redirect_to_url.url, await page.text(), answer)
  assert.equal((await stripe.paymentIntents.retrieve(asked.id)).status, status)
}

// A method for later, and a payment with it while its owner is away.
const setup = await stripe.setupIntents.create({ customer: buyer.id, payment_method: 'pm_card_mastercard', confirm: true, usage: 'off_session', automatic_payment_methods: { enabled: true, allow_redirects: 'never' } })
assert.match(setup.id, /^seti_/)
assert.equal(setup.status, 'succeeded')
const method = await stripe.paymentMethods.retrieve(setup.payment_method)
assert.deepEqual([method.customer, method.card.brand], [buyer.id, 'mastercard'])
assert.equal((await stripe.paymentIntents.create({ ...card, amount: 900, customer: buyer.id, payment_method: method.id, confirm: true, off_session: true })).status, 'succeeded')
assert.equal((await stripe.setupIntents.cancel((await stripe.setupIntents.create({ usage: 'off_session' })).id)).status, 'canceled')
await rejected(stripe.setupIntents.create({ confirm: true, payment_method: 'pm_card_visa_chargeDeclined', automatic_payment_methods: { enabled: true, allow_redirects: 'never' } }), { type: 'StripeCardError', code: 'card_declined' })

// Methods are attached to one customer, listed, changed, detached for good.
const attached = await stripe.paymentMethods.attach('pm_card_visa', { customer: buyer.id })
assert.notEqual(attached.id, 'pm_card_visa', 'a test method is a new one for each who uses it')
assert.ok((await stripe.customers.listPaymentMethods(buyer.id, { type: 'card' })).data.some((m) => m.id === attached.id))
assert.equal((await stripe.paymentMethods.update(attached.id, { billing_details: { name: 'Ada' } })).billing_details.name, 'Ada')
assert.equal((await stripe.paymentMethods.detach(attached.id)).customer, null)
await rejected(stripe.paymentMethods.attach(attached.id, { customer: buyer.id }), { statusCode: 400 })
const [newest] = (await stripe.paymentIntents.list({ customer: buyer.id })).data
assert.equal(newest.amount, 900)

// decide presses one of the two buttons of the bank's page.
async function decide(url, page, answer) {
  assert.ok(page.includes(`name="outcome" value="${answer}"`), `a button for ${answer} in ${page}`)
  const done = await submit(url, { outcome: answer })
  assert.ok(done.status < 400, `${done.status}`)
}
