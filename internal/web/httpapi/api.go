package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
	"github.com/lockstep-dev/lockstep/internal/sync/instance"
	"github.com/lockstep-dev/lockstep/internal/web/activation"
	"github.com/lockstep-dev/lockstep/internal/web/checkouts"
)

// Store is what the API needs of the store.
type Store interface {
	lockstep.Inbox
	lockstep.Queue
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Troubled(ctx context.Context, after lockstep.Account, limit int) ([]lockstep.Troubled, error)
	Notices(ctx context.Context, account lockstep.Account) ([]lockstep.Notice, error)
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	EmailDelivery(ctx context.Context, noticeID string, to lockstep.Recipient) (lockstep.EmailDelivery, error)
	Forget(ctx context.Context, account lockstep.Account) (events int64, err error)
	ResendEmail(ctx context.Context, noticeID string, to lockstep.Recipient) error
	lockstep.Webhooks
	lockstep.Deletions
	lockstep.Replicas
	lockstep.Assignments
	lockstep.Links
	lockstep.Instances
	Cursor(ctx context.Context, sweep string) (string, error)
	BeginBackfill(ctx context.Context, was, next string, fresh bool) (bool, error)
	Ping(ctx context.Context) error
}

// API answers the JSON API.
type API struct {
	Store          Store
	Watch          *watch.Watch // the records of Store, kept in memory
	Checkouts      *checkouts.Service
	Stripe         lockstep.CheckoutService
	Activations    *activation.Activations
	Sessions       lockstep.Sessions // nil: no session token is good
	LocalDirectory LocalDirectory    // nil: identities come from a provider
	// Directory knows accounts that are new to us; nil: the only accounts are those
	// that servers put.
	Directory lockstep.Directory
	Webhooks  []Webhook
	Sources   map[string]string // how the events of each provider reach us, for /healthz
	Catalog   lockstep.Catalog
	Keys      []lockstep.Secret // of servers; several while one is rotated; none: servers cannot call
	// ReturnOrigins are the origins ("https://app.example") that callers may name in
	// the URLs to come back to. Without any, servers may name all that are https.
	ReturnOrigins []string
	BuyerRoles    []string // of an organization's members who may spend for it; empty: admin
	// PortalConfiguration is Stripe's id (bpc_…) of the portal's; empty: the default.
	PortalConfiguration string
	Wake                func() // tells the workers that something is due
	// Collectors are what /metrics tells beside what the database counts.
	Collectors []prometheus.Collector
	Guard      *instance.Guard // compares our keys with the database's instances
	// DirectorySweeps are the keys to mark when another instance is accepted.
	DirectorySweeps []lockstep.Key
	Log             *slog.Logger

	denials   denials
	health    health
	newcomers *newcomers // nil without a directory
}

// Register adds the API's routes to mux, and answers what no route of mux does.
func (a *API) Register(mux *http.ServeMux) {
	if a.Directory != nil {
		a.newcomers = newNewcomers(a.Directory, a.Store.Mark, a.Wake)
	}
	config := huma.DefaultConfig("Lockstep", "1")
	config.Info.Description = "Who has access, and because of what."
	config.DocsPath = "" // the document is enough; a viewer would load scripts from elsewhere
	config.CreateHooks = nil
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"apiKey":  {Type: "http", Scheme: "bearer", Description: "LOCKSTEP_API_KEY, for servers"},
		"session": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A Clerk session token, for browsers"},
	}
	api := humago.New(mux, config)
	api.UseMiddleware(within, a.authenticate(api), strictBodies(api))

	either := []map[string][]string{{"apiKey": {}}, {"session": {}}}
	server := []map[string][]string{{"apiKey": {}}}
	huma.Register(api, huma.Operation{OperationID: "start-checkout", Method: http.MethodPost, Path: "/v1/checkout",
		Summary: "Begin a checkout, or go on with the one that is open", Tags: []string{"Buying"}, Security: either},
		a.startCheckout)
	huma.Register(api, huma.Operation{OperationID: "get-activation", Method: http.MethodGet, Path: "/v1/activations/{id}",
		Summary: "How far a purchase is", Tags: []string{"Buying"}}, a.activation)
	huma.Register(api, huma.Operation{OperationID: "start-portal", Method: http.MethodPost, Path: "/v1/portal",
		Summary: "Open the billing portal", Tags: []string{"Buying"}, Security: either}, a.startPortal)
	huma.Register(api, huma.Operation{OperationID: "get-account", Method: http.MethodGet, Path: "/v1/accounts/{kind}/{id}",
		Summary: "Access of an account, with its reasons", Tags: []string{"Accounts"}, Security: either}, a.account)
	huma.Register(api, huma.Operation{OperationID: "put-account", Method: http.MethodPut, Path: "/v1/accounts/{kind}/{id}",
		Summary: "Create or update an account, where no provider keeps identities", Tags: []string{"Accounts"},
		Security: server}, a.putAccount)
	documentCreated(api.OpenAPI().Paths["/v1/accounts/{kind}/{id}"].Put)
	huma.Register(api, huma.Operation{OperationID: "delete-account", Method: http.MethodDelete,
		Path:    "/v1/accounts/{kind}/{id}",
		Summary: "Delete an account, where no provider keeps identities", Tags: []string{"Accounts"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.deleteAccount)
	huma.Register(api, huma.Operation{OperationID: "read-access", Method: http.MethodGet, Path: accessPath,
		Summary: "Access of an account, from memory", Tags: []string{"Accounts"}, Security: either}, a.readAccess)
	documentNotModified(api.OpenAPI().Paths[accessPath].Get)
	huma.Register(api, huma.Operation{OperationID: "check", Method: http.MethodPost, Path: "/v1/check",
		Summary: "Whether an account may use a feature, from memory", Tags: []string{"Accounts"}, Security: server}, a.check)
	huma.Register(api, huma.Operation{OperationID: "sync-account", Method: http.MethodPost,
		Path:    "/v1/accounts/{kind}/{id}/sync",
		Summary: "Look at Stripe and the directory now", Tags: []string{"Accounts"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.syncAccount)
	huma.Register(api, huma.Operation{OperationID: "forget-account", Method: http.MethodPost,
		Path:    "/v1/accounts/{kind}/{id}/forget",
		Summary: "Forget a deleted account's personal data at once", Tags: []string{"Accounts"}, Security: server}, a.forget)
	huma.Register(api, huma.Operation{OperationID: "list-events", Method: http.MethodGet, Path: "/v1/events",
		Summary: "Stored events, newest first", Tags: []string{"Operating"}, Security: server}, a.events)
	huma.Register(api, huma.Operation{OperationID: "list-work", Method: http.MethodGet, Path: "/v1/work",
		Summary: "Keys that are pending, parked or failed", Tags: []string{"Operating"}, Security: server}, a.work)
	huma.Register(api, huma.Operation{OperationID: "get-notice", Method: http.MethodGet, Path: "/v1/notices/{id}",
		Summary: "A notice, and what became of mailing it", Tags: []string{"Operating"}, Security: server}, a.notice)
	huma.Register(api, huma.Operation{OperationID: "send-notice", Method: http.MethodPost, Path: "/v1/notices/{id}/send",
		Summary: "Mail a notice once more, whatever became of it before", Tags: []string{"Operating"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.sendNotice)
	huma.Register(api, huma.Operation{OperationID: "list-webhooks", Method: http.MethodGet, Path: "/v1/webhooks",
		Summary: "The webhook endpoints that are told what happens, and how they do", Tags: []string{"Webhooks"},
		Security: server}, a.webhooks)
	huma.Register(api, huma.Operation{OperationID: "list-deliveries", Method: http.MethodGet,
		Path:    "/v1/webhooks/{id}/deliveries",
		Summary: "What became of telling an endpoint, the latest first", Tags: []string{"Webhooks"}, Security: server},
		a.deliveries)
	huma.Register(api, huma.Operation{OperationID: "redeliver", Method: http.MethodPost,
		Path:    "/v1/webhooks/{id}/redeliver",
		Summary: "Tell an endpoint once more", Tags: []string{"Webhooks"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.redeliver)
	huma.Register(api, huma.Operation{OperationID: "enable-webhook", Method: http.MethodPost,
		Path:    "/v1/webhooks/{id}/enable",
		Summary: "Enable an endpoint that was disabled, and send what it missed", Tags: []string{"Webhooks"},
		Security: server}, a.enableWebhook)
	huma.Register(api, huma.Operation{OperationID: "link", Method: http.MethodPost, Path: "/v1/links",
		Summary: "Link a customer or a guest's payment to an account", Tags: []string{"Operating"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.link)
	huma.Register(api, huma.Operation{OperationID: "unlink", Method: http.MethodDelete, Path: "/v1/links/{customer}",
		Summary: "Take a customer from its account", Tags: []string{"Operating"}, Security: server}, a.unlink)
	huma.Register(api, huma.Operation{OperationID: "choose-primary-customer", Method: http.MethodPost,
		Path:    "/v1/accounts/{kind}/{id}/primary-customer",
		Summary: "Choose the primary one of an account's customers", Tags: []string{"Operating"}, Security: server,
		DefaultStatus: http.StatusAccepted}, a.choosePrimary)
	huma.Register(api, huma.Operation{OperationID: "get-instance", Method: http.MethodGet, Path: "/v1/instance",
		Summary: "Which Clerk instance and mode of Stripe the database and the keys belong to", Tags: []string{"Operating"},
		Security: server}, a.instance)
	huma.Register(api, huma.Operation{OperationID: "accept-instance", Method: http.MethodPost, Path: "/v1/instance/accept",
		Summary: "Accept another Clerk instance with the same people", Tags: []string{"Operating"}, Security: server},
		a.accept)
	huma.Register(api, huma.Operation{OperationID: "get-backfill", Method: http.MethodGet, Path: "/v1/backfill",
		Summary: "Progress and report of the backfill, which links the customers of an existing business",
		Tags:    []string{"Operating"}, Security: server}, a.readBackfill)
	huma.Register(api, huma.Operation{OperationID: "start-backfill", Method: http.MethodPost, Path: "/v1/backfill",
		Summary: "Start a backfill; the first start on an empty database does so by itself", Tags: []string{"Operating"},
		Security:      server,
		DefaultStatus: http.StatusAccepted}, a.startBackfill)
	huma.Register(api, huma.Operation{OperationID: "list-deletions", Method: http.MethodGet, Path: "/v1/deletions",
		Summary: "Accounts that the directory said to be gone; those that the brake holds", Tags: []string{"Operating"},
		Security: server}, a.deletions)
	huma.Register(api, huma.Operation{OperationID: "list-problems", Method: http.MethodGet, Path: "/v1/problems",
		Summary: "Accounts with a step that a provider refused, by account", Tags: []string{"Operating"}, Security: server},
		a.problemList)
	huma.Register(api, huma.Operation{OperationID: "approve-deletions", Method: http.MethodPost,
		Path:    "/v1/deletions/approve",
		Summary: "Delete after all what the brake holds", Tags: []string{"Operating"}, Security: server}, a.approveDeletions)
	huma.Register(api, huma.Operation{OperationID: "discard-deletions", Method: http.MethodPost,
		Path:    "/v1/deletions/discard",
		Summary: "Do not delete what the brake holds: its billing goes on", Tags: []string{"Operating"}, Security: server},
		a.discardDeletions)
	huma.Register(api, huma.Operation{OperationID: "health", Method: http.MethodGet, Path: "/healthz",
		Summary: "Whether the database can be written: whether a balancer should send requests here",
		Tags:    []string{"Operating"}}, a.healthy)
	huma.Register(api, huma.Operation{OperationID: "live", Method: http.MethodGet, Path: "/livez",
		Summary: "Whether the process answers, whatever the database does: whether it should be started again if not",
		Tags:    []string{"Operating"}}, a.live)
	api.OpenAPI().AddOperation(streamOperation(api))
	mux.HandleFunc("GET "+streamPath, a.Activations.Events)
	mux.Handle("GET /metrics", a.Metrics())
	mux.HandleFunc("/", unrouted(mux))
}

// problem turns an error into what the caller may know of it.
func (a *API) problem(ctx context.Context, doing string, err error) error {
	var upstream *lockstep.UpstreamError
	var delayed *lockstep.DelayError
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return huma.Error404NotFound("there is no such thing")
	case errors.Is(err, lockstep.ErrInvalid):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.As(err, &delayed):
		a.Log.WarnContext(ctx, doing, "error", err)
		return later(delayed.After, delayed.Reason)
	case errors.As(err, &upstream):
		a.Log.ErrorContext(ctx, doing, "error", err)
		if upstream.Status == http.StatusTooManyRequests {
			return later(upstream.RetryAfter, upstream.Provider+" allows no further requests for now")
		}
		if upstream.Rejected() {
			return refusedUpstream(http.StatusUnprocessableEntity, "", upstream)
		}
		return huma.Error502BadGateway(upstream.Provider + " did not answer as expected; try again")
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		if !errors.Is(ctx.Err(), context.Canceled) { // else whoever asked has left
			a.Log.ErrorContext(ctx, doing, "error", err)
		}
		return later(2*time.Second, "this took too long")
	}
	a.Log.ErrorContext(ctx, doing, "error", err)
	return huma.Error500InternalServerError("something went wrong here; the log says what")
}

// later tells the caller when to try again.
func later(after time.Duration, why string) error {
	seconds := max(int(math.Ceil(after.Seconds())), 1)
	return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(why+"; try again"),
		http.Header{"Retry-After": {strconv.Itoa(seconds)}})
}
