package clerkdirectory

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
// gzip can hold 200 MB. A page of 500 users, each with 8 kB of every kind of
// metadata, is 13 MB.
const answerLimit = 32 << 20

// guard lets through to the SDK only what is whole JSON with a 2xx status.
// Everything else becomes a [*lockstep.UpstreamError] here, because the SDK puts
// bodies into its error texts, takes a redirect for success and does not tell a
// proxy's answer from Clerk's. For that it returns an error although there was a
// response, which is all that keeps it from being a general RoundTripper.
type guard struct {
	next  http.RoundTripper
	limit int64
}

// guarded returns a copy of base that reads answers through a guard.
func guarded(base *http.Client, timeout time.Duration, limit int64) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	if client.Timeout == 0 {
		client.Timeout = timeout
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = guard{client.Transport, limit}
	client.Jar = nil
	return &client
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
	switch {
	case err != nil:
		return nil, unknown(res, err)
	case int64(len(body)) > g.limit:
		return nil, unknown(res, errors.New("the answer is too large"))
	case res.StatusCode >= 400:
		return nil, refusal(res, body)
	case res.StatusCode < 200 || res.StatusCode >= 300:
		return nil, unknown(res, fmt.Errorf("the answer is a redirect, status %d", res.StatusCode))
	case !json.Valid(body):
		return nil, unknown(res, errors.New("the answer is not whole JSON"))
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// unknown is an answer from which nothing can be concluded.
func unknown(res *http.Response, cause error) *lockstep.UpstreamError {
	return &lockstep.UpstreamError{Provider: provider, Err: cause,
		RequestID:  word(res.Header.Get("Clerk-Trace-Id")),
		RetryAfter: retryAfter(res.Header.Get("Retry-After")),
	}
}

// refusal reads an answer of status 400 and above. Clerk's own lists errors with
// codes; any other is a proxy's or a wrong address's, of which only "too many"
// and "broken" are taken at their word: neither says anything about the object.
func refusal(res *http.Response, body []byte) *lockstep.UpstreamError {
	var answer object
	_ = json.Unmarshal(body, &answer) // what is no object has no errors either
	e := unknown(res, nil)
	if e.RequestID == "" {
		e.RequestID = word(answer.text("clerk_trace_id"))
	}
	if errs, _ := answer.array("errors"); len(errs) > 0 {
		e.Code = word(decode(errs[0]).text("code"))
	}
	status := res.StatusCode
	switch {
	case e.Code == "" && status != http.StatusTooManyRequests && status < 500:
		e.Err = fmt.Errorf("the answer is not Clerk's, status %d", status)
	case status == http.StatusNotFound && e.Code != "resource_not_found":
		e.Err = errors.New("there is no such address, status 404") // not a missing user
	default:
		e.Status = status
	}
	return e
}

// words are what codes and trace ids are made of. Anything else is not repeated
// in an error's text.
var words = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

func word(s string) string {
	if !words.MatchString(s) {
		return ""
	}
	return s
}

// retryAfter reads the header in both of its forms, up to a day. Clerk sends
// seconds.
func retryAfter(header string) time.Duration {
	wait := time.Duration(0)
	if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	} else if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	return min(max(wait, 0), 24*time.Hour)
}
