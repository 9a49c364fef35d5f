// Package server puts Lockstep together: a store, the two providers, and
// everything between them. It is what an embedding program imports:
//
//	store, err := sqlitestore.Open(ctx, "lockstep.db")
//	s, err := server.New(server.Config{Store: store, Stripe: …, Clerk: …, Log: log})
//	http.Handle("/", s.Handler())
//	go s.Run(ctx) // blocks until ctx ends
//
// [Server.Run] does the work and [Server.Handler] takes deliveries and calls; a
// program may run one without the other, on as many machines as share the store.
package server
