// The list of events, read in both directions; what each says changed.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { stripe } from '../stripe-kit.mjs'

const first = await stripe.customers.create({ name: 'first' })
const start = (await stripe.events.list({ limit: 1 })).data[0]
assert.deepEqual([start.object, start.type, start.data.object.id, start.livemode], ['event', 'customer.created', first.id, false])
assert.match(start.request.id, /^req_/)
assert.ok(start.request.idempotency_key, 'the client makes one for each write')

const names = Array.from({ length: 23 }, (_, i) => `name ${i}`)
for (const name of names) await stripe.customers.update(first.id, { name, metadata: { n: name } })

// Newest first; with ending_before the client walks from the oldest to the newest.
const newest = await stripe.events.list({ limit: 5 }).autoPagingToArray({ limit: 100 })
assert.equal(newest.length, 24)
assert.equal(newest.at(-1).id, start.id)
const forward = []
for await (const event of stripe.events.list({ ending_before: start.id, limit: 7 })) forward.push(event.data.object.name)
assert.deepEqual(forward, names)
assert.deepEqual((await stripe.events.list({ starting_after: newest[0].id, limit: 1 })).data[0].id, newest[1].id)

// What changed is told with what it was; only that.
assert.deepEqual(newest[0].data.previous_attributes, { name: 'name 21', metadata: { n: 'name 21' } })
assert.equal(start.data.previous_attributes, undefined)
assert.deepEqual(await stripe.events.retrieve(newest[0].id), newest[0])

// Filters.
await stripe.products.create({ name: 'P' })
assert.equal((await stripe.events.list({ type: 'product.created' })).data.length, 1)
assert.equal((await stripe.events.list({ type: 'customer.*', limit: 100 })).data.length, 24)
assert.equal((await stripe.events.list({ types: ['product.created', 'customer.created'] })).data.length, 2)
assert.equal((await stripe.events.list({ created: { gt: start.created + seconds() } })).data.length, 0)
await rejected(stripe.events.list({ type: 'product.created', types: ['product.created'] }), { statusCode: 400 })
await rejected(stripe.events.retrieve('evt_none'), { code: 'resource_missing', statusCode: 404 })

function seconds() {
  return 3600
}
