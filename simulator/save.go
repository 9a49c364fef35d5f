package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

const saveFormat = 2

// saved is the file that Save writes. It holds secrets: webhook secrets and the
// signing key of session tokens.
type saved struct {
	Format int              `json:"format"`
	World  schedule.State   `json:"world"`
	Outbox delivery.State   `json:"outbox"`
	Stripe *stripesim.State `json:"stripe"`
	Clerk  *clerksim.State  `json:"clerk"`
}

// Save writes the whole state as JSON: objects, events, clock, timers, pending
// deliveries, webhook endpoints with their secrets, the signing key. Faults, the
// delivery policy and the history belong to the run and are not saved. Treat
// the file as a secret of the development machine.
func (s *Simulator) Save(w io.Writer) error {
	var encoded bytes.Buffer
	var err error
	s.world.View(func() {
		err = writeStruct(&encoded, reflect.ValueOf(&saved{Format: saveFormat, World: s.world.State(),
			Outbox: s.outbox.State(),
			Stripe: s.stripe.Snapshot(), Clerk: s.clerk.Snapshot()}))
	})
	if err != nil {
		return fmt.Errorf("encode simulator state: %w", err)
	}
	if _, err := encoded.WriteTo(w); err != nil {
		return fmt.Errorf("write simulator state: %w", err)
	}
	return nil
}

// Load replaces the whole state by a saved one, the seed and the webhook
// endpoints included; SetStripeWebhooks and SetClerkWebhooks change them
// afterwards. On an error nothing has changed. Time that passed since Save has
// passed on the billing clock too: what became due runs at the next call.
func (s *Simulator) Load(r io.Reader) error {
	state := saved{Stripe: &stripesim.State{}, Clerk: &clerksim.State{}}
	if err := readStruct(json.NewDecoder(r), reflect.ValueOf(&state)); err != nil {
		return fmt.Errorf("decode simulator state: %w", err)
	}
	if state.Format != saveFormat {
		return fmt.Errorf("simulator state has format %d, this program reads %d", state.Format, saveFormat)
	}
	if state.Clerk.Key == nil {
		return fmt.Errorf("simulator state has no signing key")
	}
	if err := state.Stripe.Open(); err != nil {
		return fmt.Errorf("read simulator state: %w", err)
	}
	s.world.Replace(func() {
		s.world.Restore(state.World)
		s.stripe.Restore(state.Stripe)
		s.clerk.Restore(state.Clerk)
		s.outbox.Restore(state.Outbox)
	})
	return nil
}
