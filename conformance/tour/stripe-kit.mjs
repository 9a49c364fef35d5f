// stripe-node, told where the simulator is and nothing else. STRIPE_PACKAGE says
// which of the two release lines a chapter is run with.
import assert from 'node:assert/strict'
import { STRIPE_KEY, STRIPE_URL } from './kit.mjs'

export const { default: Stripe } = await import(process.env.STRIPE_PACKAGE ?? 'stripe-endive')

const { hostname: host, port } = new URL(STRIPE_URL)

// client makes a client with other options.
export const client = (options, key = STRIPE_KEY) => new Stripe(key, { host, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0, ...options })

export const stripe = client()

export const endive = Stripe.API_VERSION?.endsWith('endive') ?? true

// plan makes a product with one monthly price.
export async function plan(unit_amount = 2000, more = {}) {
  const product = await stripe.products.create({ name: `Plan of ${unit_amount}` })
  return stripe.prices.create({ product: product.id, unit_amount, currency: 'usd', recurring: { interval: 'month' }, ...more })
}

// customer makes a customer with a card that pays by default.
export async function customer(card = 'pm_card_visa', more = {}) {
  const made = await stripe.customers.create({ email: 'buyer@example.com', ...more })
  const method = await stripe.paymentMethods.attach(card, { customer: made.id })
  return stripe.customers.update(made.id, { invoice_settings: { default_payment_method: method.id } })
}

// pay completes a checkout session without a browser, as Stripe's own CLI does.
export async function pay(session, token = 'tok_visa') {
  const page = await stripe.rawRequest('GET', `/v1/payment_pages/${session.id}`)
  assert.equal(page.object, 'checkout.session')
  const method = await stripe.paymentMethods.create({ type: 'card', card: { token }, billing_details: { email: 'buyer@example.com', name: 'Jenny Rosen' } })
  return stripe.rawRequest('POST', `/v1/payment_pages/${session.id}/confirm`, { payment_method: method.id, expected_amount: session.amount_total ?? 0 })
}

// since lists the types of the events after a mark, oldest first.
export async function since(mark) {
  const kinds = []
  for await (const event of stripe.events.list({ ending_before: mark, limit: 100 })) kinds.push(event.type)
  return kinds
}

// mark is the newest event.
export async function mark() {
  return (await stripe.events.list({ limit: 1 })).data[0].id
}
