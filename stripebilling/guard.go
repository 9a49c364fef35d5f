package stripebilling

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// answerLimit is how much of an answer is read, after decompression: 200 kB of
// gzip can hold 200 MB.
const answerLimit = 16 << 20

// guard lets through to the SDK only what is a whole JSON object with a 2xx
// status. Everything else becomes a [*lockstep.UpstreamError] here, because the
// SDK puts bodies into its error texts, takes a redirect for success and does
// not tell a proxy's answer from Stripe's. For that it returns an error although
// there was a response, which is all that keeps it from being a general
// RoundTripper.
type guard struct{ next http.RoundTripper }

// guarded returns a copy of base that reads answers through a guard.
func guarded(base *http.Client) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	if client.Timeout == 0 {
		client.Timeout = defaultTimeout
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = guard{client.Transport}
	client.Jar = nil
	return &client
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	if closing := res.Body.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return nil, unknown(res, err)
	case len(body) > answerLimit:
		return nil, unknown(res, errors.New("the answer is too large"))
	case res.StatusCode >= 400:
		return nil, refusal(res, body)
	case res.StatusCode < 200 || res.StatusCode >= 300:
		return nil, unknown(res, fmt.Errorf("the answer is a redirect, status %d", res.StatusCode))
	case !json.Valid(body) || bytes.TrimSpace(body)[0] != '{':
		return nil, unknown(res, errors.New("the answer is not a whole JSON object"))
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// unknown is an answer from which nothing can be concluded.
func unknown(res *http.Response, cause error) *lockstep.UpstreamError {
	return &lockstep.UpstreamError{Provider: provider, Err: cause,
		RequestID:  word(res.Header.Get("Request-Id")),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
}

// refusal reads an answer of status 400 and above. Stripe's own names its type;
// any other is a proxy's or a wrong address's, of which only "too many" and
// "broken" are taken at their word: neither says anything about the object.
func refusal(res *http.Response, body []byte) *lockstep.UpstreamError {
	var answer object
	_ = json.Unmarshal(body, &answer) // what is no object has no error object either
	said := answer.object("error")
	e := unknown(res, nil)
	e.Replayed = res.Header.Get("Idempotent-Replayed") == "true"
	if e.Code = word(said.text("code")); e.Code == "" {
		e.Code = word(said.text("type")) // idempotency_error comes without a code
	}
	status := res.StatusCode
	switch {
	case said.text("type") == "" && status != http.StatusTooManyRequests && status < 500:
		e.Code, e.Err = "", fmt.Errorf("the answer is not Stripe's, status %d", status)
	case status == http.StatusNotFound && e.Code != "resource_missing":
		e.Err = errors.New("there is no such address, status 404") // a wrong base URL, not a missing object
	default:
		e.Status = status
	}
	return e
}

// words are what codes and request ids are made of. Anything else is not
// repeated in an error's text.
var words = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func word(s string) string {
	if !words.MatchString(s) {
		return ""
	}
	return s
}

// retryAfter reads the header in both of its forms, up to a day.
func retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	} else if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	return min(max(wait, 0), 24*time.Hour)
}
