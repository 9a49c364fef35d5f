// Package catalog holds what a Stripe account sells: products, prices, plans,
// coupons, promotion codes, tax rates, and features with the entitlements that
// follow from subscriptions.
package catalog
