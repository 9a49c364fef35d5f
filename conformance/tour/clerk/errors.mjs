// Errors as the client's classes, and the rate limit with its Retry-After.
import assert from 'node:assert/strict'
import { createClerkClient } from '@clerk/backend'
import { isClerkAPIResponseError } from '@clerk/shared/error'
import { clerk, user } from '../clerk-kit.mjs'
import { CLERK_URL, control, rejected } from '../kit.mjs'

const missing = await rejected(clerk.users.getUser('user_none'), { status: 404 })
assert.ok(isClerkAPIResponseError(missing))
assert.equal(missing.errors[0].code, 'resource_not_found')
assert.ok(missing.errors[0].message && missing.errors[0].longMessage)
assert.ok(missing.clerkTraceId, 'a trace id to quote')

const stranger = createClerkClient({ secretKey: 'sk_test_wrong', apiUrl: CLERK_URL })
const refused = await rejected(stranger.users.getUserList(), { status: 401 })
assert.match(refused.errors[0].code, /^(authentication_invalid|clerk_key_invalid)$/)

const unknown = await rejected(user('unknown@example.com', { legalAcceptedAt: 'yesterday' }), { status: 422 })
assert.match(unknown.errors[0].code, /^form_param_/)

// Ten metadata writes in ten seconds for one user, then 429 with the seconds to wait.
const { id } = await user('busy@example.com')
let limited
for (let i = 0; i < 12 && !limited; i++) {
  try {
    await clerk.users.updateUserMetadata(id, { publicMetadata: { i } })
  } catch (error) {
    limited = error
    assert.equal(i, 10)
  }
}
assert.equal(limited.status, 429)
assert.ok(limited.retryAfter >= 1 && limited.retryAfter <= 10, `Retry-After: ${limited.retryAfter}`)
await user('free@example.com').then((other) => clerk.users.updateUserMetadata(other.id, { publicMetadata: { i: 0 } }))

// What a proxy says in between is an error as well, not a user.
await control('faults', { side: 'clerk', path: '/v1/users', nth: 1, times: 1, status: 502, header: { 'Content-Type': ['text/html'] }, body: '<h1>Bad gateway</h1>' })
await rejected(clerk.users.getUserList(), { status: 502 })
assert.equal((await clerk.users.getUserList()).totalCount, 2)
