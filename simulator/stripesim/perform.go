package stripesim

import (
	"net/http"
	"net/url"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// perform runs an API operation for a hosted page, so a page cannot behave
// differently from the API. Its events name no request, because Stripe's own
// page acts. Call it under the world's lock.
func (s *Stripe) perform(method, path string, form url.Values) (api.Object, error) {
	before := s.account.Clock
	defer func() { s.account.Clock = before }()
	request := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
	if method == http.MethodGet {
		request.URL.RawQuery = form.Encode()
	}
	return s.dispatch(&wire.Request{Request: request, Body: []byte(form.Encode())}, "", version.APIVersion)
}
