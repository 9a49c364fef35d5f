// Package checkout runs checkout sessions and the payment links that open them.
//
// A session without a customer creates one when its payment succeeds, from what
// the buyer typed (payments.EnsureCustomer): in mode subscription, and with
// customer_creation=always. customer_details keeps what was typed, even if the
// customer changes later. An existing customer gets only a missing e-mail
// address and what customer_update allows.
//
// A session stays open and unpaid until its 3-D Secure challenge is passed. When
// it expires, it cancels its intent.
package checkout
