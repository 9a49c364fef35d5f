package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Every request is answered within its limit, with 503 if the database does not respond. The server
// closes a connection after 30 seconds, and a checkout may need five of them to release its lock.
const (
	databaseWithin = 8 * time.Second
	longWithin     = 22 * time.Second
)

// long lists the operations that may take longer: they wait for Stripe, or change the rows of many
// accounts.
var long = map[string]bool{
	"start-checkout": true, "start-portal": true, "get-activation": true,
	"verify": true, "forget-account": true, "approve-deletions": true, "discard-deletions": true, "enable-webhook": true,
	"run-doctor": true,
}

// within sets the deadline of each operation.
func within(ctx huma.Context, next func(huma.Context)) {
	limit := databaseWithin
	if long[ctx.Operation().OperationID] {
		limit = longWithin
	}
	bounded, cancel := context.WithTimeout(ctx.Context(), limit)
	defer cancel()
	next(huma.WithContext(ctx, bounded))
}
