package email

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// sample is an e-mail that a reviewer can read in testdata.
type sample struct {
	kind         lockstep.NoticeKind
	facts        lockstep.Facts
	organization string
}

func on(month time.Month, day int) *time.Time {
	t := time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
	return &t
}

const (
	invoicePage = "https://invoice.stripe.com/i/acct_1/live_YWNjdF8x"
	receiptPage = "https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8x"
)

// samples are one e-mail of each kind, and of each variant that says something else.
func samples() map[string]sample {
	paid := lockstep.Facts{Plan: "pro", Amount: 2000, Currency: "usd", Status: "active", Until: on(12, 30),
		PeriodStart: on(11, 30), PeriodEnd: on(12, 30), Invoice: "in_1", InvoiceURL: invoicePage}
	with := func(f lockstep.Facts, change func(*lockstep.Facts)) lockstep.Facts { change(&f); return f }
	trial := lockstep.Facts{Plan: "pro", Status: "trialing", Until: on(12, 14)}
	license := lockstep.Facts{Plan: "lifetime", Amount: 29900, Currency: "eur", Status: "active", Checkout: "cs_1",
		At: on(11, 30), ReceiptURL: receiptPage}
	refund := with(license, func(f *lockstep.Facts) { f.PaymentAmount = 29900 })
	ended := lockstep.Facts{Plan: "pro", Status: "canceled", Until: on(11, 30)}
	return map[string]sample{
		"subscription.started": {kind: lockstep.NoticeSubscriptionStarted, facts: paid},
		"subscription.started-ending": {kind: lockstep.NoticeSubscriptionStarted,
			facts: with(paid, func(f *lockstep.Facts) { f.Ending = true })},
		"subscription.started-trial": {kind: lockstep.NoticeSubscriptionStarted, facts: trial},
		"subscription.started-organization": {kind: lockstep.NoticeSubscriptionStarted, organization: "Engines & Sons",
			facts: with(paid, func(f *lockstep.Facts) { f.Plan, f.Amount, f.Currency = "team_yearly", 1200000, "jpy" })},
		"license.granted": {kind: lockstep.NoticeLicenseGranted, facts: license},
		"license.granted-pass": {kind: lockstep.NoticeLicenseGranted, facts: with(license, func(f *lockstep.Facts) {
			f.Plan, f.Until, f.ReceiptURL = "30-day-pass", on(12, 30), ""
		})},
		"payment.failed": {kind: lockstep.NoticePaymentFailed,
			facts: with(paid, func(f *lockstep.Facts) { f.Status = "past_due" })},
		"payment.failed-once": {kind: lockstep.NoticePaymentFailed,
			facts: with(license, func(f *lockstep.Facts) { f.Status, f.ReceiptURL = "failed", "" })},
		"payment.action_required": {kind: lockstep.NoticePaymentActionRequired, facts: with(paid, func(f *lockstep.Facts) {
			f.Status, f.ActionRequired = "past_due", true
		})},
		"payment.action_required-first": {kind: lockstep.NoticePaymentActionRequired,
			facts: with(paid, func(f *lockstep.Facts) { f.Status, f.ActionRequired = "incomplete", true })},
		"payment.refunded": {kind: lockstep.NoticePaymentRefunded, facts: refund},
		"payment.refunded-part": {kind: lockstep.NoticePaymentRefunded,
			facts: with(refund, func(f *lockstep.Facts) { f.Amount = 5000 })},
		"subscription.trial_ending": {kind: lockstep.NoticeSubscriptionTrialEnding,
			facts: with(trial, func(f *lockstep.Facts) { f.Amount, f.Currency = 2000, "usd" })},
		"subscription.trial_ending-canceled": {kind: lockstep.NoticeSubscriptionTrialEnding,
			facts: with(trial, func(f *lockstep.Facts) { f.Ending = true })},
		"subscription.renewal_upcoming": {kind: lockstep.NoticeSubscriptionRenewing, facts: lockstep.Facts{Plan: "pro",
			Amount: 2000, Currency: "usd", Status: "active", Until: on(12, 30)}},
		"subscription.ended": {kind: lockstep.NoticeSubscriptionEnded, facts: ended},
		"access.ended":       {kind: lockstep.NoticeAccessEnded, facts: ended},
	}
}

// TestGolden compares each e-mail with its file. To accept a change, run the test with -update.
func TestGolden(t *testing.T) {
	t.Parallel()
	r := mustNew(t, acme)
	seen := map[lockstep.NoticeKind]bool{}
	var names []string
	for name, s := range samples() {
		seen[s.kind] = true
		email, err := r.Compose(lockstep.EmailDraft{Notice: notice(s.kind, s.facts), Address: "ada@example.com",
			Name: "Ada Lovelace", Organization: s.organization})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", "Subject: "+email.Subject+"\n\n"+email.Text)
		golden(t, name+".html", email.HTML)
		names = append(names, name+".txt", name+".html")
	}
	for _, kind := range Kinds() {
		if !seen[kind] {
			t.Errorf("no golden file of %s", kind)
		}
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(names, f.Name()) {
			t.Errorf("testdata/%s is the e-mail of no sample; delete it", f.Name())
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // a file of the repository
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; to accept it, run go test -update. Got:\n%s", name, got)
	}
}
