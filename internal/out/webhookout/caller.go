// Package webhookout calls webhook endpoints: it signs what it sends by the scheme of
// Standard Webhooks, connects to public addresses only unless told otherwise, and
// follows no redirect. Trying again is the queue's business.
package webhookout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/out/standardwebhooks"
)

const (
	// timeout is for a whole call, from the name's resolution to the end of the answer.
	timeout = 10 * time.Second
	// mostBody is how much of an answer is read, so that the connection can be used again.
	mostBody = 64 << 10
	// shortestKey is what Standard Webhooks asks of a secret, in bytes.
	shortestKey = 24
	// longestWait bounds what an endpoint can ask for by Retry-After.
	longestWait = 8 * time.Hour
)

var errPrivate = errors.New("its address is not a public one")

// Endpoint is where to send, and what it is signed with.
type Endpoint struct {
	ID           string // short, of letters, digits, - and _
	URL          string
	Secrets      []lockstep.Secret // whsec_ and 24 to 64 bytes in base64; several while one is rolled
	AllowPrivate bool              // also addresses that are not public, and plain http
	HTTPClient   *http.Client      // nil: one that does what the package comment says
}

var endpointID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Validate reports every problem at once.
func (e Endpoint) Validate() error {
	var problems []error
	if !endpointID.MatchString(e.ID) {
		problems = append(problems, fmt.Errorf("webhook %q: an id is 1-40 letters, digits, - or _", e.ID))
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		problems = append(problems, fmt.Errorf("webhook %q: its URL is none, as in https://app.example/lockstep, without user name or fragment", e.ID))
	case u.Scheme == "http" && !e.AllowPrivate:
		problems = append(problems, fmt.Errorf("webhook %q: its URL is not https; allow_private = true allows http too",
			e.ID))
	case u.Scheme != "https" && u.Scheme != "http":
		problems = append(problems, fmt.Errorf("webhook %q: its URL is not https", e.ID))
	}
	if len(e.Secrets) == 0 {
		problems = append(problems, fmt.Errorf("webhook %q has no secret", e.ID))
	}
	for _, secret := range e.Secrets {
		if key, err := standardwebhooks.Key(secret); err != nil || len(key) < shortestKey || len(key) > 64 {
			problems = append(problems, fmt.Errorf("webhook %q: a secret is not whsec_ and 24 to 64 bytes in base64.\n  Make one with: echo whsec_$(openssl rand -base64 32)", e.ID))
		}
	}
	return errors.Join(problems...)
}

// Caller calls endpoints.
type Caller struct {
	endpoints map[string]endpoint
}

type endpoint struct {
	url    string
	keys   [][]byte
	client *http.Client
}

// New returns a caller of the endpoints.
func New(endpoints []Endpoint) (*Caller, error) {
	c := &Caller{endpoints: map[string]endpoint{}}
	for _, e := range endpoints {
		if err := e.Validate(); err != nil {
			return nil, err
		}
		if _, twice := c.endpoints[e.ID]; twice {
			return nil, fmt.Errorf("webhook %q is listed twice", e.ID)
		}
		var keys [][]byte
		for _, secret := range e.Secrets {
			key, err := standardwebhooks.Key(secret)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		if e.HTTPClient == nil {
			e.HTTPClient = client(e.AllowPrivate)
		}
		c.endpoints[e.ID] = endpoint{url: e.URL, keys: keys, client: e.HTTPClient}
	}
	return c, nil
}

// client goes through no proxy, since then the proxy would resolve and connect.
func client(allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !allowPrivate {
		dialer.Control = refusePrivate
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close closes the connections that wait for another call.
func (c *Caller) Close() {
	for _, e := range c.endpoints {
		e.client.CloseIdleConnections()
	}
}

// SendWebhook implements [lockstep.WebhookSender].
func (c *Caller) SendWebhook(ctx context.Context, id string, m lockstep.WebhookMessage) error {
	e, known := c.endpoints[id]
	if !known {
		return &lockstep.WebhookError{Reason: "there is no such endpoint any more"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	request.Header = standardwebhooks.Header(m.ID, m.Body, e.keys, time.Now())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Lockstep")
	response, err := e.client.Do(request)
	if err != nil {
		return &lockstep.WebhookError{Reason: whyNot(err)}
	}
	defer func() { _ = response.Body.Close() }() // what it says is of no interest
	_, _ = io.CopyN(io.Discard, response.Body, mostBody)
	status := response.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return &lockstep.WebhookError{Status: status, Reason: fmt.Sprintf("answered %d: redirects are not followed", status)}
	}
	return &lockstep.WebhookError{Status: status, Gone: status == http.StatusGone,
		RetryAfter: retryAfter(response.Header.Get("Retry-After")),
		Reason:     fmt.Sprintf("answered %d", status)}
}

// whyNot says why there was no answer, without the URL, which may hold a secret.
func whyNot(err error) string {
	var timeout interface{ Timeout() bool }
	var failed *url.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, errPrivate):
		return "not called: " + errPrivate.Error() + "; allow_private = true allows it"
	case errors.As(err, &name):
		return "its name could not be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.As(err, &failed):
		return "could not be reached: " + strings.ReplaceAll(failed.Err.Error(), failed.URL, "its URL")
	}
	return "could not be reached"
}

// retryAfter reads seconds or a date, up to longestWait.
func retryAfter(text string) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), longestWait)
}
