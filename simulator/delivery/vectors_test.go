package delivery_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/lockstep-dev/lockstep/simulator/delivery"
)

// The key, id and body in the tests of the Svix and Standard Webhooks libraries.
const (
	vectorSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody   = `{"test": 2432232314}`
	strangeMAC   = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
)

// standardFamily renames the headers to those of Standard Webhooks. That library reads
// no other names; the Svix library reads both.
func standardFamily(sent http.Header) http.Header {
	renamed := http.Header{}
	for name, values := range sent {
		renamed[http.CanonicalHeaderKey(strings.Replace(strings.ToLower(name), "svix-", "webhook-", 1))] = values
	}
	return renamed
}

// TestWhatWeSignPassesTheLibraries is the table of the libraries' tests, with our
// signatures.
func TestWhatWeSignPassesTheLibraries(t *testing.T) {
	t.Parallel()
	const tolerance = 5 * time.Minute
	for name, test := range map[string]struct {
		age    time.Duration // of the signature
		change func(http.Header)
		body   string
		secret string
		good   bool
	}{
		"as it is":                   {good: true},
		"without the secret's start": {secret: strings.TrimPrefix(vectorSecret, "whsec_"), good: true},
		"other secret":               {secret: "whsec_plJ3nmyCDGBKInavdOK15jsl"},
		"other body":                 {body: vectorBody + " "},
		"no id":                      {change: func(h http.Header) { h.Del("svix-id") }},
		"other id":                   {change: func(h http.Header) { h.Set("svix-id", "msg_other") }},
		"no time":                    {change: func(h http.Header) { h.Del("svix-timestamp") }},
		"time is no number":          {change: func(h http.Header) { h.Set("svix-timestamp", "now") }},
		"time was changed": {change: func(h http.Header) {
			h.Set("svix-timestamp", strconv.FormatInt(time.Now().Add(-time.Minute).Unix(), 10))
		}},
		"no signature":      {change: func(h http.Header) { h.Del("svix-signature") }},
		"strange signature": {change: func(h http.Header) { h.Set("svix-signature", "v1,"+strangeMAC) }},
		"empty signature":   {change: func(h http.Header) { h.Set("svix-signature", "v1,") }},
		"other version": {change: func(h http.Header) {
			h.Set("svix-signature", strings.Replace(h.Get("svix-signature"), "v1,", "v2,", 1))
		}},
		"among others": {good: true, change: func(h http.Header) {
			h.Set("svix-signature", "v1,"+strangeMAC+" v2,"+strangeMAC+" "+h.Get("svix-signature")+" v1,"+strangeMAC)
		}},
		"too old":    {age: tolerance + time.Second},
		"too new":    {age: -tolerance - 2*time.Second},
		"old enough": {age: tolerance - 10*time.Second, good: true},
		"new enough": {age: -tolerance + 10*time.Second, good: true},
	} {
		header := delivery.SignSvix([]string{vectorSecret}, vectorID, []byte(vectorBody), time.Now().Add(-test.age))
		if test.change != nil {
			test.change(header)
		}
		body, secret := vectorBody, vectorSecret
		if test.body != "" {
			body = test.body
		}
		if test.secret != "" {
			secret = test.secret
		}
		for library, err := range verdicts(t, secret, body, header) {
			if (err == nil) != test.good {
				t.Errorf("%s, %s: %v, want it to verify: %v", name, library, err, test.good)
			}
		}
	}
}

// verdicts returns the result of each library, for Svix with both families of headers.
func verdicts(t *testing.T, secret, body string, header http.Header) map[string]error {
	t.Helper()
	ofSvix, err := svix.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	ofStandard, err := standard.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]error{
		"svix":               ofSvix.Verify([]byte(body), header),
		"svix, webhook-*":    ofSvix.Verify([]byte(body), standardFamily(header)),
		"standard, webhook-": ofStandard.Verify([]byte(body), standardFamily(header)),
	}
}

// TestTheLibrariesSignAsWeDo compares signatures, at the times of the published vectors
// and at others.
func TestTheLibrariesSignAsWeDo(t *testing.T) {
	t.Parallel()
	ofSvix, err := svix.NewWebhook(vectorSecret)
	if err != nil {
		t.Fatal(err)
	}
	ofStandard, err := standard.NewWebhook(vectorSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{1, 1614265330, 1731705121, 4102444800} {
		for _, body := range []string{vectorBody, "", "{}", "ümlaut\x00"} {
			ours := delivery.SignSvix([]string{vectorSecret}, vectorID, []byte(body), time.Unix(at, 0)).Get("svix-signature")
			for library, sign := range map[string]func(string, time.Time, []byte) (string, error){"svix": ofSvix.Sign,
				"standard": ofStandard.Sign} {
				if theirs, err := sign(vectorID, time.Unix(at, 0), []byte(body)); err != nil || theirs != ours {
					t.Errorf("%s signs %q at %d with %s (%v), we with %s", library, body, at, theirs, err, ours)
				}
			}
		}
	}
}

// TestBothSecretsVerifyWhileOneIsReplaced checks that both secrets sign during a rotation.
func TestBothSecretsVerifyWhileOneIsReplaced(t *testing.T) {
	t.Parallel()
	const next = "whsec_plJ3nmyCDGBKInavdOK15jsl"
	header := delivery.SignSvix([]string{next, vectorSecret}, vectorID, []byte(vectorBody), time.Now())
	for _, secret := range []string{vectorSecret, next} {
		for library, err := range verdicts(t, secret, vectorBody, header) {
			if err != nil {
				t.Errorf("%s with %s: %v", library, secret, err)
			}
		}
	}
}
