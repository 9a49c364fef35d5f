package console

import (
	"cmp"
	"strings"
	"unicode"
)

// noticeKinds are the kinds of notice in words, in the order of the filter.
var noticeKinds = [][2]string{
	{"payment.failed", "Payment failed"},
	{"payment.action_required", "Payment needs confirmation"},
	{"payment.refunded", "Payment refunded"},
	{"license.granted", "License bought"},
	{"subscription.started", "Subscription started"},
	{"subscription.trial_ending", "Trial ends soon"},
	{"subscription.renewal_upcoming", "Renewal coming up"},
	{"subscription.ended", "Subscription ended"},
	{"access.ended", "Access ended"},
}

// noticeKind names a kind of notice in words.
func noticeKind(kind string) string {
	for _, k := range noticeKinds {
		if k[0] == kind {
			return k[1]
		}
	}
	return kind
}

// deeds are the actions of the audit log in words, by the operation of the API or the command.
var deeds = map[string]string{
	"sign-in":                 "Signed in to the console",
	"create-console-link":     "Created a link to the console",
	"reveal-event":            "Revealed the personal data of an event",
	"delete-account":          "Deleted an account",
	"sync-account":            "Synced an account",
	"forget-account":          "Erased the personal data of an account",
	"replay-events":           "Looked again at what events are about",
	"retry-work":              "Retried work",
	"drop-work":               "Dropped work",
	"send-notice":             "Sent an e-mail again",
	"redeliver":               "Delivered to a webhook again",
	"enable-webhook":          "Enabled a webhook",
	"link":                    "Linked a customer or a payment",
	"unlink":                  "Unlinked a customer",
	"choose-primary-customer": "Chose the primary customer",
	"approve-deletions":       "Approved a deletion",
	"discard-deletions":       "Discarded a deletion",
	"accept-instance":         "Accepted a Clerk instance",
	"start-backfill":          "Started a backfill",
	"create-key":              "Created an API key",
	"revoke-key":              "Revoked an API key",
	"fix-drift":               "Repaired drift",
	"setup":                   "Changed the setup of the providers",
	"migrate":                 "Moved the database",
}

// deed names an action in words. One without words keeps its name.
func deed(action string) string { return cmp.Or(deeds[action], sentence(action)) }

// sentence writes a name as the beginning of a sentence: past_due is "Past due".
func sentence(name string) string {
	text := []rune(strings.NewReplacer("_", " ", "-", " ").Replace(name))
	if len(text) > 0 {
		text[0] = unicode.ToUpper(text[0])
	}
	return string(text)
}

// aboutObject returns the id of an object that a notice is about, without what makes the notice unique.
func aboutObject(object string) string {
	id, _, _ := strings.Cut(object, ":")
	return id
}

// delivered names what a delivery to a webhook carries.
type delivered struct{ Text, Href string }

// carried says what a delivery carries, from its subject: the id of a notice, or access:kind/id.
func carried(subject string) delivered {
	if account, is := strings.CutPrefix(subject, "access:"); is {
		return delivered{"Access of " + account, accountPath(account)}
	}
	kind, object, _ := strings.Cut(subject, ":")
	return delivered{noticeKind(kind) + " · " + aboutObject(object), path("notices", subject)}
}
