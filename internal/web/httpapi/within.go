package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A request is answered within so long, whatever the database does: by 503, if by nothing
// else. The server cuts its connection off after 30 seconds without a word, and a turn to buy
// may take five of them to give back.
const (
	databaseWithin = 8 * time.Second
	longWithin     = 22 * time.Second
)

// long are the operations that may take longer: they wait for Stripe, or go through more than
// one account's rows.
var long = map[string]bool{
	"start-checkout": true, "start-portal": true, "get-activation": true,
	"forget-account": true, "approve-deletions": true, "discard-deletions": true, "enable-webhook": true,
}

// within gives each operation its time.
func within(ctx huma.Context, next func(huma.Context)) {
	limit := databaseWithin
	if long[ctx.Operation().OperationID] {
		limit = longWithin
	}
	bounded, cancel := context.WithTimeout(ctx.Context(), limit)
	defer cancel()
	next(huma.WithContext(ctx, bounded))
}
