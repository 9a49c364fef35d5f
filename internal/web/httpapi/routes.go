package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// callers are the credentials that an operation accepts, as OpenAPI security requirements. Each operation
// that accepts API keys names the scope that the key needs.
type callers []map[string][]string

var (
	anyone    callers // no credentials
	readers   = servers(lockstep.APIRead)
	checkers  = servers(lockstep.APICheck)
	apps      = servers(lockstep.APICheckout)
	operators = servers(lockstep.APIOperate)
)

// servers accepts API keys with a scope.
func servers(scope lockstep.APIScope) callers { return callers{{"apiKey": scope.Names()}} }

// orSession also accepts session tokens.
func orSession(c callers) callers { return append(c[:1:1], map[string][]string{"session": {}}) }

// section is a part of the OpenAPI document.
type section struct {
	api huma.API
	tag string
	of  *API
}

// route describes one operation. A status of 0 means 200, or 204 without a body.
type route struct {
	id, method, path string
	callers          callers
	status           int
	summary          string
}

// add registers an operation and returns its description.
func add[I, O any](s section, r route, handle func(context.Context, *I) (*O, error)) *huma.Operation {
	huma.Register(s.api, huma.Operation{OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary,
		Tags: []string{s.tag}, Security: r.callers, DefaultStatus: r.status}, handle)
	item := s.api.OpenAPI().Paths[r.path]
	return map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post,
		http.MethodDelete: item.Delete}[r.method]
}

func (a *API) buyingRoutes(api huma.API) {
	s := section{api, "Buying", a}
	add(s, route{"start-checkout", http.MethodPost, "/v1/checkout", orSession(apps), 0,
		"Start a checkout, or continue the open one"}, a.startCheckout)
	add(s, route{"get-activation", http.MethodGet, "/v1/activations/{id}", anyone, 0,
		"Get the state of a purchase"}, a.activation)
	add(s, route{"start-portal", http.MethodPost, "/v1/portal", orSession(apps), 0,
		"Open Stripe's billing portal"}, a.startPortal)
	api.OpenAPI().AddOperation(streamOperation(api))
}

func (a *API) accountRoutes(api huma.API) {
	const path = "/v1/accounts/{kind}/{id}"
	s := section{api, "Accounts", a}
	add(s, route{"get-account", http.MethodGet, path, orSession(readers), 0,
		"Get an account: its access with the reasons, and its customers"}, a.account)
	documentCreated(add(s, route{"put-account", http.MethodPut, path, apps, 0,
		"Create or update an account (identity = \"api\" only)"}, a.putAccount))
	operate(s, route{"delete-account", http.MethodDelete, path, operators, http.StatusAccepted,
		"Delete an account (identity = \"api\" only)"}, a.deleteAccount)
	documentNotModified(add(s, route{"read-access", http.MethodGet, path + "/access", orSession(checkers), 0,
		"Get an account's access from memory"}, a.readAccess))
	add(s, route{"check", http.MethodPost, "/v1/check", checkers, 0,
		"Check whether an account has a feature or a plan, from memory"}, a.check)
	operate(s, route{"sync-account", http.MethodPost, path + "/sync", operators, http.StatusAccepted,
		"Sync an account with Stripe and the directory now"}, a.syncAccount)
	operate(s, route{"forget-account", http.MethodPost, path + "/forget", operators, 0,
		"Erase the stored personal data of a deleted account now"}, a.forget)
}

func (a *API) eventRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"list-events", http.MethodGet, "/v1/events", readers, 0,
		"List stored events, newest first"}, a.events)
	add(s, route{"get-event", http.MethodGet, "/v1/events/{id}", readers, 0,
		"Get a stored event, and the state of its key"}, a.event)
	operate(s, route{"replay-events", http.MethodPost, "/v1/events/replay", operators, http.StatusAccepted,
		"Look again at what stored events are about; no event is applied"}, a.replay)
	operate(s, route{"retry-work", http.MethodPost, "/v1/work/retry", operators, http.StatusAccepted,
		"Run keys again now, with all their attempts"}, a.retryWork)
	operate(s, route{"drop-work", http.MethodPost, "/v1/work/drop", operators, 0,
		"Settle a key that you have decided about; a new event or a retry brings it back"}, a.dropWork)
	add(s, route{"list-work", http.MethodGet, "/v1/work", readers, 0,
		"List keys that are pending, parked or failed"}, a.work)
	add(s, route{"list-problems", http.MethodGet, "/v1/problems", readers, 0,
		"List accounts with a step that a provider rejected"}, a.problemList)
	add(s, route{"get-notice", http.MethodGet, "/v1/notices/{id}", readers, 0,
		"Get a notice and the state of its e-mails"}, a.notice)
	operate(s, route{"send-notice", http.MethodPost, "/v1/notices/{id}/send", operators, http.StatusAccepted,
		"Send a notice's e-mail again, even if it may have been sent before"}, a.sendNotice)
}

func (a *API) webhookRoutes(api huma.API) {
	s := section{api, "Webhooks", a}
	add(s, route{"list-webhooks", http.MethodGet, "/v1/webhooks", readers, 0,
		"List your webhook endpoints and their state"}, a.webhooks)
	add(s, route{"list-deliveries", http.MethodGet, "/v1/webhooks/{id}/deliveries", readers, 0,
		"List the deliveries to an endpoint, newest first"}, a.deliveries)
	operate(s, route{"redeliver", http.MethodPost, "/v1/webhooks/{id}/redeliver", operators, http.StatusAccepted,
		"Deliver a notice or an account's access to an endpoint again"}, a.redeliver)
	operate(s, route{"enable-webhook", http.MethodPost, "/v1/webhooks/{id}/enable", operators, 0,
		"Enable an endpoint that was disabled, and send what it missed"}, a.enableWebhook)
}

// decisionRoutes are what only an operator can decide.
func (a *API) decisionRoutes(api huma.API) {
	s := section{api, "Operating", a}
	operate(s, route{"link", http.MethodPost, "/v1/links", operators, http.StatusAccepted,
		"Link a customer or a guest's payment to an account"}, a.link)
	operate(s, route{"unlink", http.MethodDelete, "/v1/links/{customer}", operators, 0,
		"Remove a customer from its account"}, a.unlink)
	operate(s, route{"choose-primary-customer", http.MethodPost, "/v1/accounts/{kind}/{id}/primary-customer", operators,
		http.StatusAccepted, "Choose the primary customer of an account"}, a.choosePrimary)
	add(s, route{"list-deletions", http.MethodGet, "/v1/deletions", readers, 0,
		"List accounts that the directory deleted, by the state of their deletion"}, a.deletions)
	operate(s, route{"approve-deletions", http.MethodPost, "/v1/deletions/approve", operators, 0,
		"Delete accounts that the brake holds"}, a.approveDeletions)
	operate(s, route{"discard-deletions", http.MethodPost, "/v1/deletions/discard", operators, 0,
		"Keep accounts that the brake holds: their billing and access continue"}, a.discardDeletions)
}

func (a *API) installationRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"get-instance", http.MethodGet, "/v1/instance", readers, 0,
		"Get the Clerk instance and the Stripe mode that the database and the keys belong to"}, a.instance)
	operate(s, route{"accept-instance", http.MethodPost, "/v1/instance/accept", operators, 0,
		"Accept another Clerk instance with the same users"}, a.accept)
	add(s, route{"get-backfill", http.MethodGet, "/v1/backfill", readers, 0,
		"Get the progress and the report of the backfill, which links the customers of an existing business"}, a.readBackfill)
	operate(s, route{"start-backfill", http.MethodPost, "/v1/backfill", operators, http.StatusAccepted,
		"Start a backfill; the first start on an empty database does so by itself"}, a.startBackfill)
	add(s, route{"run-doctor", http.MethodGet, "/v1/doctor", readers, 0,
		"Check the installation: configuration, database, providers, mail server, endpoints and open work"}, a.diagnose)
	add(s, route{"health", http.MethodGet, "/healthz", anyone, 0,
		"Readiness: 200 while the database can be written, so that a load balancer may send requests"}, a.healthy)
	add(s, route{"live", http.MethodGet, "/livez", anyone, 0,
		"Liveness: 200 while the process answers; restart it otherwise"}, a.live)
}

func (a *API) keyRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"list-keys", http.MethodGet, "/v1/keys", readers, 0,
		"List the API keys, without their secrets"}, a.keys)
	operate(s, route{"create-key", http.MethodPost, "/v1/keys", operators, http.StatusCreated,
		"Create an API key; the answer is the only one with its secret"}, a.createKey)
	operate(s, route{"revoke-key", http.MethodDelete, "/v1/keys/{name}", operators, 0,
		"Revoke an API key forever"}, a.revokeKey)
	add(s, route{"list-audit", http.MethodGet, "/v1/audit", readers, 0,
		"List what operators did, newest first"}, a.auditLog)
}
