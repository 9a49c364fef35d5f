// The billing portal: configurations, sessions, and the page that cancels.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const price = await plan()
const buyer = await customer()
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }] })

const configuration = await stripe.billingPortal.configurations.create({
  business_profile: { headline: 'Lockstep' },
  features: { invoice_history: { enabled: true }, payment_method_update: { enabled: true }, customer_update: { enabled: true, allowed_updates: ['email'] }, subscription_cancel: { enabled: true, mode: 'at_period_end' } },
})
assert.match(configuration.id, /^bpc_/)
assert.equal(configuration.active, true)
assert.equal(configuration.features.subscription_cancel.mode, 'at_period_end')
assert.equal(configuration.features.subscription_update.enabled, false)
assert.deepEqual(await stripe.billingPortal.configurations.retrieve(configuration.id), configuration)
const changed = await stripe.billingPortal.configurations.update(configuration.id, { features: { subscription_cancel: { enabled: true, mode: 'immediately' } }, default_return_url: 'https://app.example/account' })
assert.equal(changed.features.subscription_cancel.mode, 'immediately')
assert.ok((await stripe.billingPortal.configurations.list()).data.some((c) => c.id === configuration.id))

const session = await stripe.billingPortal.sessions.create({ customer: buyer.id, return_url: 'https://app.example/account', configuration: configuration.id })
assert.match(session.id, /^bps_/)
assert.deepEqual([session.customer, session.configuration, session.return_url], [buyer.id, configuration.id, 'https://app.example/account'])
const page = await fetch(session.url)
assert.equal(page.status, 200)
assert.equal(page.headers.get('X-Lockstep-Simulator'), 'stripe')

const flow = await stripe.billingPortal.sessions.create({ customer: buyer.id, flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: subscription.id } } })
assert.equal(flow.flow.type, 'subscription_cancel')
assert.equal(flow.flow.subscription_cancel.subscription, subscription.id)
assert.equal((await fetch(flow.url)).status, 200)
assert.ok((await stripe.events.list({ type: 'billing_portal.session.created' })).data.length >= 2)

await rejected(stripe.billingPortal.sessions.create({ customer: 'cus_none' }), { code: 'resource_missing', param: 'customer', statusCode: 400 })
await rejected(stripe.billingPortal.sessions.create({ customer: buyer.id, configuration: 'bpc_none' }), { code: 'resource_missing' })
await rejected(stripe.billingPortal.sessions.create({ customer: buyer.id, flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: 'sub_none' } } }), { code: 'resource_missing' })
