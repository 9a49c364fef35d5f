package console_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

var noticeHref = regexp.MustCompile(`href="(/console/notices/[^"]+)"`)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	anna, viewer := o.signIn(lockstep.ConsoleOperator), o.signIn(lockstep.ConsoleViewer)
	viewer.open("/console/webhooks").has(t, `href="/console/webhooks/app"`, "everything", ">ok<")
	viewer.open("/console/webhooks/app").has(t, "Webhook app", "everything")
	ada := o.ada()
	o.buy(ada, "pro")
	o.until("the access is delivered", func() bool {
		return strings.Contains(viewer.open("/console/webhooks/app?state=delivered").body, "Access of "+ada.String())
	})
	viewer.open("/console/webhooks/app?state=undelivered").has(t, "No delivery is in this state")
	got := viewer.open("/console/webhooks/app")
	got.readOnly(t)
	if strings.Contains(got.body, "hidden-path") {
		t.Errorf("the page shows the path of the URL: %s", got.body)
	}
	before := o.calls.Load()
	anna.confirms(t, "redeliver", []string{"webhook", "app", "subject", "access:" + ada.String()}, "Access of "+ada.String(),
		"as it is then").has(t, "is queued")
	o.until("it is delivered again", func() bool { return o.calls.Load() > before })
	if got := anna.open("/console/webhooks/none"); got.status != 404 {
		t.Errorf("no endpoint: %d", got.status)
	}
	for _, name := range []string{"redeliver", "enable-webhook"} {
		if got := anna.open("/console/actions/" + name + "?webhook=none&subject=x"); got.status != 404 {
			t.Errorf("%s: no endpoint: %d", name, got.status)
		}
	}
	if got := anna.post("/console/actions/redeliver", "webhook", "app", "subject", "none", "reason", "why", "token",
		anna.token()); got.status != 404 || !strings.Contains(got.body, "notice none not found") {
		t.Errorf("no notice: %d %s", got.status, got.body)
	}
}

// A disabled endpoint says since when and why, and enabling it sends what it missed.
func TestAWebhookIsEnabled(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	anna, viewer := o.signIn(lockstep.ConsoleOperator), o.signIn(lockstep.ConsoleViewer)
	ada := o.ada()
	o.buy(ada, "pro")
	n := o.started(ada)
	o.until("the notice is delivered", func() bool {
		d, err := o.store.WebhookDelivery(t.Context(), "app", n.ID)
		return err == nil && d.State == lockstep.WebhookDelivered
	})
	o.disable(lockstep.WebhookDelivery{Endpoint: "app", Subject: n.ID, State: lockstep.WebhookHeld, Status: 500, Attempts: 12,
		Reason: "held: " + evil}, "every try failed: "+evil)
	viewer.open("/console/webhooks").has(t, ">disabled<", "every try failed: &lt;img")
	got := viewer.open("/console/webhooks/app?state=held")
	got.has(t, "Lockstep sends nothing to it", "Subscription started", "held: &lt;img", "answered 500", ">12<")
	got.readOnly(t)
	anna.open("/console/webhooks/app").has(t, "/console/actions/enable-webhook?webhook=app")
	anna.open("/console/actions/redeliver?"+form("webhook", "app", "subject", n.ID).Encode()).has(t, "waits until you enable it")
	before := o.calls.Load()
	anna.confirms(t, "enable-webhook", []string{"webhook", "app"}, "sends the 1 delivery that it missed").has(t,
		"Lockstep sends the 1 delivery that it missed", ">ok<")
	o.until("it is delivered", func() bool { return o.calls.Load() > before })
	anna.open("/console/actions/enable-webhook?webhook=app").has(t, "It is not disabled now")
}

func TestNoWebhookIsConfigured(t *testing.T) {
	t.Parallel()
	start(t).signIn(lockstep.ConsoleViewer).open("/console/webhooks").has(t, "[[webhook]]", "LOCKSTEP_WEBHOOK_SECRET")
}
