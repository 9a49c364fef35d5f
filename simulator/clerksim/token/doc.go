// Package token makes the JWTs of the simulated Clerk: the signing key of an
// instance, the claims that a template describes, and the compact form of a
// role's permissions.
//
// Tokens are signed with RS256. What belongs to users, organizations and
// sessions comes in as values: the package knows none of their types.
package token
