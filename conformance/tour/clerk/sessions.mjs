// Sessions and their tokens, verified by Clerk's own library with the published
// keys, as a backend does.
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { verifyToken } from '@clerk/backend'
import { clerk, user } from '../clerk-kit.mjs'
import { CLERK_KEY, CLERK_URL, altered, rejected } from '../kit.mjs'

const { id } = await user('session@example.com', { publicMetadata: { billing: { plan: 'pro' } } })
const session = await clerk.sessions.createSession({ userId: id })
assert.match(session.id, /^sess_/)
assert.equal(session.status, 'active')
assert.equal((await clerk.sessions.getSession(session.id)).userId, id)
const listed = await clerk.sessions.getSessionList({ userId: id, status: 'active' })
assert.deepEqual([listed.totalCount, listed.data[0].id], [1, session.id])

// By the key set of the Backend API, which the library fetches itself.
const { jwt } = await clerk.sessions.getToken(session.id)
const claims = await verifyToken(jwt, { secretKey: CLERK_KEY, apiUrl: CLERK_URL })
assert.equal(claims.sub, id)
assert.equal(claims.sid, session.id)
assert.equal(claims.v, 2)
assert.equal(claims.plan, 'pro', 'a claim of the session-token template')
assert.equal(claims.exp - claims.iat, 60)

// Without a network: a key from the public key set as PEM.
const { keys } = await (await fetch(`${CLERK_URL}/.well-known/jwks.json`)).json()
assert.deepEqual((await clerk.jwks.getJwks()).keys.map((key) => key.kid), keys.map((key) => key.kid))
const jwtKey = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })
assert.equal((await verifyToken(jwt, { jwtKey })).sid, session.id)
await assert.rejects(verifyToken(altered(jwt), { jwtKey }), /signature|invalid/i)
await assert.rejects(verifyToken(jwt, { jwtKey, authorizedParties: ['https://elsewhere.example'] }), /azp|authorized/i)

// With an organization chosen the token says so: a role without its prefix.
const organization = await clerk.organizations.createOrganization({ name: 'Acme', slug: 'acme', createdBy: id })
const membership = (await clerk.users.getOrganizationMembershipList({ userId: id })).data[0]
assert.equal(membership.organization.id, organization.id)
assert.equal(membership.role, 'org:admin')

// The whole request, as a middleware sees it.
const state = await clerk.authenticateRequest(new Request('http://app.test/', { headers: { Authorization: `Bearer ${jwt}` } }), { jwtKey, publishableKey: publishable() })
assert.equal(state.isAuthenticated, true)
assert.equal(state.toAuth().userId, id)

// A session that was revoked gives no more tokens.
assert.equal((await clerk.sessions.revokeSession(session.id)).status, 'revoked')
await rejected(clerk.sessions.getToken(session.id), { clerkError: true })
await rejected(clerk.sessions.getSession('sess_none'), { status: 404 })

// publishable is a publishable key: the address of the instance, encoded.
function publishable() {
  return 'pk_test_' + Buffer.from('simulator.clerk.accounts.dev$').toString('base64')
}
