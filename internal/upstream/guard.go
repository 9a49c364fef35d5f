package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Rules say how a provider answers.
type Rules struct {
	Provider  string // of the errors: "stripe"
	Owner     string // whose answers are believed, in texts: "Stripe's"
	RequestID string // the header that names the request to the provider's support
	Missing   string // the code of a 404 that is about an object, not about an address
	Objects   bool   // an answer of status 2xx is an object, else any JSON
	// Refusal reads the body of an answer of status 400 and above, which is nil
	// where it is no object, and fills in the Code and what else the answer tells.
	// It reports whether the provider itself speaks.
	Refusal func(res *http.Response, body Object, e *lockstep.UpstreamError) (own bool)
	Pace    Pace // how it limits requests, see [Gate]
}

// Client returns a copy of base, or of the zero client where that is nil, which
// believes only what the rules allow. It reads answers of up to limit bytes; its
// Timeout, if zero, becomes timeout.
func (r Rules) Client(base *http.Client, timeout time.Duration, limit int64) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	if client.Timeout == 0 {
		client.Timeout = timeout
	}
	if client.Transport == nil {
		client.Transport = transport()
	}
	client.Transport = guard{r, client.Transport, limit}
	client.Jar = nil
	return &client
}

// connectionsKept are those to a provider that stay open while nothing is asked, as many as
// there may be runs at once. By itself net/http keeps two: of 32 runs, each would make a new
// connection for every call, and agree on new keys, where the provider speaks HTTP/1.1.
const connectionsKept = 100

func transport() http.RoundTripper {
	base, is := http.DefaultTransport.(*http.Transport)
	if !is {
		return http.DefaultTransport // the program has put another there
	}
	t := base.Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = connectionsKept, connectionsKept
	return t
}

// guard returns an error although there was a response; the package comment says
// why.
type guard struct {
	rules Rules
	next  http.RoundTripper
	limit int64
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, g.limit+1))
	if closing := res.Body.Close(); err == nil {
		err = closing
	}
	var object Object
	switch {
	case err != nil:
		return nil, g.rules.unknown(res, err)
	case int64(len(body)) > g.limit:
		return nil, g.rules.unknown(res, errors.New("the answer is too large"))
	case res.StatusCode >= 400:
		return nil, g.rules.refusal(res, body)
	case res.StatusCode < 200 || res.StatusCode >= 300:
		return nil, g.rules.unknown(res, fmt.Errorf("the answer is a redirect, status %d", res.StatusCode))
	case g.rules.Objects:
		if object = Decode(body); object == nil {
			return nil, g.rules.unknown(res, errors.New("the answer is not a whole JSON object"))
		}
	case !json.Valid(body):
		return nil, g.rules.unknown(res, errors.New("the answer is not whole JSON"))
	}
	if a := kept(req.Context()); a != nil {
		*a, body = Answer{Raw: body, Object: object}, []byte("{}")
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// unknown is an answer from which nothing can be concluded.
func (r Rules) unknown(res *http.Response, cause error) *lockstep.UpstreamError {
	return &lockstep.UpstreamError{Provider: r.Provider, Err: cause,
		RequestID:  Word(res.Header.Get(r.RequestID)),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
}

// refusal reads an answer of status 400 and above. What is not the provider's own
// is a proxy's or a wrong address's, of which only "too many" and "broken" are
// taken at their word: neither says anything about the object.
func (r Rules) refusal(res *http.Response, body []byte) *lockstep.UpstreamError {
	e := r.unknown(res, nil)
	own := r.Refusal(res, Decode(body), e)
	status := res.StatusCode
	switch {
	case !own && status != http.StatusTooManyRequests && status < 500:
		e.Code, e.Err = "", fmt.Errorf("the answer is not %s, status %d", r.Owner, status)
	case status == http.StatusNotFound && e.Code != r.Missing:
		e.Err = errors.New("there is no such address, status 404") // a wrong base URL, not a missing object
	default:
		e.Status = status
	}
	return e
}
