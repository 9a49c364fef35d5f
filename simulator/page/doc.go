// Package page has the layout and the style sheet that all pages of the simulator
// share. A banner says that no real money moves. Pages have no inline scripts; the
// controls have one script file, and work without it. Write renders to a buffer
// first, so a browser never gets half a page.
package page
