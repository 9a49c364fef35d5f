package stripebilling

import (
	"net/http"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// answerLimit is how much of an answer is read, after decompression: 200 kB of
// gzip can hold 200 MB.
const answerLimit = 16 << 20

// rules say how Stripe answers; every answer of status 2xx is an object.
var rules = upstream.Rules{
	Provider:  provider,
	Owner:     "Stripe's",
	RequestID: "Request-Id",
	Missing:   "resource_missing",
	Objects:   true,
	Refusal:   refusal,
}

// refusal reads an error of Stripe's, which names its type; a code may be lacking.
// An answer that was stored under an idempotency key says that it is one.
func refusal(res *http.Response, body upstream.Object, e *lockstep.UpstreamError) (own bool) {
	said := body.Object("error")
	e.Replayed = res.Header.Get("Idempotent-Replayed") == "true"
	if e.Code = upstream.Word(said.Text("code")); e.Code == "" {
		e.Code = upstream.Word(said.Text("type")) // idempotency_error comes without a code
	}
	return said.Text("type") != ""
}
