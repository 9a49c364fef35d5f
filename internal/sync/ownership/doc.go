// Package ownership decides to which account an object of Stripe's belongs.
//
// # The ladder
//
// An object's evidence is sorted into rungs, and the first rung that names an account decides:
//
//  1. our own proven link of its customer
//  2. an operator's decision
//  3. metadata of the object, or of the customer's subscriptions and sessions
//  4. the client_reference_id of its checkout sessions
//  5. the customer's metadata
//  6. the directory's metadata that names the customer
//  7. a claimed link of its customer
//
// If a rung names two accounts, no lower rung is believed. Only the secret key can write metadata,
// so what it names is proven. Anyone can put a client_reference_id into the URL of a payment link,
// so what only a reference names is claimed, unless the directory vouches for the customer's
// e-mail address ([Resolver.Vouch]). An address alone is never evidence.
package ownership
