package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestNotices(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	anna, viewer := o.signIn(lockstep.ConsoleOperator), o.signIn(lockstep.ConsoleViewer)
	viewer.open("/console/notices").has(t, "There are no notices yet")
	ada := o.ada()
	o.buy(ada, "pro")
	n := o.started(ada)
	o.until("the e-mail is sent", func() bool { return o.sent() == 1 })
	o.until("the page shows it", func() bool { return strings.Contains(viewer.open("/console/notices").body, ">sent<") })
	page := "/console/notices/" + strings.ReplaceAll(n.ID, ":", "%3A")
	viewer.open("/console/notices").has(t, "Subscription started", ada.String(), n.Object)
	viewer.open("/console/notices?kind=payment.failed").has(t, "No notice matches")
	viewer.open("/console/notices?mail=undelivered").has(t, "No notice matches")
	viewer.open("/console/notices?mail=sent&kind=subscription.started&account="+ada.String()).has(t, n.Object)
	viewer.open("/console/notices?account=user/user_2").has(t, "No notice matches")
	viewer.open("/console/notices?account=nobody").has(t, `role="alert"`, "Correct the filter")
	o.until("the endpoint has it", func() bool { return strings.Contains(viewer.open(page).body, ">delivered<") })
	got := viewer.open(page)
	got.has(t, "Subscription started", ada.String(), "pro", "$20.00", `href="/console/webhooks/app"`)
	got.readOnly(t)
	if strings.Contains(got.body, "ada@example.com") {
		t.Errorf("the page shows an address: %s", got.body)
	}

	after := anna.confirms(t, "send-notice", []string{"notice", n.ID, "to", "account"}, "“Subscription started”",
		"the address of "+ada.String(), "they get it twice")
	if !strings.HasSuffix(after.url, "/console/notices/"+n.ID) || !strings.Contains(after.body, "The e-mail is queued") {
		t.Errorf("after it: %s %s", after.url, after.body)
	}
	o.until("it is sent again", func() bool { return o.sent() == 2 })
	before := o.calls.Load()
	anna.confirms(t, "redeliver", []string{"webhook", "app", "subject", n.ID}, "Subscription started", "the endpoint app",
		"the same id")
	o.until("it is delivered again", func() bool { return o.calls.Load() > before })
}

// What the API refuses is shown beside the form, with what was entered.
func TestARefusedEmail(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	ada := o.ada()
	n := lockstep.NewNotice(lockstep.NoticeSubscriptionRenewing, ada, "sub_1:1", time.Now()) // a kind without an e-mail
	o.notify(ada, n)
	anna := o.signIn(lockstep.ConsoleOperator)
	for state, says := range map[lockstep.EmailState]string{lockstep.EmailUnknown: "may have arrived",
		lockstep.EmailUndelivered: "did not arrive: a reason", lockstep.EmailSkipped: "Lockstep skipped it: a reason",
		lockstep.EmailSending: "being sent right now"} {
		o.work(n.EmailKey(), func(claim lockstep.Claim) error {
			return o.store.SaveEmailDelivery(t.Context(), claim, lockstep.EmailDelivery{NoticeID: n.ID, State: state,
				Reason: "a reason"})
		})
		anna.open("/console/actions/send-notice?"+form("notice", n.ID, "to", "account").Encode()).has(t, says)
		if state != lockstep.EmailSending {
			continue
		}
		got := anna.post("/console/actions/send-notice", "notice", n.ID, "to", "account", "reason", "ticket 42", "token",
			anna.token())
		if got.status != 409 || !strings.Contains(got.body, "is being sent") || !strings.Contains(got.body, `value="ticket 42"`) {
			t.Errorf("refused: %d %s", got.status, got.body)
		}
	}
	if o.sent() > 0 {
		t.Errorf("%d e-mails were sent", o.sent())
	}
	if got := anna.open("/console/notices/nothing"); got.status != 404 {
		t.Errorf("no notice: %d", got.status)
	}
}

// Ids, objects and facts of notices are text.
func TestNoticesAreText(t *testing.T) {
	t.Parallel()
	o := startOutside(t)
	ada := o.ada()
	n := lockstep.NewNotice(lockstep.NoticePaymentFailed, ada, "in_1", time.Now())
	until := time.Now().Add(time.Hour)
	n.Facts = lockstep.Facts{Plan: evil, Amount: 500, Currency: evil, Status: evil, Invoice: evil, Refund: evil,
		PaidBy:   evil,
		Checkout: evil, InvoiceURL: "javascript:alert(1)", ReceiptURL: "javascript:alert(1)", Until: &until,
		PeriodStart: &until, PeriodEnd: &until, At: &until, Ending: true, ActionRequired: true, PaymentAmount: 900}
	o.down.Store(true)
	o.notify(ada, lockstep.NewNotice(lockstep.NoticePaymentFailed, ada, "in_/"+evil+`"><script>alert(1)</script>`, time.Now()))
	o.notify(ada, n)
	anna := o.signIn(lockstep.ConsoleOperator)
	o.work(n.EmailKey(), func(claim lockstep.Claim) error {
		return o.store.SaveEmailDelivery(t.Context(), claim, lockstep.EmailDelivery{NoticeID: n.ID,
			State: lockstep.EmailUndelivered, Reason: "550 " + evil})
	})
	o.until("the endpoint refused it", func() bool {
		page := anna.open("/console/webhooks/app").body
		return strings.Contains(page, "answered 500") && strings.Contains(page, "Payment failed")
	})
	list := anna.open("/console/notices")
	list.has(t, "Payment failed", "&lt;img src=x", "550 &lt;img")
	for _, href := range noticeHref.FindAllStringSubmatch(list.body, -1) {
		anna.open(href[1]).has(t, "Payment failed")
	}
	anna.open("/console/notices/"+n.ID).has(t, "550 &lt;img", "The customer must confirm")
	anna.open("/console/actions/send-notice?"+form("notice", n.ID, "to", "buyer").Encode()).has(t, "the buyer typed",
		"never tried")
	anna.open("/console/actions/redeliver?"+form("webhook", "app", "subject", n.ID).Encode()).has(t, "Payment failed")
	anna.open("/console/webhooks/app").has(t, "Payment failed", "answered 500")
	anna.open("/console/notices?account=" + form("", `"><script>alert(1)</script>`).Encode()[1:]).has(t)
}
