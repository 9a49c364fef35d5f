// Customers: written, read, changed, paged through, deleted; the rules of metadata.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { stripe } from '../stripe-kit.mjs'

const ada = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada', description: 'first', phone: '+15550100', metadata: { clerk_user_id: 'user_1', plan: 'free' },
  address: { line1: '510 Townsend St', city: 'San Francisco', country: 'US', postal_code: '94103' } })
assert.match(ada.id, /^cus_/)
assert.equal(ada.object, 'customer')
assert.equal(ada.livemode, false)
assert.equal(ada.address.city, 'San Francisco')
assert.equal(ada.lastResponse.statusCode, 200)
assert.match(ada.lastResponse.requestId, /^req_/)
assert.deepEqual(await stripe.customers.retrieve(ada.id), ada)

// Metadata: a key is set, left alone, deleted by the empty text; all are deleted by an empty hash.
assert.deepEqual((await stripe.customers.update(ada.id, { metadata: { plan: 'pro' } })).metadata, { clerk_user_id: 'user_1', plan: 'pro' })
assert.deepEqual((await stripe.customers.update(ada.id, { metadata: { plan: '' } })).metadata, { clerk_user_id: 'user_1' })
assert.deepEqual((await stripe.customers.update(ada.id, { metadata: '' })).metadata, {})
await rejected(stripe.customers.update(ada.id, { metadata: { ['k'.repeat(41)]: 'v' } }), { type: 'StripeInvalidRequestError', statusCode: 400 })
await rejected(stripe.customers.update(ada.id, { metadata: { k: 'v'.repeat(501) } }), { statusCode: 400 })
await rejected(stripe.customers.update(ada.id, { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) }), { statusCode: 400 })
assert.equal((await stripe.customers.update(ada.id, { name: '' })).name, null, 'the empty text unsets')

// What is not known is refused by name.
await rejected(stripe.customers.create({ emial: 'x' }), { type: 'StripeInvalidRequestError', code: 'parameter_unknown', param: 'emial', statusCode: 400 })
await rejected(stripe.customers.create({ address: { town: 'x' } }), { code: 'parameter_unknown', param: 'address[town]' })
await rejected(stripe.customers.retrieve('cus_none'), { code: 'resource_missing', param: 'id', statusCode: 404, message: /No such customer: 'cus_none'/ })
await rejected(stripe.subscriptions.list({ customer: 'cus_none' }), { code: 'resource_missing', param: 'customer', statusCode: 400 })

// Lists are newest first, with both directions of paging; addresses are compared exactly.
const others = []
for (let i = 0; i < 24; i++) others.push(await stripe.customers.create({ email: `c${i}@example.com` }))
const newest = [ada, ...others].reverse().map((c) => c.id)
const page = await stripe.customers.list({ limit: 3 })
assert.deepEqual([page.object, page.url, page.has_more], ['list', '/v1/customers', true])
assert.deepEqual(page.data.map((c) => c.id), newest.slice(0, 3))
assert.deepEqual((await stripe.customers.list({ limit: 2, starting_after: newest[3] })).data.map((c) => c.id), newest.slice(4, 6))
assert.deepEqual((await stripe.customers.list({ limit: 2, ending_before: newest[3] })).data.map((c) => c.id), newest.slice(1, 3))
assert.deepEqual((await stripe.customers.list({ limit: 10 }).autoPagingToArray({ limit: 100 })).map((c) => c.id), newest)
const backwards = []
for await (const c of stripe.customers.list({ limit: 4, ending_before: newest.at(-1) === ada.id ? others[11].id : '' })) backwards.push(c.id)
assert.deepEqual(backwards, others.slice(12).map((c) => c.id), 'with ending_before the client goes forward in time')
assert.equal((await stripe.customers.list({ email: 'ada@example.com' })).data.length, 1)
assert.equal((await stripe.customers.list({ email: 'Ada@example.com' })).data.length, 0)
await rejected(stripe.customers.list({ limit: 101 }), { statusCode: 400, param: 'limit' })

// Deleted: a stub to read, a stranger to write to.
assert.deepEqual(await stripe.customers.del(ada.id), { id: ada.id, object: 'customer', deleted: true })
assert.deepEqual(await stripe.customers.retrieve(ada.id), { id: ada.id, object: 'customer', deleted: true })
await rejected(stripe.customers.update(ada.id, { name: 'x' }), { code: 'resource_missing' })
await rejected(stripe.customers.del(ada.id), { code: 'resource_missing', statusCode: 404 })
assert.equal((await stripe.customers.list({ email: 'ada@example.com' })).data.length, 0)
