// Package clients identifies clients by their network address and limits each of them: how often it may do
// something ([Limit]) and how much at once ([Places]). [Tally] logs what clients cause.
//
// The address is that of the connection. If that belongs to a trusted proxy, it is the last address in
// X-Forwarded-For that does not: proxies append, so the client can write anything before it. An IPv6 /64,
// which one customer usually gets, counts as one client.
//
// An address proves nothing, and many people may share one. So no limit of this package refuses a request
// with valid credentials. All memory is bounded.
package clients
