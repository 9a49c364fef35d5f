// Test clocks: customers with a time of their own.
import assert from 'node:assert/strict'
import { eventually, rejected, seconds } from '../kit.mjs'
import { plan, stripe } from '../stripe-kit.mjs'

const start = Math.floor(Date.UTC(2027, 0, 31) / 1000)
const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start, name: 'month ends' })
assert.match(clock.id, /^clock_/)
assert.deepEqual([clock.status, clock.frozen_time], ['ready', start])
const buyer = await stripe.customers.create({ test_clock: clock.id, email: 'clock@example.com', payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' } })
assert.equal(buyer.test_clock, clock.id)
assert.deepEqual((await stripe.customers.list({ test_clock: clock.id })).data.map((c) => c.id), [buyer.id])
assert.equal((await stripe.customers.list()).data.length, 0, 'customers of a clock are listed only by it')

const price = await plan(1000)
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }] })
const day = (unix) => new Date(unix * 1000).toISOString().slice(0, 10)
assert.deepEqual([day(subscription.created), day(subscription.items.data[0].current_period_end)], ['2027-01-31', '2027-02-28'])

async function to(time) {
  const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: time })
  assert.ok(['advancing', 'ready'].includes(advancing.status))
  return eventually(async () => {
    const now = await stripe.testHelpers.testClocks.retrieve(clock.id)
    return now.status === 'ready' && now.frozen_time === time
  }, 'the clock to be ready')
}
await to(start + 29 * seconds.day)
assert.equal(day((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].current_period_end), '2027-03-31', 'the 31st survives February')
await to(start + 60 * seconds.day)
assert.equal((await stripe.invoices.list({ subscription: subscription.id, status: 'paid' })).data.length, 3)
await rejected(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start }), { statusCode: 400 })

const other = await stripe.customers.create({ email: 'outside@example.com' })
assert.equal(other.test_clock, null)
assert.equal((await stripe.testHelpers.testClocks.del(clock.id)).deleted, true)
await rejected(stripe.testHelpers.testClocks.retrieve(clock.id), { code: 'resource_missing' })
assert.equal((await stripe.customers.retrieve(buyer.id)).deleted, true, 'a clock takes its customers with it')
