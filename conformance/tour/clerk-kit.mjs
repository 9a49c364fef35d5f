// The Backend API's client, told where the simulator is and nothing else.
import { createClerkClient } from '@clerk/backend'
import { CLERK_KEY, CLERK_URL, STAGE_URL } from './kit.mjs'

export const clerk = createClerkClient({ secretKey: CLERK_KEY, apiUrl: CLERK_URL, telemetry: { disabled: true } })

export const webhookSecret = 'whsec_plJ3nmyCDGBKInavdOK15jsl'

// deliverTo does what is done in Clerk's dashboard: it names the endpoints.
export const deliverTo = (...endpoints) => fetch(STAGE_URL, { method: 'POST', body: JSON.stringify(endpoints) })

// user creates a user with one address.
export const user = (email, more = {}) => clerk.users.createUser({ emailAddress: [email], skipPasswordRequirement: true, ...more })

