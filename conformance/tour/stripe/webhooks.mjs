// Webhook endpoints and what they are sent, verified by stripe-node.
import assert from 'node:assert/strict'
import { altered, eventually, inbox, rejected } from '../kit.mjs'
import { Stripe, stripe } from '../stripe-kit.mjs'

const received = await inbox()
const endpoint = await stripe.webhookEndpoints.create({ url: `${received.url}/hook`, enabled_events: ['customer.created', 'customer.updated'], description: 'tour', metadata: { a: 'b' } })
assert.match(endpoint.id, /^we_/)
assert.match(endpoint.secret, /^whsec_/)
assert.equal(endpoint.status, 'enabled')
assert.equal((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined, 'the secret is told once')

const customer = await stripe.customers.create({ email: 'hook@example.com', name: 'Ünïcode ✓' })
const { body, headers } = await received.of('customer.created')
const signature = headers['stripe-signature']
const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret)
assert.deepEqual([event.type, event.data.object.id, event.data.object.name], ['customer.created', customer.id, 'Ünïcode ✓'])
assert.equal(event.api_version, (await stripe.events.retrieve(event.id)).api_version)
assert.equal((await stripe.webhooks.constructEventAsync(body, signature, endpoint.secret)).id, event.id)

// Another body, secret or time: refused.
const refuses = (...args) => assert.throws(() => stripe.webhooks.constructEvent(...args), Stripe.errors.StripeSignatureVerificationError)
refuses(altered(body), signature, endpoint.secret)
refuses(body, altered(signature), endpoint.secret)
refuses(body, signature, 'whsec_other')
refuses(body, signature, '')
refuses(body, signature, endpoint.secret, 300, undefined, Date.now() + 600_000)
// It is a snapshot event, not a thin one.
assert.throws(() => stripe.parseEventNotification(body, signature, endpoint.secret))

// Only what was asked for, and nothing while it is disabled.
await stripe.products.create({ name: 'not asked for' })
await stripe.webhookEndpoints.update(endpoint.id, { disabled: true })
await stripe.customers.update(customer.id, { name: 'while disabled' })
const enabled = await stripe.webhookEndpoints.update(endpoint.id, { disabled: false, enabled_events: ['*'] })
assert.deepEqual([enabled.status, enabled.enabled_events], ['enabled', ['*']])
await stripe.customers.update(customer.id, { name: 'while enabled' })
const update = JSON.parse((await received.of('customer.updated')).body)
assert.equal(update.data.object.name, 'while enabled')
assert.equal(received.events().some((e) => e.type === 'product.created'), false)

// An answer other than 2xx is not taken: the event says so until it is.
let status = 500
const reluctant = await inbox(() => status)
const second = await stripe.webhookEndpoints.create({ url: reluctant.url, enabled_events: ['customer.deleted'] })
await stripe.customers.del(customer.id)
const refused = await reluctant.of('customer.deleted')
const { id } = JSON.parse(refused.body)
assert.equal((await stripe.events.retrieve(id)).pending_webhooks, 1)
assert.deepEqual((await stripe.events.list({ delivery_success: false })).data.map((e) => e.id).includes(id), true)
assert.ok(stripe.webhooks.constructEvent(refused.body, refused.headers['stripe-signature'], second.secret))

// Resent by hand, as the CLI does it.
status = 200
const resent = await stripe.rawRequest('POST', `/v1/events/${id}/retry`, { webhook_endpoint: second.id })
assert.equal(resent.id, id)
await eventually(() => reluctant.got.length >= 2, 'the second delivery')
assert.equal(JSON.parse(reluctant.got[1].body).id, id)

assert.deepEqual((await stripe.webhookEndpoints.list()).data.map((e) => e.id), [second.id, endpoint.id])
assert.equal((await stripe.webhookEndpoints.del(second.id)).deleted, true)
await rejected(stripe.webhookEndpoints.create({ url: 'not a url', enabled_events: ['*'] }), { statusCode: 400 })
await rejected(stripe.webhookEndpoints.create({ url: received.url, enabled_events: ['customer.exploded'] }), { statusCode: 400 })
