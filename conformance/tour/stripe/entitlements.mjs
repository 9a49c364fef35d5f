// Entitlements: features on products become what a customer may do.
import assert from 'node:assert/strict'
import { eventually, inbox, rejected } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const received = await inbox()
await stripe.webhookEndpoints.create({ url: received.url, enabled_events: ['entitlements.active_entitlement_summary.updated'] })
const export_ = await stripe.entitlements.features.create({ name: 'Export', lookup_key: 'export', metadata: { a: 'b' } })
const api = await stripe.entitlements.features.create({ name: 'API', lookup_key: 'api' })
await rejected(stripe.entitlements.features.create({ name: 'Again', lookup_key: 'api' }), { statusCode: 400 })
assert.equal((await stripe.entitlements.features.update(api.id, { name: 'The API' })).name, 'The API')

const price = await plan(1000)
const attached = await stripe.products.createFeature(price.product, { entitlement_feature: api.id })
assert.equal(attached.entitlement_feature.lookup_key, 'api')
assert.deepEqual((await stripe.products.listFeatures(price.product)).data.map((f) => f.id), [attached.id])

const buyer = await customer()
assert.equal((await stripe.entitlements.activeEntitlements.list({ customer: buyer.id })).data.length, 0)
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }] })
const active = await stripe.entitlements.activeEntitlements.list({ customer: buyer.id })
assert.deepEqual(active.data.map((e) => [e.lookup_key, e.feature]), [['api', api.id]])
assert.equal((await stripe.entitlements.activeEntitlements.retrieve(active.data[0].id)).lookup_key, 'api')
const summary = JSON.parse((await received.of('entitlements.active_entitlement_summary.updated')).body)
assert.equal(summary.data.object.customer, buyer.id)
assert.deepEqual(summary.data.object.entitlements.data.map((e) => e.lookup_key), ['api'])

await stripe.subscriptions.cancel(subscription.id)
await eventually(async () => (await stripe.entitlements.activeEntitlements.list({ customer: buyer.id })).data.length === 0, 'the entitlement to end')
assert.equal((await stripe.products.deleteFeature(price.product, attached.id)).deleted, true)
assert.equal((await stripe.entitlements.features.update(export_.id, { active: false })).active, false)
