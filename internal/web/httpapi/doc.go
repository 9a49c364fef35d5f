// Package httpapi serves the JSON API: checkouts and the billing portal, accounts and their access
// with the reasons, and what operators need (events, work, deletions, links). /openapi.json describes
// it as OpenAPI 3.1. Errors are application/problem+json.
//
// Callers are servers, which send an API key, and browsers, which send a Clerk session token. Each operation
// accepts keys with one scope, see routes.go. An operation that an operator decides is registered with operate,
// which records it in the audit log before it runs.
//
// A session token acts for its user, and for its active organization if the user has a role there that
// may buy. It can buy only what the catalog names, and return only to a configured origin. The API
// never takes the user from a browser's request body.
//
// [API.Register] lists every route in routes.go; each handler stands in the file of its concern,
// beside the part of the store that it uses.
package httpapi
