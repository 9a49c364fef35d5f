// Schedules: a change of plan at the period's end, released and canceled.
import assert from 'node:assert/strict'
import { advance, rejected, seconds } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const [small, large] = [await plan(1000), await plan(3000)]
const buyer = await customer()
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: large.id }] })

const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id })
assert.match(schedule.id, /^sub_sched_/)
assert.deepEqual([schedule.status, schedule.subscription, schedule.phases.length], ['active', subscription.id, 1])
assert.equal((await stripe.subscriptions.retrieve(subscription.id)).schedule, schedule.id)
const [now] = schedule.phases
const planned = await stripe.subscriptionSchedules.update(schedule.id, {
  end_behavior: 'release',
  phases: [
    { items: [{ price: large.id, quantity: 1 }], start_date: now.start_date, end_date: now.end_date },
    { items: [{ price: small.id, quantity: 1 }], start_date: now.end_date, proration_behavior: 'none' },
  ],
})
assert.equal(planned.phases.length, 2)
assert.equal((await stripe.subscriptionSchedules.list({ customer: buyer.id })).data[0].id, schedule.id)
await advance(now.end_date - now.start_date + 60)
assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, small.id)

const released = await stripe.subscriptionSchedules.release(schedule.id)
assert.deepEqual([released.status, released.released_subscription], ['released', subscription.id])
assert.equal((await stripe.subscriptions.retrieve(subscription.id)).status, 'active')
await rejected(stripe.subscriptionSchedules.cancel(schedule.id), { statusCode: 400 })

const later = await stripe.subscriptionSchedules.create({ customer: buyer.id, start_date: now.end_date + 60 * seconds.day, phases: [{ items: [{ price: small.id }] }] })
assert.equal(later.status, 'not_started')
assert.equal((await stripe.subscriptionSchedules.cancel(later.id)).status, 'canceled')
