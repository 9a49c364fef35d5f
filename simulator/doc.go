// Package simulator is a stateful Stripe and a stateful Clerk in one process,
// for demonstrations and tests. It has their APIs, hosted pages and signed
// webhooks, one shared clock, and faults on demand.
//
//	sim, err := simulator.New(simulator.Config{
//		StripeURL:      "http://127.0.0.1:12111",
//		ClerkURL:       "http://127.0.0.1:12112",
//		StripeWebhooks: []simulator.WebhookEndpoint{{URL: "http://127.0.0.1:8080/webhooks/stripe", Secret: "whsec_…"}},
//		ClerkWebhooks:  []simulator.WebhookEndpoint{{URL: "http://127.0.0.1:8080/webhooks/clerk", Secret: "whsec_…"}},
//	})
//	// serve sim.StripeHandler() and sim.ClerkHandler() on loopback
//	err = sim.Run(ctx)
//
// You cannot mistake it for the real ones: every response carries
// X-Lockstep-Simulator, every page has a banner, live keys are refused, and the
// hosted pages accept only test cards. Serve it on loopback only: the pages and
// the controls have no authentication.
//
// # The parts
//
//	schedule   the lock, the billing clock, timers, identifiers
//	ordered    tables of objects
//	delivery   webhooks: signing, retries, loss, repetition, order
//	wire       faults and history
//	page       layout and style of the pages
//	stripesim  Stripe
//	clerksim   Clerk
//
// None of them imports this package, and the first five know neither Stripe nor
// Clerk.
//
// # Concurrency
//
// Any goroutine may call handlers, actions (PayCheckout, SignUp, …), state
// (Customers, Users, …) and controls at any time, whether or not Run is running.
// Without Run, every call first runs the timers that are due, and webhooks stay
// queued.
//
// # Determinism
//
// The same calls in the same order with the same seed give the same identifiers,
// events, random choices and history. Only the signing key and the times differ.
// In a testing/synctest bubble the times are the same too. Create the Simulator
// inside the bubble and give it an HTTPClient that needs no real sockets.
//
// # Controls
//
// Both handlers serve the controls under /_sim, apart from the simulated APIs:
//
//	GET    /_sim           page: faults, clock and deliveries, by buttons
//	GET    /_sim/sequence  page: requests and webhooks with their bodies, live
//	GET    /_sim/objects   page: the newest objects
//	GET    /_sim/tour      page: the guided tour, with Config.Tour
//	POST   /_sim/advance   {"seconds": n} moves the billing clock
//	GET    /_sim/history   JSON lines; ?q= filters them by text
//	GET    /_sim/faults    lists faults; POST adds a Fault, DELETE removes all, or one
//	                       at /_sim/faults/{id}
//	POST   /_sim/delivery  sets a DeliveryPolicy
//	POST   /_sim/resend    {"event": id, "endpoint": id or URL} sends an event again
//	POST   /_sim/roll      {"endpoint": id or URL, "overlap_seconds": n} rotates a secret
//	POST   /_sim/portal    saves the settings of Stripe's customer portal
//	POST   /_sim/instance  {"key": key} makes a new Clerk instance, {"id": id} returns
//	                       to a former one; GET lists them
//	GET    /_sim/state     writes what Save writes, including secrets; POST loads it
//
// # Size
//
// 100,000 customers, each with a paid subscription, take about 1 GiB of live heap.
// BenchmarkPopulation and BenchmarkCustomerRetrieve measure it.
package simulator
