package stripesim

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Stripe's published limits of a sandbox (docs.stripe.com/rate-limits). Per
// second: 25 requests for the account and for each operation, 20 searches. Per
// hour: 1000 updates of a payment intent, 200 changes of a subscription's
// quantity. They use time.Now, not the billing clock.
const (
	accountLimit  = 25
	endpointLimit = 25
	searchLimit   = 20
	intentLimit   = 1000
	quantityLimit = 200
)

// limiter counts requests in sliding windows.
type limiter struct {
	mu     sync.Mutex
	recent map[string][]time.Time // by limit key, oldest first
}

// limit is one limit that applies to a request.
type limit struct {
	key    string
	most   int
	window time.Duration
	reason string
}

// take counts a request against all of its limits. If it exceeds one, take
// returns the reason and counts nothing.
func (l *limiter) take(now time.Time, limits []limit) (exceeded string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.recent == nil {
		l.recent = map[string][]time.Time{}
	}
	for _, each := range limits {
		recent := l.recent[each.key]
		for len(recent) > 0 && now.Sub(recent[0]) >= each.window {
			recent = recent[1:]
		}
		l.recent[each.key] = recent
		if len(recent) >= each.most {
			return each.reason
		}
	}
	for _, each := range limits {
		l.recent[each.key] = append(l.recent[each.key], now)
	}
	return ""
}

// limitsOf returns the limits of a request, narrowest first.
func limitsOf(request *wire.Request, operation *api.Route) []limit {
	limits := []limit{{key: "account", most: accountLimit, window: time.Second, reason: "global-rate"}}
	if operation == nil {
		return limits
	}
	most := endpointLimit
	if strings.HasSuffix(operation.Path, "/search") {
		most = searchLimit
	}
	limits = append([]limit{{key: operation.Method + operation.Path, most: most, window: time.Second,
		reason: "endpoint-rate"}}, limits...)
	if operation.Method != http.MethodPost {
		return limits
	}
	switch operation.Path {
	case "/v1/payment_intents/{}":
		limits = append([]limit{{key: request.URL.Path, most: intentLimit, window: time.Hour, reason: "resource-specific"}},
			limits...)
	case "/v1/subscriptions/{}":
		if strings.Contains(string(request.Body), "quantity") {
			limits = append([]limit{{key: request.URL.Path, most: quantityLimit, window: time.Hour,
				reason: "resource-specific"}}, limits...)
		}
	}
	return limits
}

// limited returns the refusal of a request that exceeds a limit, or nil. It
// runs before the request and before its idempotency key is read.
func (s *Stripe) limited(request *wire.Request) *wire.Response {
	if !s.rateLimits {
		return nil
	}
	operation, _ := api.FindRoute(s.routes, request.Method, request.URL.Path, s.account.Version)
	reason := s.limiter.take(time.Now(), limitsOf(request, operation))
	if reason == "" {
		return nil
	}
	refused := s.answer(request, s.requestID(), nil, &api.Error{Status: http.StatusTooManyRequests,
		Type: "invalid_request_error", Code: "rate_limit", Unstored: true,
		Message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."})
	refused.Header.Set("Stripe-Rate-Limited-Reason", reason)
	return refused
}
