// Package console serves /console: pages for the people who run Lockstep.
//
// # The console is a client of the API
//
// Every page reads GET operations of the JSON API, and every action calls one of its operations, in the same
// process. So an action is checked, recorded in the audit log and documented in one place, a command can do
// what a button does, and the console cannot show or do anything that the API does not. See [client].
//
// # Pages
//
// A page is a line in pages.go: a path, a template, and a function that returns the template's data. It works
// without JavaScript; app.js adds shortcuts and replaces the content of a page when something changed, see
// live.go. Templates escape everything. Nothing is inline, so the Content-Security-Policy allows only files of
// our own.
//
// # Actions
//
// An action is a line in a table, see [action]. A button leads to a page that says what will happen and asks
// for a reason; its form, with the session's token, does it.
//
// # Sessions
//
// A person signs in with a link that works once, or with a Clerk session that console_roles names. The session
// is a random secret in a cookie; the database has its hash. See signin.go.
package console
