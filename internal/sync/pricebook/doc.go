// Package pricebook gives items the names of their prices, so that what somebody bought keeps its
// meaning when the price is raised, renamed or moved.
//
// To raise a price, Stripe recommends a new price that takes over the old one's lookup key. The old
// price, which all subscribers have, then has no lookup key. So the book stores every name under
// which it sees a price, and each item keeps the name that its price had when the item was first
// seen ([lockstep.Item.Named]).
//
// If a database has never seen the key on the old price, the book reads the product's other prices.
// If all of their lookup keys that the catalog lists name one plan, the product is sold as that
// plan. Only prices of the same kind count, recurring or one-time, so that a product's day pass does
// not become its subscription.
//
// # Memory
//
// The book remembers names, plans of products and prices of products for all keys. An event of a
// price or product marks one key, sweep/prices; its run changes a cursor. Every process compares that
// cursor before it uses its memory, at most once every five seconds, and clears the memory if it has
// changed. What a process read from Stripe or the store before it saw the change is not kept.
//
// The memory never decides what somebody bought: the names that a price had are in the store, and an
// item keeps the names that it was first seen with.
package pricebook
