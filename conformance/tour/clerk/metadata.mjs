// Metadata: merged deeply, replaced wholly, limited in size.
import assert from 'node:assert/strict'
import { clerk, user } from '../clerk-kit.mjs'
import { rejected } from '../kit.mjs'

const { id } = await user('meta@example.com', { publicMetadata: { billing: { plan: 'free', seats: 1 } }, privateMetadata: { crm: 7 }, unsafeMetadata: { theme: 'dark' } })

const merged = await clerk.users.updateUserMetadata(id, { publicMetadata: { billing: { plan: 'pro' }, beta: true } })
assert.deepEqual(merged.publicMetadata, { billing: { plan: 'pro', seats: 1 }, beta: true }, 'merged at every level')
assert.deepEqual(merged.privateMetadata, { crm: 7 }, 'what was not sent stays')
assert.deepEqual(merged.unsafeMetadata, { theme: 'dark' })

const removed = await clerk.users.updateUserMetadata(id, { publicMetadata: { billing: { seats: null }, beta: null } })
assert.deepEqual(removed.publicMetadata, { billing: { plan: 'pro' } }, 'null removes, at every level')

const replaced = await clerk.users.replaceUserMetadata(id, { publicMetadata: { only: 'this' } })
assert.deepEqual(replaced.publicMetadata, { only: 'this' })
assert.deepEqual(replaced.privateMetadata, { crm: 7 }, 'a field that was not supplied is not replaced')

// Since API version 2026-05-12 the update of a user takes no metadata: the
// client sends it to the two routes above.
await rejected(clerk.users.updateUserMetadata(id, { publicMetadata: { big: 'x'.repeat(9000) } }), { status: 422 })

const organization = await clerk.organizations.createOrganization({ name: 'Acme', createdBy: id, publicMetadata: { plan: 'free' } })
const acme = await clerk.organizations.updateOrganizationMetadata(organization.id, { publicMetadata: { seats: 5 }, privateMetadata: { stripe: 'cus_1' } })
assert.deepEqual(acme.publicMetadata, { plan: 'free', seats: 5 })
assert.deepEqual(acme.privateMetadata, { stripe: 'cus_1' })
const cleared = await clerk.organizations.replaceOrganizationMetadata(organization.id, { publicMetadata: {} })
assert.deepEqual(cleared.publicMetadata, {})

const member = await clerk.organizations.updateOrganizationMembershipMetadata({ organizationId: organization.id, userId: id, publicMetadata: { desk: 12 } })
assert.deepEqual(member.publicMetadata, { desk: 12 })
