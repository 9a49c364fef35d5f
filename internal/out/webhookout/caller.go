// Package webhookout sends requests to webhook endpoints. It signs them as Standard Webhooks
// says, connects only to public addresses unless configured otherwise, and follows no
// redirects. It does not retry: the queue does.
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
	"github.com/lockstep-dev/lockstep/internal/buildinfo"
	"github.com/lockstep-dev/lockstep/internal/out/standardwebhooks"
)

const (
	// timeout limits a whole request, from resolving the name to the end of the response.
	timeout = 10 * time.Second
	// mostBody is how much of a response is read, in bytes. What is read to its end frees the
	// connection for another request.
	mostBody = 64 << 10
	// shortestKey is the shortest secret that Standard Webhooks allows, in bytes.
	shortestKey = 24
	// longestWait is the longest Retry-After that is obeyed.
	longestWait = 8 * time.Hour
)

// userAgent lets the receiver's operator see which version sends.
var userAgent = "Lockstep/" + buildinfo.Read().Version

var errPrivate = errors.New("its address is not public")

// Endpoint is where to send messages, and the secrets to sign them with.
type Endpoint struct {
	ID           string // short, of letters, digits, - and _
	URL          string
	Secrets      []lockstep.Secret // whsec_ and 24 to 64 bytes in base64; several while you rotate
	AllowPrivate bool              // also addresses that are not public, and plain http
	HTTPClient   *http.Client      // nil: as the package comment says
}

var endpointID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Validate reports all problems together.
func (e Endpoint) Validate() error {
	var problems []error
	if !endpointID.MatchString(e.ID) {
		problems = append(problems, fmt.Errorf("webhook %q: the id is invalid; use 1 to 40 letters, digits, - or _", e.ID))
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		problems = append(problems, fmt.Errorf("webhook %q: url: not a URL without user name and fragment; for example https://app.example.com/lockstep", e.ID))
	case u.Scheme == "http" && !e.AllowPrivate:
		problems = append(problems, fmt.Errorf("webhook %q: url: not https; set allow_private = true to allow http", e.ID))
	case u.Scheme != "https" && u.Scheme != "http":
		problems = append(problems, fmt.Errorf("webhook %q: url: not https", e.ID))
	}
	if len(e.Secrets) == 0 {
		problems = append(problems, fmt.Errorf("webhook %q: the secret is missing", e.ID))
	}
	for _, secret := range e.Secrets {
		if key, err := standardwebhooks.Key(secret); err != nil || len(key) < shortestKey || len(key) > 64 {
			problems = append(problems, fmt.Errorf("webhook %q: a secret is not whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)", e.ID))
		}
	}
	return errors.Join(problems...)
}

// Caller sends messages to endpoints.
type Caller struct {
	endpoints map[string]endpoint
}

type endpoint struct {
	url    string
	keys   [][]byte
	client *http.Client
}

// New returns a caller for the endpoints.
func New(endpoints []Endpoint) (*Caller, error) {
	c := &Caller{endpoints: map[string]endpoint{}}
	for _, e := range endpoints {
		if err := e.Validate(); err != nil {
			return nil, err
		}
		if _, twice := c.endpoints[e.ID]; twice {
			return nil, fmt.Errorf("webhook %q: two endpoints have this id; rename one", e.ID)
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

// client uses no proxy: a proxy would resolve the name and connect to any address itself.
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

// Close closes idle connections.
func (c *Caller) Close() {
	for _, e := range c.endpoints {
		e.client.CloseIdleConnections()
	}
}

// SendWebhook implements [lockstep.WebhookSender].
func (c *Caller) SendWebhook(ctx context.Context, id string, m lockstep.WebhookMessage) error {
	e, known := c.endpoints[id]
	if !known {
		return &lockstep.WebhookError{Reason: "the endpoint is no longer configured"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	request.Header = standardwebhooks.Header(m.ID, m.Body, e.keys, time.Now())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", userAgent)
	response, err := e.client.Do(request)
	if err != nil {
		return &lockstep.WebhookError{Reason: whyNot(err)}
	}
	defer func() { _ = response.Body.Close() }() // the status is all that counts
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

// whyNot says why there was no response. It leaves out the URL, which may contain a secret.
func whyNot(err error) string {
	var timeout interface{ Timeout() bool }
	var failed *url.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, errPrivate):
		return "not called: " + errPrivate.Error() + "; set allow_private = true to allow it"
	case errors.As(err, &name):
		return "its name could not be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.As(err, &failed):
		return "could not be reached: " + strings.ReplaceAll(failed.Err.Error(), failed.URL, "its URL")
	}
	return "could not be reached"
}

// retryAfter parses seconds or a date, and returns at most longestWait.
func retryAfter(text string) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(longestWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), longestWait)
}

// Reach checks that an endpoint's server can be reached as for a message: its name resolves, its address is
// allowed, and TLS works. It asks for the root of the server, so the endpoint itself sees nothing; every
// answer is fine. Its errors are [*lockstep.WebhookError].
func (c *Caller) Reach(ctx context.Context, id string) error {
	e, known := c.endpoints[id]
	if !known {
		return &lockstep.WebhookError{Reason: "the endpoint is no longer configured"}
	}
	root, err := url.Parse(e.url)
	if err != nil {
		return &lockstep.WebhookError{Reason: "its URL cannot be read"}
	}
	root.Path, root.RawPath, root.RawQuery = "/", "", ""
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, root.String(), http.NoBody)
	if err != nil {
		return &lockstep.WebhookError{Reason: "its URL cannot be read"}
	}
	request.Header.Set("User-Agent", userAgent)
	response, err := e.client.Do(request)
	if err != nil {
		return &lockstep.WebhookError{Reason: whyNot(err)}
	}
	return response.Body.Close()
}
