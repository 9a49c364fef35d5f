// Package simulator is a stateful Stripe and a stateful Clerk in one process,
// for demonstrations and tests: their APIs, their hosted pages, and their signed
// webhooks, under one clock, with faults on demand.
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
// It cannot be mistaken for the real ones: every answer carries
// X-Lockstep-Simulator, every page says so, live keys are refused, and the
// hosted pages take only test cards. Serve it on loopback: the pages and the
// controls have no authentication, because the person in front of the machine
// is everybody at once.
//
// # The parts
//
//	schedule   the lock, the billing clock, timers, identifiers
//	ordered    tables of objects
//	delivery   webhooks: signing, retries, loss, repetition, order
//	wire       faults and history
//	page       the look of the pages
//	stripesim  Stripe
//	clerksim   Clerk
//
// # Who may call what, when
//
// Handlers, actions (PayCheckout, SignUp, …), truth (Customers, Users, …) and
// controls may be called at any time from any goroutine, whether or not Run
// runs. Without Run, time still passes whenever somebody looks, and deliveries
// queue up.
//
// # Determinism
//
// The same calls in the same order with the same seed make the same
// identifiers, the same events, the same choices of the delivery policy and the
// same history, except for the signing key and the times. In a testing/synctest
// bubble the times are the same too. Make the Simulator inside the bubble and
// give it an HTTPClient that needs no real sockets.
//
// # Controls
//
// Both handlers serve them under /_sim, apart from the emulated APIs:
//
//	GET    /_sim           page: state, deliveries, history (?q= filters it), clock
//	POST   /_sim/advance   {"seconds": n}
//	GET    /_sim/history   JSON lines; ?q= only those that contain a text
//	GET    /_sim/faults    POST a Fault, DELETE all
//	POST   /_sim/delivery  a DeliveryPolicy
//	POST   /_sim/resend    {"event": id, "endpoint": id or URL}
//	POST   /_sim/roll      {"endpoint": id or URL, "overlap_seconds": n}: a new secret
//	POST   /_sim/portal    saves the settings of Stripe's customer portal
//	POST   /_sim/instance  {"key": key}: a new Clerk instance; {"id": id}: a former one; GET lists
//	GET    /_sim/state     what Save writes, secrets included; POST loads it
//
// # Size
//
// A hundred thousand customers with a paid subscription each take about 1 GiB of
// live heap; BenchmarkPopulation and BenchmarkCustomerRetrieve measure it.
package simulator
