// Package server assembles Lockstep: a store, Stripe, a directory of users, and everything between them.
// A program that embeds Lockstep imports this package and one store.
//
// # Embed it
//
// Open a store, describe the server in a [Config], and call [New]:
//
//	store, err := sqlitestore.Open(ctx, "lockstep.db")
//	s, err := server.New(server.Config{
//		Store:  store,
//		Stripe: server.Stripe{Key: "sk_…", WebhookSecrets: []lockstep.Secret{"whsec_…"}},
//		Clerk:  server.Clerk{Key: "sk_…", WebhookSecrets: []lockstep.Secret{"whsec_…"}},
//	})
//
// A server has two halves. [Server.Handler] receives webhooks and serves the API and the activation page.
// [Server.Run] does the background work until its context ends:
//
//	mux.Handle("/billing/", http.StripPrefix("/billing", s.Handler()))
//	err = s.Run(ctx)
//
// Or let [Server.Serve] do both on a listener. A process may serve only the handler, or only call Run.
// Several processes may share one PostgreSQL database.
//
// # Configure it
//
// Store and Stripe are required, and Clerk unless Identities is [FromAPI]. The groups of [Config] say what
// they change, and their zero values work. [Config.Validate], which New calls, reports every problem at
// once.
//
// # Sell and check access
//
// Your app starts checkouts with POST /v1/checkout, and asks with POST /v1/check whether an account has a
// feature. GET /openapi.json describes the whole API. The example in example_access_test.go sells a plan
// against the Stripe simulator.
//
// # Replace a part
//
//   - Without Clerk: set Identities to [FromAPI], and create accounts with PUT /v1/accounts/user/ID.
//   - With your own store: implement [lockstep.Store], or embed one of ours and override methods.
//   - With plans of your own: set Catalog. To test them, call [lockstep.Catalog.Access], a pure function.
//
// # Check it
//
// [Diagnose] checks an installation: keys, webhook endpoints, prices, failed work. [DryRun] shows which
// customers of an existing business the first start would link. It writes only to its store, which must be
// an empty one.
package server
