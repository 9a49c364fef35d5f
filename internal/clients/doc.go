// Package clients tells clients apart by their network address and bounds what each of them
// may do: how often ([Limit]) and how much at once ([Places]).
//
// The address is that of the connection. Where that is a trusted proxy's, it is the last
// address in X-Forwarded-For that is not a trusted proxy's: proxies append, so what stands
// before it was written by the client and can say anything. A network that one IPv6 customer
// gets (/64) counts as one client.
//
// An address proves nothing. What a limit refuses is never a request with good credentials,
// since many people may share an address. All memory is bounded.
package clients
