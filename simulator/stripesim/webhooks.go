package stripesim

import (
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/events"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// SetEndpoints replaces the configured endpoints. An endpoint with a known URL
// keeps its id, so queued deliveries still arrive. Endpoints created through
// the API stay.
func (s *Stripe) SetEndpoints(wanted []state.Endpoint) {
	s.account.World.Change(func() {
		for known := range s.account.State.Endpoints.Oldest() {
			same := func(e state.Endpoint) bool { return e.URL == known.URL }
			if known.Configured && !slices.ContainsFunc(wanted, same) {
				s.account.State.Endpoints.Remove(known.ID)
			}
		}
		for _, endpoint := range wanted {
			endpoint.Configured = true
			known := s.account.State.Endpoints.Find(func(e *state.Endpoint) bool { return e.URL == endpoint.URL })
			if known == nil {
				s.events.AddEndpoint(&endpoint)
				continue
			}
			known.Secrets, known.Events, known.Version, known.Disabled, known.Configured = endpoint.Secrets, endpoint.Events,
				endpoint.Version, false, true
		}
	})
}

// ResendEvent sends an event of the last 30 days to an endpoint again. It names
// the endpoint by id or URL.
func (s *Stripe) ResendEvent(event, endpoint string) error {
	var err error
	s.account.World.Change(func() { _, err = s.events.Resend(event, endpoint, s.events.EndpointNamed(endpoint)) })
	return err
}

// RollSecret gives an endpoint, by id or URL, a new secret and returns it, like
// "Roll secret" in the Dashboard. The old secrets keep signing for the given
// overlap, 24 hours at most.
func (s *Stripe) RollSecret(endpoint string, overlap time.Duration) (secret string, err error) {
	s.account.World.Change(func() {
		rolled := s.events.EndpointNamed(endpoint)
		switch {
		case rolled == nil:
			err = api.NoSuch("webhook endpoint", endpoint, "id")
			return
		case overlap < 0 || overlap > events.LongestOverlap:
			err = api.Invalid("", "A secret that is rolled can expire within 24 hours.")
			return
		}
		now := time.Now().Round(0).UTC()
		rolled.Rolled = slices.DeleteFunc(rolled.Rolled, func(old state.RolledSecret) bool { return !now.Before(old.Until) })
		for _, old := range rolled.Secrets {
			rolled.Rolled = append(rolled.Rolled, state.RolledSecret{Secret: old, Until: now.Add(overlap)})
		}
		secret = s.account.World.NewID("whsec_", 32)
		rolled.Secrets = []string{secret}
	})
	return secret, err
}
