package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/web/activation"
	"github.com/lockstep-dev/lockstep/internal/web/apikeys"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
)

// silent is a store whose database accepts requests and never answers, as behind a broken network.
type silent struct{ lockstep.Store }

func wait(ctx context.Context) error {
	<-ctx.Done()
	return fmt.Errorf("read: %w", ctx.Err())
}

func (silent) Account(ctx context.Context, _ lockstep.Account) (lockstep.Record, error) {
	return lockstep.Record{}, wait(ctx)
}

func (silent) Work(ctx context.Context, _ lockstep.Key) (lockstep.Work, error) {
	return lockstep.Work{}, wait(ctx)
}

func (silent) AccountOfCustomer(ctx context.Context, _ string) (lockstep.Account, error) {
	return lockstep.Account{}, wait(ctx)
}

func (silent) ChangedSince(ctx context.Context, _ int64, _ int) (lockstep.ChangedAccounts, error) {
	return lockstep.ChangedAccounts{}, wait(ctx)
}

func (silent) Events(ctx context.Context, _ lockstep.EventFilter) (lockstep.EventPage, error) {
	return lockstep.EventPage{}, wait(ctx)
}

func (silent) Mark(ctx context.Context, _ ...lockstep.Mark) error { return wait(ctx) }

func (silent) Notice(ctx context.Context, _ string) (lockstep.Notice, error) {
	return lockstep.Notice{}, wait(ctx)
}

func (silent) Forget(ctx context.Context, _ lockstep.Account) (int64, error) { return 0, wait(ctx) }

func (silent) RemoveIdentity(ctx context.Context, _ lockstep.Account) error { return wait(ctx) }

func (silent) DeletionsIn(ctx context.Context, _ lockstep.DeletionState, _ int) ([]lockstep.Deletion, error) {
	return nil, wait(ctx)
}

func (silent) NamePrices(ctx context.Context, _ []lockstep.PriceName) ([]lockstep.PriceName, error) {
	return nil, wait(ctx)
}

func (silent) AppendAudit(ctx context.Context, _ ...lockstep.AuditEntry) error { return wait(ctx) }

func (silent) AuditEntries(ctx context.Context, _ lockstep.AuditFilter) (lockstep.AuditPage, error) {
	return lockstep.AuditPage{}, wait(ctx)
}

func (silent) ValidAPIKeys(ctx context.Context) ([]lockstep.APIKey, error) { return nil, wait(ctx) }

// shop is a Stripe that sells everything.
type shop struct{ lockstep.CheckoutService }

func (shop) PriceByLookupKey(context.Context, string) (lockstep.Price, error) {
	return lockstep.Price{ID: "price_1", Active: true, Recurring: true}, nil
}

func (shop) Checkout(context.Context, string) (lockstep.Checkout, error) {
	return lockstep.Checkout{ID: "cs_1", Mode: "subscription", Status: "complete", PaymentStatus: "paid",
		CustomerID: "cus_1"}, nil
}

// While the database does not respond, every request is answered with a hint to retry, before the
// server closes its connection.
func TestASilentDatabaseIsAnsweredFor(t *testing.T) {
	t.Parallel()
	const account = "/v1/accounts/user/user_1"
	for request, atMost := range map[string]time.Duration{
		"GET " + account:                                          databaseWithin,
		"GET " + account + "/access":                              databaseWithin,
		"POST " + account + "/sync":                               databaseWithin,
		"DELETE " + account:                                       databaseWithin,
		"GET /v1/activations/cs_test_a1b2c3d4e5f6g7h8i9j0":        longWithin,
		"GET /v1/activations/cs_test_a1b2c3d4e5f6g7h8i9j0/events": longWithin,
		"GET /v1/events":                                          databaseWithin,
		"GET /v1/notices/n_1":                                     databaseWithin,
		"GET /v1/deletions":                                       databaseWithin,
		"GET /v1/audit":                                           databaseWithin,
		"GET /v1/keys":                                            databaseWithin,
		"DELETE /v1/keys/web":                                     databaseWithin,
		"POST " + account + "/forget":                             longWithin,
		"POST /v1/checkout":                                       longWithin,
		"POST /v1/portal":                                         longWithin,
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := slog.New(slog.DiscardHandler)
				records := watch.New(silent{}, watch.Config{}, log)
				api := &API{Store: silent{}, Records: records, Wake: func() {}, Log: log,
					Callers:    Callers{Keys: apikeys.New(silent{}, []lockstep.Secret{"key"}, log)},
					Identities: Identities{Local: silent{}},
					Buying: Buying{Stripe: shop{},
						Checkouts: &checkouts.Service{Store: silent{}, Stripe: shop{}, Book: &pricebook.Book{Store: silent{}},
							Wake: func() {}, Log: log},
						Activations: activation.New(activation.Config{Store: silent{}, Records: records, Stripe: shop{},
							Wake: func() {}, Log: log})}}
				mux := http.NewServeMux()
				api.Register(mux)
				method, path, _ := strings.Cut(request, " ")
				r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(map[string]string{
					"/v1/checkout": `{"account":"user/user_1","lookup_key":"pro","success_url":"https://app.test/"}`,
					"/v1/portal":   `{"account":"user/user_1","return_url":"https://app.test/"}`,
				}[path]))
				r.Header.Set("Authorization", "Bearer key")
				r.Header.Set("Content-Type", "application/json")
				answer, began := &dated{ResponseRecorder: httptest.NewRecorder()}, time.Now()
				mux.ServeHTTP(answer, r)
				// A deadline that passes later would end the connection, and every later request on it.
				if !answer.deadline.IsZero() {
					t.Errorf("the read deadline of the body was not removed: %s", answer.deadline)
				}
				var body struct{ Status int }
				if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
					t.Fatal(err)
				}
				if answer.Code != 503 || body.Status != 503 || answer.Header().Get("Retry-After") == "" ||
					answer.Header().Get("Content-Type") != "application/problem+json" {
					t.Errorf("answered %d %v %s", answer.Code, answer.Header(), answer.Body)
				}
				if took := time.Since(began); took > atMost {
					t.Errorf("answered after %s", took) // of virtual time
				}
			})
		})
	}
}

// first is a database that stops responding after the first read of a purchase.
type first struct {
	silent
	looks *atomic.Int64
}

func (f first) AccountOfCustomer(ctx context.Context, _ string) (lockstep.Account, error) {
	if f.looks.Add(1) > 1 {
		return lockstep.Account{}, wait(ctx)
	}
	return lockstep.Account{}, lockstep.ErrNotFound
}

func (first) Mark(context.Context, ...lockstep.Mark) error { return nil }

// A stream continues to send heartbeats and to read while the database does not respond.
func TestAStreamOutlivesASilentDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, store := slog.New(slog.DiscardHandler), first{looks: &atomic.Int64{}}
		a := activation.New(activation.Config{Store: store, Records: watch.New(silent{}, watch.Config{}, log), Stripe: shop{},
			Wake: func() {}, Log: log})
		mux := http.NewServeMux()
		mux.HandleFunc("GET /v1/activations/{id}/events", a.Events)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		stream := httptest.NewRecorder()
		mux.ServeHTTP(stream, httptest.NewRequestWithContext(ctx, http.MethodGet,
			"/v1/activations/cs_test_a1b2c3d4e5f6g7h8i9j0/events", http.NoBody))
		if said := strings.Count(stream.Body.String(), "still here"); !strings.Contains(stream.Body.String(), `"waiting"`) ||
			said < 6 || store.looks.Load() < 5 {
			t.Errorf("in two minutes it read %d times and sent %q", store.looks.Load(), stream.Body)
		}
	})
}

// dated records the last read deadline that a handler set.
type dated struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (d *dated) SetReadDeadline(at time.Time) error {
	d.deadline = at
	return nil
}
