// Search, which sees a change only after a while.
import assert from 'node:assert/strict'
import { advance, rejected } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const ids = []
for (let i = 0; i < 12; i++) ids.push((await stripe.customers.create({ email: `s${i}@example.com`, name: i % 2 ? 'Odd One' : 'Even One', metadata: { clerk_user_id: `user_${i}`, half: i < 6 ? 'first' : 'second' } })).id)
const find = async (query, more = {}) => stripe.customers.search({ query, ...more })

assert.equal((await find("email:'s3@example.com'")).data.length, 0, 'not yet')
await advance(60)
const found = await find("email:'s3@example.com'")
assert.deepEqual([found.object, found.url, found.has_more], ['search_result', '/v1/customers/search', false])
assert.deepEqual(found.data.map((c) => c.id), [ids[3]])
assert.deepEqual((await find("metadata['clerk_user_id']:'user_5'")).data.map((c) => c.id), [ids[5]])
assert.equal((await find("metadata['half']:'first' AND -email:'s0@example.com'", { limit: 100 })).data.length, 5)
assert.equal((await find("email:'s1@example.com' OR email:'s2@example.com'")).data.length, 2)
assert.equal((await find("name~'odd'", { limit: 100 })).data.length, 6)
assert.equal((await find(`created>${Math.floor(Date.now() / 1000) - 3600}`, { limit: 100 })).data.length, 12)
assert.equal((await stripe.customers.search({ query: "metadata['half']:'second'", limit: 4 }).autoPagingToArray({ limit: 50 })).length, 6)
await rejected(find('colour:"red"'), { statusCode: 400 })
await rejected(find("email:'a' AND name:'b' OR phone:'c'"), { statusCode: 400 })

await stripe.customers.update(ids[3], { email: 'moved@example.com' })
assert.equal((await find("email:'s3@example.com'")).data.length, 1, 'still the old address')
await advance(60)
assert.equal((await find("email:'moved@example.com'")).data.length, 1)

const buyer = await customer()
const price = await plan(1000)
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }], metadata: { of: 'search' } })
await advance(60)
assert.deepEqual((await stripe.subscriptions.search({ query: "status:'active' AND metadata['of']:'search'" })).data.map((s) => s.id), [subscription.id])
