// Errors as the client's classes, keys, rate limits, expansion and API versions.
import assert from 'node:assert/strict'
import { STRIPE_URL, control, rejected } from '../kit.mjs'
import { Stripe, client, customer, endive, plan, stripe } from '../stripe-kit.mjs'

const missing = await rejected(stripe.customers.retrieve('cus_none'), { type: 'StripeInvalidRequestError', code: 'resource_missing', param: 'id', statusCode: 404 })
assert.ok(missing instanceof Stripe.errors.StripeInvalidRequestError)
assert.match(missing.requestId, /^req_/)
assert.match(missing.doc_url, /resource-missing/)
assert.match(missing.raw.request_log_url, /test\/logs\/req_/)
await rejected(client({}, 'sk_test_wrong').customers.list(), { type: 'StripeAuthenticationError', statusCode: 401 })
await rejected(client({}, 'sk_live_never').customers.list(), { type: 'StripeAuthenticationError', statusCode: 401 })
await rejected(stripe.customers.create({ email: 'not an address' }), { code: 'email_invalid', param: 'email' })
await rejected(stripe.prices.create({ unit_amount: 1000, product_data: { name: 'x' } }), { code: 'parameter_missing', param: 'currency' })
await rejected(stripe.prices.create({ unit_amount: 'ten', currency: 'usd', product_data: { name: 'x' } }), { code: 'parameter_invalid_integer', param: 'unit_amount' })
await rejected(stripe.rawRequest('GET', '/v1/nowhere'), { type: 'StripeInvalidRequestError', statusCode: 404 })

// The limits of a sandbox are tight; a fault stands for a busy second.
await control('faults', { side: 'stripe', path: '/v1/customers', times: 1, status: 429, header: { 'Stripe-Rate-Limited-Reason': ['endpoint-rate'] }, body: '{"error":{"type":"invalid_request_error","code":"rate_limit","message":"Too many requests"}}' })
const limited = await rejected(stripe.customers.list(), { type: 'StripeRateLimitError', statusCode: 429, code: 'rate_limit' })
assert.equal(limited.headers['stripe-rate-limited-reason'], 'endpoint-rate')

// A client that may try again does, and gets there with the same key.
await control('faults', { side: 'stripe', method: 'POST', path: '/v1/customers', times: 2, status: 503, body: '{"error":{"type":"api_error","message":"down"}}' })
const stubborn = client({ maxNetworkRetries: 3 })
assert.ok((await stubborn.customers.create({ email: 'stubborn@example.com' })).id)
assert.equal((await stripe.customers.list({ email: 'stubborn@example.com' })).data.length, 1)
await control('faults', { side: 'stripe', path: '/v1/customers', times: 1, cut_after: 20 })
await rejected(stripe.customers.list(), { type: 'StripeConnectionError' })

// Expansion: four levels, in objects and lists, and not of what is no reference.
const price = await plan()
const buyer = await customer()
const { id } = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }] })
const deep = await stripe.subscriptions.retrieve(id, { expand: ['customer', 'latest_invoice.payments.data.payment', 'items.data.price.product'] })
assert.equal(deep.customer.email, 'buyer@example.com')
assert.equal(deep.items.data[0].price.product.name, 'Plan of 2000')
const listed = await stripe.subscriptions.list({ expand: ['data.customer', 'data.latest_invoice'] })
assert.equal(listed.data[0].customer.object, 'customer')
assert.equal(listed.data[0].latest_invoice.status, 'paid')
assert.equal(deep.latest_invoice.payments.data[0].status, 'paid')
await rejected(stripe.subscriptions.retrieve(id, { expand: ['status'] }), { statusCode: 400 })
await rejected(stripe.subscriptions.list({ expand: ['data.latest_invoice.payments.data.payment'] }), { statusCode: 400 })

// Versions: what the client pins, another on request, and none that is not.
assert.equal(buyer.lastResponse.apiVersion, Stripe.API_VERSION ?? buyer.lastResponse.apiVersion)
assert.match(buyer.lastResponse.apiVersion, endive ? /endive$/ : /dahlia$/)
const dahlia = await stripe.customers.retrieve(buyer.id, {}, { apiVersion: '2026-08-26.dahlia' })
assert.equal(dahlia.lastResponse.apiVersion, '2026-08-26.dahlia')
await rejected(stripe.customers.retrieve(buyer.id, {}, { apiVersion: '2026-13-99.nothing' }), { statusCode: 400 })

// Nobody can mistake it for the real one.
assert.equal(buyer.lastResponse.headers['x-lockstep-simulator'], 'stripe')
assert.equal((await fetch(`${STRIPE_URL}/v1/customers`)).status, 401)
