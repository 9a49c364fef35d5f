// Package setup compares what a Stripe account has with what the service needs, and repairs it: the webhook
// endpoint and the configuration of the customer portal.
//
// # Protocol
//
// [Read] asks Stripe, [Compare] is a pure function that lists the differences, and [Setup.Apply] makes the
// changes. Compare lists nothing after Apply has made all of them, so a second run changes nothing.
//
// Stripe shows an endpoint's signing secret once, when it creates the endpoint, and has no API to roll it. So a
// new secret is a new endpoint, in two steps:
//
//  1. Create the replacement beside the old endpoint. Both deliver every event, and the service stores it once.
//     The operator adds the new secret to the one in use, and restarts the service.
//  2. Delete the old endpoint, after the service has proved that it accepts the new secret: see [Prove].
//
// # Invariants
//
//   - The endpoint whose secret the service uses is never disabled or deleted. Setup knows it by the
//     fingerprint of the secret, which it keeps in the endpoint's metadata; by the operator's choice; or
//     because there is no other one.
//   - It deletes and disables nothing without consent, and touches no endpoint with another URL: another
//     service of yours may use it.
//   - It passes a secret on before anything else can fail.
//   - It does not change what a portal configuration offers: someone chose that.
package setup
