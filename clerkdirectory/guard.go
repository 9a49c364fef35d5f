package clerkdirectory

import (
	"net/http"

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
}

// refusal reads an error of Clerk's, which lists errors with codes; the first one
// counts. The trace id may be in the body only.
func refusal(_ *http.Response, body upstream.Object, e *lockstep.UpstreamError) (own bool) {
	if e.RequestID == "" {
		e.RequestID = upstream.Word(body.Text("clerk_trace_id"))
	}
	if errs, _ := body.Array("errors"); len(errs) > 0 {
		e.Code = upstream.Word(upstream.Decode(errs[0]).Text("code"))
	}
	return e.Code != ""
}
