package clerkdirectory

import (
	"cmp"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// answerLimit is how much of an answer is read, after decompression: 200 kB of
// gzip can hold 200 MB. A page of 500 users, each with 8 kB of every kind of
// metadata, is 13 MB.
const answerLimit = 32 << 20

// rules say how Clerk answers; a list of users is an array.
var rules = upstream.Rules{
	Provider:  provider,
	Owner:     "Clerk's",
	RequestID: "Clerk-Trace-Id",
	Missing:   "resource_not_found",
	Refusal:   refusal,
	Pace: upstream.Pace{Window: counted, Reach: reach, Names: []string{"memberships", "metadata", "organizations",
		"users"}},
}

// What Clerk allows an instance in ten seconds (clerk.com/docs, "Rate limits").
const (
	counted          = 10 * time.Second
	productionLimit  = 1000
	developmentLimit = 100
)

// limits are what was configured, or what Clerk grants a key of the kind of instance.
func limits(configured lockstep.Limits, live bool) lockstep.Limits {
	granted := developmentLimit / counted.Seconds()
	if live {
		granted = productionLimit / counted.Seconds()
	}
	return lockstep.Limits{PerSecond: cmp.Or(configured.PerSecond, granted), PerEndpoint: configured.PerEndpoint}
}

// reach is what a 429 is about. Clerk does not say; but it limits writes to one user or
// organization too, and others are not to suffer from that.
func reach(method string, e *lockstep.UpstreamError) upstream.Reach {
	if method != http.MethodGet && e.RetryAfter > 0 {
		return upstream.OneObject
	}
	return upstream.OneEndpoint
}

// refusal reads an error of Clerk's, which lists errors with codes; the first one
// counts. The trace id may be in the body only.
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
