// Package page has the layout and the style sheet that all pages of the simulator
// share. Pages have no scripts, and a banner says that no real money moves. Write
// renders to a buffer first, so a browser never gets half a page.
package page
