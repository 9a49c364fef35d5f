// Idempotency keys: replayed with the headers, refused with other parameters,
// in conflict while the first is on its way, forgotten after a day.
import assert from 'node:assert/strict'
import { advance, control, rejected, seconds } from '../kit.mjs'
import { stripe } from '../stripe-kit.mjs'

const key = { idempotencyKey: 'order-1' }
const first = await stripe.customers.create({ email: 'once@example.com' }, key)
const again = await stripe.customers.create({ email: 'once@example.com' }, key)
assert.equal(again.id, first.id)
assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true')
assert.equal(again.lastResponse.headers['original-request'], first.lastResponse.requestId)
assert.equal(again.lastResponse.headers['idempotency-key'], 'order-1')
assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined)
await rejected(stripe.customers.create({ email: 'other@example.com' }, key), { type: 'StripeIdempotencyError', statusCode: 400, message: /order-1/ })
await rejected(stripe.products.create({ name: 'x' }, key), { type: 'StripeIdempotencyError', statusCode: 400 })

// An error of execution is replayed like a success; one of validation is not kept.
await rejected(stripe.customers.update('cus_none', { name: 'x' }, { idempotencyKey: 'order-2' }), { code: 'resource_missing' })
await rejected(stripe.customers.create({ emial: 'x' }, { idempotencyKey: 'order-3' }), { code: 'parameter_unknown' })
assert.ok((await stripe.customers.create({ email: 'x@example.com' }, { idempotencyKey: 'order-3' })).id)

// An answer that was lost: the customer is there, and the same key finds it.
await control('faults', { side: 'stripe', method: 'POST', path: '/v1/customers', after: true, times: 1, status: 500, body: '{"error":{"type":"api_error","message":"lost"}}' })
const lost = { idempotencyKey: 'order-4' }
await rejected(stripe.customers.create({ email: 'lost@example.com' }, lost), { type: 'StripeAPIError', statusCode: 500 })
await rejected(stripe.customers.create({ email: 'lost@example.com' }, lost), { statusCode: 500 })
assert.equal((await stripe.customers.list({ email: 'lost@example.com' })).data.length, 1)

// Two at once.
await control('faults', { side: 'stripe', method: 'POST', path: '/v1/customers', after: true, times: 1, hang_ns: 1e9 })
const both = { idempotencyKey: 'order-5' }
const slow = stripe.customers.create({ email: 'both@example.com' }, both)
await new Promise((resolve) => setTimeout(resolve, 300))
await rejected(stripe.customers.create({ email: 'both@example.com' }, both), { rawType: 'idempotency_error', code: 'idempotency_key_in_use', statusCode: 409 })
await slow.catch(() => {})

await advance(seconds.day + 60)
assert.notEqual((await stripe.customers.create({ email: 'once@example.com' }, key)).id, first.id, 'a key is forgotten after a day')
