package upstream

import (
	"errors"
	"net/url"

	"github.com/lockstep-dev/lockstep"
)

// Failed is a call whose outcome is not known, or that was not made at all.
func Failed(provider, op string, cause error) error {
	return &lockstep.UpstreamError{Provider: provider, Op: op, Err: cause}
}

// Failure gives what came out of an SDK the project's form: the guard's error, or
// why there was no answer. The SDK's own texts quote bodies and are dropped.
func Failure(provider, op string, err error) error {
	var refused *lockstep.UpstreamError
	if errors.As(err, &refused) {
		refused.Op = op
		return refused
	}
	var network *url.Error
	if errors.As(err, &network) {
		return Failed(provider, op, network.Err)
	}
	return Failed(provider, op, errors.New("the SDK could not make the request or read the answer"))
}
