// Money that goes back: refunds in parts, disputes that are lost or given up.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { mark, since, stripe } from '../stripe-kit.mjs'

const charge = async (payment_method = 'pm_card_visa', amount = 1000) =>
  (await stripe.paymentIntents.create({ amount, currency: 'usd', payment_method, confirm: true, automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, expand: ['latest_charge'] }))

const paid = await charge()
const before = await mark()
const part = await stripe.refunds.create({ payment_intent: paid.id, amount: 400, reason: 'requested_by_customer', metadata: { ticket: '9' } })
assert.match(part.id, /^re_/)
assert.deepEqual([part.status, part.amount, part.charge, part.payment_intent], ['succeeded', 400, paid.latest_charge.id, paid.id])
assert.deepEqual([(await stripe.charges.retrieve(part.charge)).amount_refunded, (await stripe.charges.retrieve(part.charge)).refunded], [400, false])
await rejected(stripe.refunds.create({ payment_intent: paid.id, amount: 601 }), { statusCode: 400 })
await stripe.refunds.create({ charge: part.charge })
assert.equal((await stripe.charges.retrieve(part.charge)).refunded, true)
await rejected(stripe.refunds.create({ charge: part.charge }), { code: 'charge_already_refunded', statusCode: 400 })
assert.equal((await stripe.refunds.list({ payment_intent: paid.id })).data.length, 2)
assert.deepEqual((await stripe.refunds.update(part.id, { metadata: { ticket: '10' } })).metadata, { ticket: '10' })
const kinds = await since(before)
for (const kind of ['refund.created', 'charge.refunded', 'charge.refund.updated']) assert.ok(kinds.includes(kind), `${kind} in ${kinds}`)

// A card whose owner disputes at once.
const disputed = await charge('pm_card_createDispute', 5000)
const [dispute] = (await stripe.disputes.list({ payment_intent: disputed.id })).data
assert.deepEqual([dispute.status, dispute.amount, dispute.charge], ['needs_response', 5000, disputed.latest_charge.id])
assert.equal((await stripe.charges.retrieve(dispute.charge)).disputed, true)
const answered = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'winning_evidence' }, submit: true })
assert.ok(['under_review', 'won'].includes(answered.status), answered.status)
const inquiry = (await stripe.disputes.list({ payment_intent: (await charge('pm_card_createDisputeInquiry', 700)).id })).data[0]
assert.equal(inquiry.status, 'warning_needs_response')
const lost = (await stripe.disputes.list({ payment_intent: (await charge('pm_card_createDispute', 800)).id })).data[0]
assert.equal((await stripe.disputes.close(lost.id)).status, 'lost')
assert.ok((await since(before)).includes('charge.dispute.closed'))
