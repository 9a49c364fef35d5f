// Package fleet tests replicas as they run in production: N processes of the built binary on one PostgreSQL cluster,
// with the simulators of Stripe and Clerk, behind a balancer that records every answer. Meanwhile a test kills,
// stops, cuts off or replaces something. The package has tests only.
//
// # What it checks
//
// Once the trouble is over, the fleet must settle by itself: [fleet.wrong] compares the balancer's history, the
// database, the mail server and the simulators, and must find nothing.
//
//	history    every delivery that was answered with 200 is stored
//	licenses   exactly one for each payment
//	notices    one for each thing to notify about; at most one e-mail
//	customers  one living customer for each account, the linked one
//	access     Clerk's metadata and every replica agree with Stripe
//	queue      nothing failed, nothing is left undone
//	logs       no panic, no data race, no secret
//
// # How long it takes
//
// `go test` runs each scenario in a short form of a few seconds. With -for=10m each scenario makes trouble for that
// long; `make soak` does so. go test -v logs counts of what happened.
package fleet
