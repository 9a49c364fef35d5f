// Package state holds everything a simulated Stripe account remembers: a struct
// for each type of object, and the tables of State.
//
// The structs are plain data. Their methods only compute from their own fields.
// A zero time means null. Deleted customers, products, coupons and plans stay in
// their tables, because Stripe still shows them.
//
// The package also has the arithmetic that depends on no account: billing
// periods (After), discounts on lines (Reduce), balances (SettleBalance), and
// what a test card does when it is charged (Behaviour).
package state
