package console_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/browser"
	"github.com/lockstep-dev/lockstep/server"
)

// TestListsInABrowser looks at the pages of notices, webhooks, the catalog, the doctor and their actions, with
// something on each.
func TestListsInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	o := startOutside(t, func(c *server.Config) {
		c.Catalog.Plans = append(c.Catalog.Plans, lockstep.Plan{Name: "team", LookupKeys: []string{"team_monthly"}, Rank: 3,
			Features: []string{"export", "audit"}, Limits: map[string]int64{"projects": 12000}, TrialDays: 14})
	})
	o.stripe("/v1/prices", quarterly("quarterly", "New plan"))
	ada := o.ada()
	o.buy(ada, "pro")
	n := o.started(ada)
	failed := lockstep.NewNotice(lockstep.NoticePaymentFailed, ada, "in_1Or5VwxvOpXV6XB9LJugsjgO", time.Now())
	failed.Facts = lockstep.Facts{Plan: "pro", Amount: 2000, Currency: "usd", Status: "past_due",
		Invoice: "in_1Or5VwxvOpXV6XB9LJugsjgO"}
	o.until("the first notice is delivered", func() bool {
		d, err := o.store.WebhookDelivery(t.Context(), "app", n.ID)
		return err == nil && d.State == lockstep.WebhookDelivered && o.sent() == 1
	})
	o.down.Store(true)
	o.notify(ada, failed)
	o.until("the second failed", func() bool {
		d, err := o.store.WebhookDelivery(t.Context(), "app", failed.ID)
		return err == nil && d.Status != 0
	})
	o.disable(lockstep.WebhookDelivery{Endpoint: "app", Subject: n.ID, State: lockstep.WebhookHeld, Status: 500, Attempts: 12,
		Reason: "the endpoint is disabled: every try in five days failed"}, "every try in five days failed: it answered 500")
	enter(b, o.kit, lockstep.ConsoleOperator)
	for name, path := range map[string]string{"notices": "/notices", "notice": "/notices/" + url.PathEscape(n.ID),
		"notice-failed": "/notices/" + url.PathEscape(failed.ID), "webhooks": "/webhooks", "webhook": "/webhooks/app",
		"catalog-trouble": "/catalog?by=lookup_key&value=pro", "settings-search": "/settings?q=key", "doctor-run": "/doctor?run=1",
		"send-notice": "/actions/send-notice?" + form("notice", n.ID, "to", "account").Encode(),
		"enable":      "/actions/enable-webhook?webhook=app"} {
		b.Open(o.url+"/console"+path, "main h1")
		b.Look("console-" + name)
	}
	b.Open(o.url+"/console/audit", "summary")
	b.Unfold("summary")
	b.Look("console-audit-details")
	o.down.Store(false)
	b.Scripts(false)
	b.Open(o.url+"/console/webhooks/app", "main h1")
	b.Click("a[href^='/console/actions/enable-webhook']", "#reason")
	b.Fill("#reason", "ticket 4711")
	b.Click("main form button", "p.note")
	b.Shows("p.note", "that it missed")
}
