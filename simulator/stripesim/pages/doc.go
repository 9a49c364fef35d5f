// Package pages serves Stripe's hosted pages: checkout, customer portal,
// invoice, payment link, and a bank's 3-D Secure page. They are forms that need
// no script.
//
// What a person does on a page runs operations of the API (Pages.Perform), so a
// page cannot behave differently from the API.
//
// The portal obeys the configuration and the flow of its session. Its links
// never expire, it is in English for every locale, and it has no retention
// offers and no promotion codes.
package pages
