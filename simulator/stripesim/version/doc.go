// Package version converts objects between API versions.
//
// Package account shows objects in the shape of APIVersion. Every other shape is
// derived from that, one breaking release at a time: dahlia, clover and basil
// lead back to 2023-10-16, and endive leads forward. Older releases are
// implemented as shapes only, without their parameters and behaviour.
//
// A request chooses its version by header. An event is stored in the account's
// version and sent in the version of its endpoint.
package version
