// Coupons and promotion codes, as far as a checkout and a subscription take them.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { customer, pay, plan, stripe } from '../stripe-kit.mjs'

const percent = await stripe.coupons.create({ percent_off: 25, duration: 'repeating', duration_in_months: 3, name: 'Spring' })
assert.deepEqual([percent.valid, percent.times_redeemed, percent.percent_off], [true, 0, 25])
const amount = await stripe.coupons.create({ id: 'FIVE', amount_off: 500, currency: 'usd', duration: 'once' })
assert.equal(amount.id, 'FIVE')
assert.deepEqual((await stripe.coupons.update('FIVE', { metadata: { a: 'b' } })).metadata, { a: 'b' })
await rejected(stripe.coupons.create({ percent_off: 10, amount_off: 10, currency: 'usd' }), { statusCode: 400 })
await rejected(stripe.coupons.retrieve('NONE'), { code: 'resource_missing' })

const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: percent.id }, code: 'SPRING25', max_redemptions: 1 })
assert.deepEqual([code.active, code.code, code.promotion.coupon], [true, 'SPRING25', percent.id])
assert.deepEqual((await stripe.promotionCodes.list({ code: 'SPRING25' })).data.map((c) => c.id), [code.id])

const price = await plan(2000)
const buyer = await customer()
const discounted = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }], discounts: [{ coupon: 'FIVE' }], expand: ['latest_invoice', 'discounts'] })
assert.deepEqual([discounted.latest_invoice.subtotal, discounted.latest_invoice.total], [2000, 1500])
assert.equal(discounted.latest_invoice.total_discount_amounts[0].amount, 500)
assert.equal((await stripe.subscriptions.retrieve(discounted.id)).discounts.length, 0, 'once is over after the first invoice')
const longer = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: price.id }], discounts: [{ coupon: percent.id }], expand: ['latest_invoice', 'discounts'] })
assert.deepEqual([longer.latest_invoice.total, longer.discounts[0].source.coupon, longer.discounts[0].subscription], [1500, percent.id, longer.id])

const session = await stripe.checkout.sessions.create({ mode: 'subscription', success_url: 'https://app.example/ok', line_items: [{ price: price.id, quantity: 1 }], discounts: [{ promotion_code: code.id }] })
assert.deepEqual([session.amount_subtotal, session.amount_total, session.total_details.amount_discount], [2000, 1500, 500])
await pay(session)
assert.equal((await stripe.promotionCodes.retrieve(code.id)).times_redeemed, 1)
assert.equal((await stripe.promotionCodes.retrieve(code.id)).active, false, 'it could be redeemed once')
assert.equal((await stripe.promotionCodes.update(code.id, { metadata: { used: 'yes' } })).metadata.used, 'yes')
assert.equal((await stripe.coupons.del('FIVE')).deleted, true)
