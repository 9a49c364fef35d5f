package upstream

import (
	"errors"
	"net/url"

	"github.com/lockstep-dev/lockstep"
)

// Failed returns the error of a call whose outcome is unknown or that was not made.
func Failed(provider, op string, cause error) error {
	return &lockstep.UpstreamError{Provider: provider, Op: op, Err: cause}
}

// Failure turns an error of an SDK into a [*lockstep.UpstreamError]: the guard's error, or
// the reason why there was no answer. It drops the SDK's own text, which quotes bodies.
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
