// Package fleet shows replicas as they are run: N processes of the built binary against
// one PostgreSQL cluster and the simulators of Stripe and Clerk, behind a balancer that
// keeps a history of what it was answered, while something is killed, stopped, cut or
// replaced. It has tests only.
//
// # What is checked
//
// When the trouble is over the fleet has to come to rest by itself: [fleet.wrong] compares
// the history, the database, the mail server and the simulators and must find nothing.
//
//	history    a delivery that was answered 200 is stored
//	licenses   one for each payment, not two, not none
//	notices    one for each thing that there is to tell; one letter at most
//	customers  one living customer for each account, the linked one
//	access     what Clerk's metadata and every replica say is what Stripe says
//	queue      nothing failed, nothing is left lying
//	logs       no panic, no data race, no secret
//
// # How long
//
// `go test` runs each scenario in a short form, a few seconds. -for=10m is how long each
// goes on making trouble instead; `make soak` does that. What was found is logged as
// counts (go test -v).
package fleet
