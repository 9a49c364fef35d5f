package wire

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// kept lists the headers that the history records. Cookies are not among them.
var kept = []string{"Authorization", "Clerk-Api-Version", "Content-Type", "Idempotency-Key", "Idempotent-Replayed",
	"Location", "Request-Id", "Retry-After", "Stripe-Rate-Limited-Reason", "Stripe-Should-Retry", "Stripe-Signature",
	"Stripe-Version", "Svix-Id", "Svix-Signature", "Svix-Timestamp", "Traceparent", "User-Agent", "Webhook-Delivery"}

const maxHeader = 512

// KeptHeader copies the headers that the history records, with secrets masked and
// long values cut.
func KeptHeader(header http.Header) map[string]string {
	var shown map[string]string
	for name, values := range header {
		if !slices.Contains(kept, http.CanonicalHeaderKey(name)) || len(values) == 0 {
			continue
		}
		if shown == nil {
			shown = map[string]string{}
		}
		value := Mask(values[0])
		if http.CanonicalHeaderKey(name) == "Authorization" {
			value = maskCredentials(values[0])
		}
		shown[http.CanonicalHeaderKey(name)] = value[:min(len(value), maxHeader)]
	}
	return shown
}

// maskCredentials keeps the scheme and the kind of key.
func maskCredentials(value string) string {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return "…"
	}
	if masked := Mask(rest); masked != rest {
		return scheme + " " + masked
	}
	return scheme + " …"
}

// secrets are keys, signing secrets, session tokens, and passwords in JSON and in
// forms. The first group stays.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`\b((?:sk|rk)_(?:test|live)_)[A-Za-z0-9_+/=-]+`),
	regexp.MustCompile(`\b(whsec_)[A-Za-z0-9_+/=-]+`),
	regexp.MustCompile(`\b(eyJ)[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*`),
	regexp.MustCompile(`("(?:password|client_secret|secret)"\s*:\s*")(?:[^"\\]|\\.)+`),
	regexp.MustCompile(`((?:^|[?&])(?:password|client_secret)=)[^&\s"]+`),
}

// Mask hides the secrets in a text.
func Mask(text string) string {
	for _, secret := range secrets {
		text = secret.ReplaceAllString(text, "${1}…")
	}
	return text
}
