package stripesim

import (
	"cmp"
	"slices"
	"time"
)

// longestOverlap is how long a secret may go on signing after it was rolled
// (docs.stripe.com/webhooks, "Roll endpoint signing secrets").
const longestOverlap = 24 * time.Hour

// rolledSecret is a secret that another one has replaced.
type rolledSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"` // on time.Now's scale, as signatures are
}

// signing returns all secrets that sign at a time, the current ones first.
func (e *Endpoint) signing(now time.Time) []string {
	secrets := slices.Clone(e.Secrets)
	for _, old := range e.Rolled {
		if now.Before(old.Until) {
			secrets = append(secrets, old.Secret)
		}
	}
	return secrets
}

// RollSecret gives an endpoint, named by id or URL, a new secret and returns it,
// as "Roll secret" in the Dashboard does: the old ones go on signing beside it
// for the given time, 24 hours at most.
func (s *Stripe) RollSecret(endpoint string, overlap time.Duration) (secret string, err error) {
	s.world.Change(func() {
		rolled := s.endpointNamed(endpoint)
		switch {
		case rolled == nil:
			err = noSuch("webhook endpoint", endpoint, "id")
			return
		case overlap < 0 || overlap > longestOverlap:
			err = invalid("", "A secret that is rolled can expire within 24 hours.")
			return
		}
		now := time.Now().Round(0).UTC()
		rolled.Rolled = slices.DeleteFunc(rolled.Rolled, func(old rolledSecret) bool { return !now.Before(old.Until) })
		for _, old := range rolled.Secrets {
			rolled.Rolled = append(rolled.Rolled, rolledSecret{Secret: old, Until: now.Add(overlap)})
		}
		secret = s.world.NewID("whsec_", 32)
		rolled.Secrets = []string{secret}
	})
	return secret, err
}

// endpointNamed finds an endpoint by id or URL.
func (s *Stripe) endpointNamed(name string) *Endpoint {
	return cmp.Or(s.state.Endpoints.Get(name), s.state.Endpoints.Find(func(e *Endpoint) bool { return e.URL == name }))
}
