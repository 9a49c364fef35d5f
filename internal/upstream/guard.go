package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Rules describe the answers and the limits of a provider.
type Rules struct {
	Provider  string // in errors: "stripe"
	Owner     string // in errors: "Stripe's"
	RequestID string // header with the request id, which the provider's support asks for
	Missing   string // code of a 404 about an object, not about a wrong URL
	Objects   bool   // a 2xx answer must be an object; otherwise any JSON
	// Refusal reads an answer of status 400 and above into e: the Code and other
	// details. body is nil if it is not an object. It reports whether the provider
	// itself answered, and not a proxy.
	Refusal func(res *http.Response, body Object, e *lockstep.UpstreamError) (own bool)
	Pace    Pace // how the provider limits requests, see [Gate]
}

// Client returns a copy of base, or a new client if base is nil, with a guard that applies
// the rules. It reads answers of up to limit bytes. timeout applies to each call if base sets none; 0
// means none.
func (r Rules) Client(base *http.Client, timeout time.Duration, limit int64) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	if client.Timeout != 0 {
		timeout = client.Timeout
	}
	if client.Transport == nil {
		client.Transport = transport()
	}
	client.Transport = guard{r, client.Transport, limit, timeout}
	client.Timeout, client.Jar = 0, nil // see guard
	return &client
}

// connectionsKept is how many idle connections to a provider stay open, as many as there may
// be concurrent runs. net/http keeps two by default. With HTTP/1.1, 32 concurrent runs would
// then open a new TLS connection for almost every call.
const connectionsKept = 100

func transport() http.RoundTripper {
	base, is := http.DefaultTransport.(*http.Transport)
	if !is {
		return http.DefaultTransport // the program has replaced it
	}
	t := base.Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = connectionsKept, connectionsKept
	return t
}

// guard applies the rules to every answer. The package comment says why it returns an error
// although there was a response. It also bounds the call: the timeout of an [http.Client] whose transport is
// not net/http's own costs a goroutine for each call.
type guard struct {
	rules   Rules
	next    http.RoundTripper
	limit   int64
	timeout time.Duration // 0: none
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if g.timeout > 0 {
		ctx, cancel := context.WithTimeout(req.Context(), g.timeout)
		defer cancel()
		req = req.WithContext(ctx)
	}
	sent := time.Now()
	res, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if a := kept(req.Context()); a != nil {
		a.skew, a.dated = skewOf(res.Header.Get("Date"), sent, time.Now())
	}
	return g.read(req, res)
}

// read reads an answer to its end, and returns it if the rules allow it.
func (g guard) read(req *http.Request, res *http.Response) (*http.Response, error) {
	body, err := g.body(res)
	switch {
	case err != nil:
		return nil, g.rules.unknown(res, err)
	case int64(len(body)) > g.limit:
		return nil, g.rules.unknown(res, errors.New("the answer is too large"))
	case res.StatusCode >= 400:
		return nil, g.rules.refusal(res, body)
	case res.StatusCode < 200 || res.StatusCode >= 300:
		return nil, g.rules.unknown(res, fmt.Errorf("the answer is a redirect, status %d", res.StatusCode))
	}
	object, err := g.rules.decode(body)
	if err != nil {
		return nil, g.rules.unknown(res, err)
	}
	if a := kept(req.Context()); a != nil {
		a.Raw, a.Object, body = body, object, []byte("{}")
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// body reads up to one byte more than the limit, and closes the body.
func (g guard) body(res *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, g.limit+1))
	if closing := res.Body.Close(); err == nil {
		err = closing
	}
	return body, err
}

// decode checks the body of a 2xx answer. The object is nil if the body is another JSON value.
func (r Rules) decode(body []byte) (Object, error) {
	object := Decode(body)
	switch {
	case object != nil:
		return object, nil
	case r.Objects:
		return nil, errors.New("the answer is not a complete JSON object")
	case !json.Valid(body):
		return nil, errors.New("the answer is not complete JSON")
	}
	return nil, nil
}

// unknown returns the error for an answer that leaves the outcome unknown.
func (r Rules) unknown(res *http.Response, cause error) *lockstep.UpstreamError {
	return &lockstep.UpstreamError{Provider: r.Provider, Err: cause,
		RequestID:  Word(res.Header.Get(r.RequestID)),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
}

// refusal returns the error for an answer of status 400 and above. An answer that is not
// the provider's comes from a proxy or a wrong URL. Only its 429 or 5xx counts, because
// neither says anything about an object.
func (r Rules) refusal(res *http.Response, body []byte) *lockstep.UpstreamError {
	e := r.unknown(res, nil)
	own := r.Refusal(res, Decode(body), e)
	status := res.StatusCode
	switch {
	case !own && status != http.StatusTooManyRequests && status < 500:
		e.Code, e.Err = "", fmt.Errorf("the answer is not %s, status %d", r.Owner, status)
	case status == http.StatusNotFound && e.Code != r.Missing:
		e.Err = errors.New("no such URL, status 404") // a wrong base URL, not a missing object
	default:
		e.Status = status
	}
	return e
}
