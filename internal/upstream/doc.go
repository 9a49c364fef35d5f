// Package upstream is what the adapters for Stripe and Clerk share: which answers count
// as the provider's, what an error may say, how to read JSON that may change, where a key
// may be sent, how old a signature may be, and when a call may be made. It knows neither
// provider. An adapter describes its provider with [Rules] and [Access].
//
// # Answers
//
// A guard stands between the SDK and the network (see [Rules.Client]). It reads every
// answer completely, up to a limit that applies after decompression. Only a 2xx status
// with complete JSON passes. If an answer is incomplete, too large, a redirect, or a
// proxy's page, the outcome of the call is unknown. The error then has Status 0.
//
// For a status of 400 and above, the adapter decides from the form of the body whether the
// provider itself answered. If so, the error has the status. Otherwise a 4xx is an unknown
// outcome, so a wrong base URL never looks as if everything had been deleted. A 429 or 5xx
// always counts, because it says nothing about an object.
//
// The guard returns an error although there was a response. The contract of
// [net/http.RoundTripper] forbids that, so the guard is not exported. But an SDK that saw
// the response would quote its body in an error, take a redirect for success, and not
// distinguish a proxy from the provider.
//
// The adapters read accepted answers without the SDK (see [Keep]). The SDK's types fail on
// a field of a new shape, and the SDK parses an answer several times.
//
// # The rate gate
//
// All calls of an adapter pass a [Gate] before they reach the SDK. It has a token bucket
// for the provider and one for each endpoint (a method and a route). A bucket keeps two
// counts of tokens: one allows a burst of a fifth of the limit and then four fifths of it,
// the other a burst of a tenth and then nine tenths. A call may go if either count allows
// it. The limit still holds for any window in which the provider counts. All are the
// replica's share.
//
//	order              Interactive calls go first, then those that an event caused, then the
//	                   rest. After nine calls have overtaken it, the call that has waited
//	                   longest goes next. A twentieth of the limit is reserved for
//	                   interactive calls. Background calls get nine tenths of the limit while
//	                   there are no others.
//	429, Retry-After   No calls until then to the object, to the endpoint, or at all,
//	                   whatever the 429 applies to. If two objects of an endpoint are
//	                   refused, the endpoint pauses.
//	429 without it     The rate is halved, and recovers within twenty seconds.
//	long wait          The call returns a DelayError that does not count as an attempt. The
//	                   queue runs the key later, with the state of that time.
//
// A [Fleet] divides the limit between processes. Each process that makes calls records
// this in the database every second. All processes that did so in the last five seconds,
// by the database's clock, have equal shares. A process that joins makes only interactive
// calls for about a second, until the others know of it. A process that stops gives up its
// share at once; after a crash its share is free after five seconds. Pauses are shared the
// same way. If the database is unreachable, the last shares remain.
//
// # Invariants
//
//   - Every error is a [*lockstep.UpstreamError]. Its text repeats only the status, the
//     provider's code and the request id of an answer, and the last two only if they are a
//     [Word], because messages and bodies quote e-mail addresses.
//   - An SDK's own error texts are dropped (see [Failure]).
//   - This package never retries, never follows redirects, and keeps no cookies.
//   - A live key never goes where others can read it (see [Access.Validate]).
package upstream
