// Deliveries, verified by every library that verifies them: Clerk's own, Svix's,
// and the one of Standard Webhooks. What was altered passes none.
import assert from 'node:assert/strict'
import { verifyWebhook } from '@clerk/backend/webhooks'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { clerk, deliverTo, user, webhookSecret } from '../clerk-kit.mjs'
import { altered, inbox } from '../kit.mjs'

const received = await inbox()
await deliverTo({ URL: received.url, Secret: webhookSecret })
const { id } = await user('hook@example.com', { publicMetadata: { a: 1 } })
const created = await received.of('user.created')

const request = ({ headers, body }) => new Request(received.url, { method: 'POST', headers, body })
const event = await verifyWebhook(request(created), { signingSecret: webhookSecret })
assert.equal(event.type, 'user.created')
assert.equal(event.data.id, id)
assert.deepEqual(event.data.public_metadata, { a: 1 })
assert.match(event.instance_id, /^ins_/)
assert.ok(event.timestamp > 0)

new SvixWebhook(webhookSecret).verify(created.body, created.headers) // throws when it does not hold
const standard = { 'webhook-id': created.headers['svix-id'], 'webhook-timestamp': created.headers['svix-timestamp'], 'webhook-signature': created.headers['svix-signature'] }
assert.equal(new StandardWebhook(webhookSecret).verify(created.body, standard).data.id, id)

// Another body, another id, another time, another secret: refused by all three.
const late = { ...created.headers, 'svix-timestamp': String(Number(created.headers['svix-timestamp']) - 600) }
const otherSecret = 'whsec_' + Buffer.from('another secret of some length').toString('base64')
for (const [what, { headers, body, secret = webhookSecret }] of Object.entries({
  body: { headers: created.headers, body: altered(created.body) },
  id: { headers: { ...created.headers, 'svix-id': 'msg_other' }, body: created.body },
  time: { headers: late, body: created.body },
  secret: { headers: created.headers, body: created.body, secret: otherSecret },
})) {
  await assert.rejects(verifyWebhook(request({ headers, body }), { signingSecret: secret }), `verifyWebhook and another ${what}`)
  assert.throws(() => new SvixWebhook(secret).verify(body, headers), `svix and another ${what}`)
  const renamed = { 'webhook-id': headers['svix-id'], 'webhook-timestamp': headers['svix-timestamp'], 'webhook-signature': headers['svix-signature'] }
  assert.throws(() => new StandardWebhook(secret).verify(body, renamed), `standardwebhooks and another ${what}`)
}

// Two secrets while one is rolled: both verify.
await deliverTo({ URL: received.url, Secret: webhookSecret, Secrets: [otherSecret] })
await clerk.users.updateUserMetadata(id, { publicMetadata: { a: 2 } })
const updated = await received.of('user.updated')
for (const secret of [webhookSecret, otherSecret]) assert.equal((await verifyWebhook(request(updated), { signingSecret: secret })).type, 'user.updated')

// A deletion carries no address and no metadata.
await clerk.users.deleteUser(id)
const deleted = await verifyWebhook(request(await received.of('user.deleted')), { signingSecret: webhookSecret })
assert.equal(deleted.data.deleted, true)
assert.equal(deleted.data.email_addresses, undefined)
