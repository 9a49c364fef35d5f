package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Nothing is the result of an operation that answers 204.
type Nothing struct{}

// Answer turns the result of an operation, or its failure, into a response.
func Answer(shown any, failure *Error, trace string) *wire.Response {
	response := &wire.Response{Status: http.StatusOK, Header: http.Header{}}
	response.Header.Set("Content-Type", "application/json")
	response.Header.Set("Clerk-Trace-Id", trace)
	if failure != nil {
		response.Status = failure.Status
		response.Body = failure.body(trace)
		if failure.RetryAfter > 0 {
			response.Header.Set("Retry-After", strconv.Itoa(failure.RetryAfter))
		}
		return response
	}
	if _, empty := shown.(Nothing); empty {
		response.Status = http.StatusNoContent
		return response
	}
	response.Body = Encode(shown)
	return response
}

// Encode returns a value as JSON. It panics if the value has no JSON form, which
// would be a mistake in the simulator.
func Encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("clerksim: an object does not marshal: %v", err))
	}
	return encoded
}
