// Users: created, found, counted, paged through, changed, deleted.
import assert from 'node:assert/strict'
import { clerk, user } from '../clerk-kit.mjs'
import { rejected } from '../kit.mjs'

const ada = await user('ada@example.com', { firstName: 'Ada', lastName: 'Lovelace', externalId: 'crm-1', publicMetadata: { seen: true } })
assert.match(ada.id, /^user_/)
assert.equal(ada.primaryEmailAddress.emailAddress, 'ada@example.com')
assert.equal(ada.primaryEmailAddress.verification.status, 'verified', 'what the Backend API adds counts as verified')
assert.equal(ada.fullName, 'Ada Lovelace')
assert.equal(ada.externalId, 'crm-1')
assert.deepEqual(ada.publicMetadata, { seen: true })
assert.equal(ada.passwordEnabled, false)

const read = await clerk.users.getUser(ada.id)
assert.deepEqual(read.raw, ada.raw, 'a user reads as it was written')

// No two users share an address.
const twice = await rejected(user('ada@example.com'), { status: 422, clerkError: true })
assert.equal(twice.errors[0].code, 'form_identifier_exists')
assert.equal(twice.errors[0].meta.paramName, 'email_address')
await rejected(clerk.users.getUser('user_nobody'), { status: 404 })

// Lists: newest first, with the count beside it.
const others = []
for (let i = 0; i < 14; i++) others.push(await user(`member-${i}@example.com`, { firstName: `Member ${i}` }))
const first = await clerk.users.getUserList()
assert.equal(first.data.length, 10)
assert.equal(first.totalCount, 15)
assert.equal(first.data[0].id, others.at(-1).id)
const rest = await clerk.users.getUserList({ limit: 10, offset: 10 })
assert.deepEqual([...first.data, ...rest.data].map((u) => u.id), [ada, ...others].reverse().map((u) => u.id))
assert.equal((await clerk.users.getUserList({ orderBy: '+created_at', limit: 1 })).data[0].id, ada.id)
assert.equal((await clerk.users.getUserList({ emailAddress: ['member-3@example.com'] })).data[0].id, others[3].id)
assert.equal((await clerk.users.getUserList({ externalId: ['crm-1'] })).data[0].id, ada.id)
assert.deepEqual((await clerk.users.getUserList({ userId: [others[1].id, others[2].id] })).data.map((u) => u.id), [others[2].id, others[1].id])
assert.equal((await clerk.users.getUserList({ query: 'lovelace' })).data[0].id, ada.id)
assert.equal(await clerk.users.getCount(), 15)
assert.equal(await clerk.users.getCount({ externalId: ['crm-1'] }), 1)

// Changed and deleted.
const renamed = await clerk.users.updateUser(ada.id, { lastName: 'King', externalId: 'crm-2' })
assert.equal(renamed.lastName, 'King')
assert.ok(renamed.updatedAt >= ada.updatedAt)
const gone = await clerk.users.deleteUser(ada.id)
assert.equal(gone.deleted, true)
assert.equal(gone.id, ada.id)
await rejected(clerk.users.getUser(ada.id), { status: 404 })
await rejected(clerk.users.deleteUser(ada.id), { status: 404 })
assert.equal(await clerk.users.getCount(), 14)
