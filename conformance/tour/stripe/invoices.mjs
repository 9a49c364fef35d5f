// Invoices made by hand: items, draft, finalized, paid, void; a preview of the
// next one; the payments of one.
import assert from 'node:assert/strict'
import { rejected } from '../kit.mjs'
import { customer, plan, stripe } from '../stripe-kit.mjs'

const buyer = await customer()
const item = await stripe.invoiceItems.create({ customer: buyer.id, amount: 700, currency: 'usd', description: 'Setup' })
const draft = await stripe.invoices.create({ customer: buyer.id, collection_method: 'charge_automatically', pending_invoice_items_behavior: 'include', auto_advance: false })
assert.deepEqual([draft.status, draft.total, draft.billing_reason, draft.auto_advance], ['draft', 700, 'manual', false])
assert.equal((await stripe.invoiceItems.retrieve(item.id)).invoice, draft.id)
await stripe.invoiceItems.create({ customer: buyer.id, invoice: draft.id, amount: 300, currency: 'usd' })
assert.equal((await stripe.invoices.retrieve(draft.id)).total, 1000)
assert.deepEqual((await stripe.invoices.listLineItems(draft.id)).data.map((line) => line.amount).sort((a, b) => a - b), [300, 700])
assert.equal((await stripe.invoices.update(draft.id, { description: 'Thanks' })).description, 'Thanks')

const open = await stripe.invoices.finalizeInvoice(draft.id)
assert.equal(open.status, 'open')
assert.ok(open.number && open.hosted_invoice_url && open.status_transitions.finalized_at)
await rejected(stripe.invoices.del(draft.id), { statusCode: 400 })
const paid = await stripe.invoices.pay(open.id)
assert.deepEqual([paid.status, paid.amount_paid, paid.amount_remaining], ['paid', 1000, 0])
const payments = await stripe.invoicePayments.list({ invoice: paid.id })
assert.deepEqual([payments.data.length, payments.data[0].status, payments.data[0].amount_paid, payments.data[0].payment.type], [1, 'paid', 1000, 'payment_intent'])
await rejected(stripe.invoices.pay(paid.id), { statusCode: 400 })

// Void, uncollectible, sent, deleted.
const another = async (more = {}) => {
  const made = await stripe.invoices.create({ customer: buyer.id, auto_advance: false, ...more })
  await stripe.invoiceItems.create({ customer: buyer.id, invoice: made.id, amount: 100, currency: 'usd' })
  return made.id
}
const [voided, written, sent, dropped] = [await another(), await another(), await another({ collection_method: 'send_invoice', days_until_due: 30 }), await another()]
await stripe.invoices.finalizeInvoice(voided)
assert.equal((await stripe.invoices.voidInvoice(voided)).status, 'void')
await stripe.invoices.finalizeInvoice(written)
assert.equal((await stripe.invoices.markUncollectible(written)).status, 'uncollectible')
assert.equal((await stripe.invoices.sendInvoice(sent)).status, 'open')
assert.equal((await stripe.invoices.del(dropped)).deleted, true)
await rejected(stripe.invoices.retrieve(dropped), { code: 'resource_missing' })

// What the next one will be, and what it would be after a change.
const [small, large] = [await plan(1000), await plan(3000)]
const subscription = await stripe.subscriptions.create({ customer: buyer.id, items: [{ price: small.id }] })
const next = await stripe.invoices.createPreview({ customer: buyer.id, subscription: subscription.id })
assert.equal(next.total, 1000)
assert.equal(next.parent.subscription_details.subscription, subscription.id)
const changed = await stripe.invoices.createPreview({ customer: buyer.id, subscription: subscription.id, subscription_details: { items: [{ id: subscription.items.data[0].id, price: large.id }], proration_behavior: 'always_invoice' } })
assert.equal(changed.total, 2000)
assert.equal((await stripe.subscriptions.retrieve(subscription.id)).items.data[0].price.id, small.id, 'a preview changes nothing')

const listed = await stripe.invoices.list({ customer: buyer.id, status: 'paid' })
assert.ok(listed.data.every((invoice) => invoice.status === 'paid') && listed.data.length >= 2)
assert.deepEqual((await stripe.invoices.list({ subscription: subscription.id })).data.map((i) => i.id), [subscription.latest_invoice])

// Money that does not come.
const poor = await customer('pm_card_chargeCustomerFail')
await stripe.invoiceItems.create({ customer: poor.id, amount: 900, currency: 'usd' })
const unpaid = await stripe.invoices.finalizeInvoice((await stripe.invoices.create({ customer: poor.id, auto_advance: false, pending_invoice_items_behavior: 'include' })).id)
await rejected(stripe.invoices.pay(unpaid.id), { type: 'StripeCardError', code: 'card_declined', statusCode: 402 })
assert.deepEqual([(await stripe.invoices.retrieve(unpaid.id)).status, (await stripe.invoices.retrieve(unpaid.id)).attempted], ['open', true])
