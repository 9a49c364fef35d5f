// better-auth's Stripe plugin: an application with users of its own that leaves
// billing to it. Nothing of it is changed; its Stripe client is told the host.
//
// A person signs up, buys, changes the plan, cancels, thinks better of it, and
// the plugin's database follows by webhooks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { stripe as stripePlugin } from '@better-auth/stripe'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import Stripe from 'stripe'
import { STRIPE_KEY, STRIPE_URL, eventually, submit } from '../kit.mjs'
import { pay } from '../stripe-kit.mjs'

// This is what was needed to point it at the simulator.
const { hostname: host, port } = new URL(STRIPE_URL)
const client = new Stripe(STRIPE_KEY, { host, port, protocol: 'http', telemetry: false })

// The application.
const server = http.createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1')
await once(server, 'listening')
server.unref()
const app = `http://127.0.0.1:${server.address().port}`
const product = await client.products.create({ name: 'Plans' })
const price = (lookup_key, unit_amount) => client.prices.create({ product: product.id, lookup_key, unit_amount, currency: 'usd', recurring: { interval: 'month' } })
const [basic, pro] = [await price('basic', 1000), await price('pro', 3000)]
const endpoint = await client.webhookEndpoints.create({ url: `${app}/api/auth/stripe/webhook`, enabled_events: ['checkout.session.completed', 'customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted'] })
const database = { user: [], session: [], account: [], verification: [], subscription: [] }
const auth = betterAuth({
  baseURL: app,
  secret: 'a secret of a test that nobody guesses',
  database: memoryAdapter(database),
  emailAndPassword: { enabled: true },
  logger: { level: 'error' },
  telemetry: { enabled: false },
  plugins: [
    stripePlugin({
      stripeClient: client,
      stripeWebhookSecret: endpoint.secret,
      createCustomerOnSignUp: true,
      subscription: { enabled: true, plans: [{ name: 'basic', priceId: basic.id }, { name: 'pro', lookupKey: 'pro' }] },
    }),
  ],
})
const handler = toNodeHandler(auth)

// What is switched on in Stripe's dashboard: the portal lets customers change plans.
const [standard] = (await client.billingPortal.configurations.list({ is_default: true })).data
const features = { subscription_update: { enabled: true, default_allowed_updates: ['price', 'quantity'], proration_behavior: 'create_prorations', products: [{ product: product.id, prices: [basic.id, pro.id] }] } }
await client.billingPortal.configurations[standard ? 'update' : 'create'](...(standard ? [standard.id] : []), { features })

// The browser.
let cookie = ''
async function post(path, body) {
  const response = await fetch(`${app}/api/auth/${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json', Origin: app, Cookie: cookie }, body: JSON.stringify(body) })
  cookie = response.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ') || cookie
  const text = await response.text()
  assert.equal(response.status, 200, `${path}: ${text}`)
  return JSON.parse(text)
}
const subscription = () => database.subscription[0]

// Signing up makes a customer.
await post('sign-up/email', { name: 'Ada', email: 'ada@example.com', password: 'correct horse' })
const customer = await client.customers.retrieve(database.user[0].stripeCustomerId)
assert.equal(customer.email, 'ada@example.com')
assert.equal(customer.metadata.userId, database.user[0].id)

// Buying goes through a checkout.
const urls = { successUrl: `${app}/welcome`, cancelUrl: `${app}/plans`, returnUrl: `${app}/account` }
const checkout = await post('subscription/upgrade', { plan: 'basic', ...urls })
assert.equal(checkout.object, 'checkout.session')
assert.equal(subscription().status, 'incomplete')
await pay(checkout)
await eventually(() => subscription().status === 'active', 'the subscription to be active')
assert.equal(subscription().plan, 'basic')
assert.ok(subscription().periodEnd > new Date())
const back = await fetch((await client.checkout.sessions.retrieve(checkout.id)).success_url.replace('{CHECKOUT_SESSION_ID}', checkout.id), { headers: { Cookie: cookie }, redirect: 'manual' })
assert.equal(back.headers.get('Location'), `${app}/welcome`)

// Another plan is confirmed in the portal.
const change = await post('subscription/upgrade', { plan: 'pro', ...urls })
await confirm(change.url)
await eventually(() => subscription().plan === 'pro', 'the plan to be pro')

// Cancelling, in the portal, and taking it back.
const ending = await post('subscription/cancel', { returnUrl: urls.returnUrl })
await confirm(ending.url)
await eventually(() => subscription().cancelAt || subscription().cancelAtPeriodEnd, 'the subscription to be ending')
assert.equal(subscription().status, 'active')
await post('subscription/restore', {})
const restored = await client.subscriptions.retrieve(subscription().stripeSubscriptionId)
assert.deepEqual([restored.cancel_at, restored.cancel_at_period_end], [null, false])

// At the end of the next cancellation nothing is left of it.
await client.subscriptions.cancel(restored.id)
await eventually(() => subscription().status === 'canceled', 'the subscription to be canceled')
assert.ok((await post('subscription/billing-portal', { returnUrl: urls.returnUrl })).url)

// confirm presses the one button of a portal flow, which is where the link leads.
async function confirm(url) {
  const page = await fetch(url)
  const [form] = (await page.text()).match(/<form method="post"[^]*?<\/form>/)
  const fields = [...form.matchAll(/<(?:input type="hidden"|button)[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')])
  const done = await submit(page.url, Object.fromEntries(fields.filter(([name]) => name)))
  assert.ok(done.status < 400, `${page.url}: ${done.status} ${await done.text()}`)
}

function attribute(tag, name) {
  return tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? ''
}
