// Package upstream is what the adapters of providers have in common: when an
// answer is believed, what a failure may say, how JSON is read that may change,
// where a key may be sent, and how old a signature may be. It knows no provider;
// an adapter says by [Rules] and [Access] what differs.
//
// # Protocol
//
// Between an SDK and the network stands a guard, see [Rules.Client]. It reads
// every answer to its end, up to a limit that counts after decompression, and
// lets through only a 2xx status with whole JSON. An answer that was cut short,
// is too large, redirects, or is a proxy's page is believed in nothing: the
// outcome of the call is unknown, which is a Status of 0.
//
// Of status 400 and above, only what the provider itself says about an object is
// passed on with its status. Whether it is the provider who speaks, the adapter
// tells from the form of the body. Anybody else's 404 or 403 is an unknown outcome
// too: a wrong base URL must never look as if everything had been deleted. Anybody's
// 429 and 5xx are taken at their word, since they say nothing about the object.
//
// The guard returns an error although there was a response, which the contract of
// [net/http.RoundTripper] forbids, so it is no general one and is not exported. It
// has to: an SDK that saw the response would put parts of its body into the text
// of an error, take a redirect for success, and not tell a proxy from the provider.
//
// What is believed comes past the SDK, see [Keep]: its types fail on a field of a shape that
// is new to them, and it walks over an answer several times.
//
// # The gate
//
// All calls of an adapter pass a [Gate], before the SDK. It has a bucket for the provider
// and one for each endpoint (a method and a route): tokens come evenly at four fifths of
// what is allowed, the fifth that remains is the size of a burst, so that whatever window
// the provider counts in, the limit is kept. Both are the replica's share of it.
//
//	who goes first     what somebody waits for, then what happened, then the rest; after nine
//	                   that overtook, who has waited longest. A quarter of the burst is kept
//	                   for the first
//	429, Retry-After   no call there before: to the object, to the endpoint, or at all, as far
//	                   as the refusal reaches; two objects are the endpoint
//	429 without it     half the rate there, which comes back in twenty seconds
//	too long a wait    a DelayError that counts as no try: the queue puts the key off, and its
//	                   next run knows what is true by then
//
// A [Fleet] divides what is allowed: each process that makes calls notes so in the database
// every second, by its clock, and has one share of as many as did so in the last five. Who
// joins leaves the others a second to hear of it, in which only what somebody waits for
// goes; who ends says so; who dies is missed after five seconds. Pauses are told the same
// way. Without the database the last shares go on to count.
//
// # Invariants
//
//   - Every error is a [*lockstep.UpstreamError]. Of an answer its text repeats
//     the status, the provider's code and the request's id, and these only where
//     they are a [Word]: messages and bodies quote e-mail addresses.
//   - What an SDK says of its own is dropped, see [Failure].
//   - Nothing is tried again, no redirect is followed, no cookie is kept.
//   - A live key never goes where others can read it, see [Access.Validate].
package upstream
