// Package page is the look that all pages of the simulator share: one layout,
// one style sheet, no scripts. A page is rendered to a buffer first, so nobody
// ever sees half of one, and it says in its banner that no money moves here.
package page
