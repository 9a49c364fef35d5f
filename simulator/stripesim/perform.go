package stripesim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// perform runs an operation of the API for a hosted page, so that what a person
// does there cannot differ from what the API does. The events name no request:
// it is Stripe's own page that acts. Call it under the world's lock.
func (s *Stripe) perform(method, path string, form url.Values) (object, error) {
	before := s.clock
	defer func() { s.clock = before }()
	request := &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
	if method == http.MethodGet {
		request.URL.RawQuery = form.Encode()
	}
	return s.dispatch(&wire.Request{Request: request, Body: []byte(form.Encode())}, "", APIVersion)
}

// cardForm is what a person typed into the fields for a card.
type cardForm struct{ Method, Number, Expiry, CVC string }

func readCardForm(r *http.Request) cardForm {
	return cardForm{Method: r.PostFormValue("method"), Number: strings.TrimSpace(r.PostFormValue("card")),
		Expiry: r.PostFormValue("expiry"), CVC: r.PostFormValue("cvc")}
}
