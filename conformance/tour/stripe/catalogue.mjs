// Products and prices, and lookup keys that move from price to price.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { stripe } from '../stripe-kit.mjs'

const product = await stripe.products.create({ name: 'Pro', description: 'All of it', metadata: { tier: '2' } })
assert.match(product.id, /^prod_/)
assert.equal(product.active, true)
const own = await stripe.products.create({ id: 'gold', name: 'Gold' })
assert.equal(own.id, 'gold', 'a product may be named by its maker')
await rejected(stripe.products.create({ id: 'gold', name: 'Gold again' }), { code: 'resource_already_exists' })

const monthly = await stripe.prices.create({ product: product.id, unit_amount: 2900, currency: 'usd', recurring: { interval: 'month' }, lookup_key: 'pro', nickname: 'monthly' })
assert.deepEqual([monthly.type, monthly.recurring.interval, monthly.recurring.interval_count, monthly.unit_amount_decimal.toString()], ['recurring', 'month', 1, '2900'])
const once = await stripe.prices.create({ unit_amount: 500, currency: 'eur', product_data: { name: 'Sticker' } })
assert.deepEqual([once.type, once.recurring], ['one_time', null])

// A lookup key belongs to one price, unless it is taken from it.
await rejected(stripe.prices.create({ product: product.id, unit_amount: 3900, currency: 'usd', recurring: { interval: 'month' }, lookup_key: 'pro' }), { statusCode: 400 })
const dearer = await stripe.prices.create({ product: product.id, unit_amount: 3900, currency: 'usd', recurring: { interval: 'month' }, lookup_key: 'pro', transfer_lookup_key: true })
assert.deepEqual((await stripe.prices.list({ lookup_keys: ['pro'] })).data.map((p) => p.id), [dearer.id])
assert.equal((await stripe.prices.retrieve(monthly.id)).lookup_key, null)

assert.equal((await stripe.prices.update(monthly.id, { active: false })).active, false)
assert.deepEqual((await stripe.prices.list({ product: product.id, active: true })).data.map((p) => p.id), [dearer.id])
assert.deepEqual((await stripe.prices.list({ type: 'one_time' })).data.map((p) => p.id), [once.id])
assert.equal((await stripe.prices.retrieve(dearer.id, { expand: ['product'] })).product.name, 'Pro')
assert.equal((await stripe.products.update(product.id, { default_price: dearer.id })).default_price, dearer.id)
assert.deepEqual((await stripe.products.list({ ids: [product.id] })).data.map((p) => p.id), [product.id])

assert.equal((await stripe.products.update(own.id, { name: 'Golden', active: false })).active, false)
await rejected(stripe.products.del(product.id), { statusCode: 400 }) // it has prices
assert.equal((await stripe.products.del(own.id)).deleted, true)
await rejected(stripe.prices.retrieve('price_none'), { code: 'resource_missing', statusCode: 404 })
