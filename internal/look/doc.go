// Package look is how every page looks: one style sheet of design tokens and components, and the
// favicon. The console, the activation page, the mailbox, the simulator's pages and the sample app
// use it, so they look alike, in light and dark, on a phone and on a desk.
//
// The style sheet needs no script and loads nothing. Colours of text have a contrast of at least
// 4.5 to 1 on every background that they stand on (WCAG 2.1 AA); a test computes it.
package look
