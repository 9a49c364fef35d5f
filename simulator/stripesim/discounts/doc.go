// Package discounts redeems coupons and takes discounts off what is billed.
//
// A coupon becomes a discount when it is redeemed: on a subscription, an
// invoice, an invoice item, or the purchase of a checkout session in payment
// mode. The discount keeps the terms of that moment.
//
// A draft invoice inherits the discounts of its subscription, or else of its
// customer, where an old API version put one. Its lines show what they take off,
// an item's own discounts first. A one-time discount leaves the subscription
// with the first invoice that it reduces, a repeating one when its months are
// over. Prorations are based on amounts that percentages already reduced, and
// nothing else reduces them.
package discounts
