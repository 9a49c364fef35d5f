// Organizations, their members and roles, and invitations up to membership.
import assert from 'node:assert/strict'
import { clerk, user } from '../clerk-kit.mjs'
import { rejected } from '../kit.mjs'

const admin = await user('admin@example.com', { firstName: 'Grace' })
const acme = await clerk.organizations.createOrganization({ name: 'Acme Inc', slug: 'acme', createdBy: admin.id, maxAllowedMemberships: 3 })
assert.match(acme.id, /^org_/)
assert.equal(acme.slug, 'acme')
assert.equal((await clerk.organizations.getOrganization({ slug: 'acme' })).id, acme.id)
assert.equal((await clerk.organizations.getOrganization({ organizationId: acme.id, includeMembersCount: true })).membersCount, 1)
await rejected(clerk.organizations.getOrganization({ organizationId: 'org_none' }), { status: 404 })

const member = await user('member@example.com')
const joined = await clerk.organizations.createOrganizationMembership({ organizationId: acme.id, userId: member.id, role: 'org:member' })
assert.equal(joined.role, 'org:member')
assert.equal(joined.publicUserData.userId, member.id)
assert.equal(joined.organization.id, acme.id)
await rejected(clerk.organizations.createOrganizationMembership({ organizationId: acme.id, userId: member.id, role: 'org:member' }), { status: 400 })

const raised = await clerk.organizations.updateOrganizationMembership({ organizationId: acme.id, userId: member.id, role: 'org:admin' })
assert.equal(raised.role, 'org:admin')
const members = await clerk.organizations.getOrganizationMembershipList({ organizationId: acme.id, orderBy: '+created_at' })
assert.deepEqual(members.data.map((m) => m.publicUserData.userId), [admin.id, member.id])
assert.equal(members.totalCount, 2)
assert.equal((await clerk.organizations.getOrganizationMembershipList({ organizationId: acme.id, userId: [member.id] })).data.length, 1)
assert.equal((await clerk.organizations.getInstanceOrganizationMembershipList({ limit: 1 })).totalCount, 2)
assert.equal((await clerk.users.getOrganizationMembershipList({ userId: member.id })).data[0].organization.name, 'Acme Inc')
assert.equal((await clerk.users.getUserList({ organizationId: [acme.id] })).totalCount, 2)

// An invitation holds a place until it is accepted or revoked.
const invited = await clerk.organizations.createOrganizationInvitation({ organizationId: acme.id, inviterUserId: admin.id, emailAddress: 'guest@example.com', role: 'org:member', publicMetadata: { team: 'red' } })
assert.equal(invited.status, 'pending')
assert.equal(invited.emailAddress, 'guest@example.com')
assert.deepEqual((await clerk.organizations.getOrganizationInvitationList({ organizationId: acme.id, status: ['pending'] })).data.map((i) => i.id), [invited.id])
assert.equal((await clerk.organizations.getOrganizationInvitation({ organizationId: acme.id, invitationId: invited.id })).id, invited.id)
await rejected(clerk.organizations.createOrganizationInvitation({ organizationId: acme.id, inviterUserId: admin.id, emailAddress: 'guest@example.com', role: 'org:member' }), { clerkError: true })
const revoked = await clerk.organizations.revokeOrganizationInvitation({ organizationId: acme.id, invitationId: invited.id, requestingUserId: admin.id })
assert.equal(revoked.status, 'revoked')

// Changed, left, ended.
const renamed = await clerk.organizations.updateOrganization(acme.id, { name: 'Acme AG', slug: 'acme-ag' })
assert.equal(renamed.name, 'Acme AG')
const left = await clerk.organizations.deleteOrganizationMembership({ organizationId: acme.id, userId: member.id })
assert.equal(left.publicUserData.userId, member.id)
const second = await clerk.organizations.createOrganization({ name: 'Second', createdBy: admin.id })
const list = await clerk.organizations.getOrganizationList({ orderBy: '+created_at', includeMembersCount: true })
assert.deepEqual(list.data.map((o) => [o.name, o.membersCount]), [['Acme AG', 1], ['Second', 1]])
assert.equal((await clerk.organizations.getOrganizationList({ query: 'seco' })).data[0].id, second.id)
const gone = await clerk.organizations.deleteOrganization(second.id)
assert.equal(gone.deleted, true)
assert.equal((await clerk.organizations.getOrganizationList()).totalCount, 1)
