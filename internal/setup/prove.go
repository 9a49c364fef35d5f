package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// proveWithin is how long the service may take to answer.
const proveWithin = 10 * time.Second

// Prove returns nil if the service at a URL accepts deliveries that a secret signs. It sends a signed body that
// is not an event: the service checks the signature first and stores nothing. Its answer tells the two apart.
func Prove(ctx context.Context, url string, secret lockstep.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	const body = `{}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Stripe-Signature", stripebilling.Sign([]byte(body), secret, time.Now()))
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // Stripe follows none either
	}}).Do(request)
	if err != nil {
		return fmt.Errorf("nothing answers at %s from this machine: %w", url, errors.Unwrap(err))
	}
	defer func() { _ = response.Body.Close() }() // only its start matters
	var answer struct{ Code string }
	err = json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<16)).Decode(&answer)
	switch {
	case err == nil && answer.Code == "not_an_event":
		return nil
	case err == nil && answer.Code == "signature_invalid":
		return errors.New("it refuses the signature; restart it with the new STRIPE_WEBHOOK_SECRET")
	}
	return fmt.Errorf("%s answers %d, which is not an answer of Lockstep's", url, response.StatusCode)
}
