// Package customers holds customers, their payment methods, their balances, and
// the test clocks they live on.
package customers
