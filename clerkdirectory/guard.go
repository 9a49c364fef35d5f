package clerkdirectory

import (
	"cmp"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// answerLimit is the largest answer that we read, in bytes after decompression:
// 200 kB of gzip can hold 200 MB. A page of 500 users, each with three times 8 kB of
// metadata, has 13 MB.
const answerLimit = 32 << 20

// rules describe Clerk's answers and limits.
var rules = upstream.Rules{
	Provider:  provider,
	Owner:     "Clerk's",
	RequestID: "Clerk-Trace-Id",
	Missing:   "resource_not_found",
	Refusal:   refusal,
	Pace: upstream.Pace{Window: counted, Reach: reach, Names: []string{"instance", "memberships", "metadata", "organizations",
		"users"}, Endpoints: endpoints},
}

// Requests that Clerk allows an instance in ten seconds (clerk.com/docs, "Rate
// limits").
const (
	counted          = 10 * time.Second
	productionLimit  = 1000
	developmentLimit = 100
)

// limits returns the configured limits, or Clerk's for the kind of instance.
func limits(configured lockstep.Limits, live bool) lockstep.Limits {
	granted := developmentLimit / counted.Seconds()
	if live {
		granted = productionLimit / counted.Seconds()
	}
	return lockstep.Limits{PerSecond: cmp.Or(configured.PerSecond, granted), PerEndpoint: configured.PerEndpoint}
}

// reach returns what a 429 applies to. Clerk does not say. It also limits the writes to
// one user or organization, and such a 429 must not slow down calls about others.
func reach(method string, e *lockstep.UpstreamError) upstream.Reach {
	if method != http.MethodGet && e.RetryAfter > 0 {
		return upstream.OneObject
	}
	return upstream.OneEndpoint
}

// refusal reads Clerk's error object into e. The first of the listed errors counts. The
// trace id may be only in the body.
func refusal(_ *http.Response, body upstream.Object, e *lockstep.UpstreamError) (own bool) {
	if e.RequestID == "" {
		e.RequestID = upstream.Word(body.Text("clerk_trace_id"))
	}
	if errs, _ := body.Array("errors"); len(errs) > 0 {
		first := upstream.Decode(errs[0])
		e.Code, e.Param = upstream.Word(first.Text("code")), upstream.Field(first.Object("meta").Text("param_name"))
	}
	return e.Code != ""
}
