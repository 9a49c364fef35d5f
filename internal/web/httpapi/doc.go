// Package httpapi is the JSON API: checkout and portal sessions, accounts and
// their access with its reasons, sync now, events and work. It is described by
// an OpenAPI 3.1 document at /openapi.json and answers errors as
// application/problem+json.
//
// Callers are servers, with the API key, or browsers, with a Clerk session token.
// A session token speaks for its user, and for the organization that is active
// in it if the user administers that; it can only buy what the catalog names, and
// only come back to a configured origin. Whom a request is about is never taken
// from a browser's body.
package httpapi
