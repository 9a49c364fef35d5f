package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/lockstep-dev/lockstep/simulator/clerksim"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

const saveFormat = 2

// saved is the content of a saved file. It contains secrets: the webhook secrets
// and the key that signs session tokens.
type saved struct {
	Format int              `json:"format"`
	World  schedule.State   `json:"world"`
	Outbox delivery.State   `json:"outbox"`
	Stripe *stripesim.State `json:"stripe"`
	Clerk  *clerksim.State  `json:"clerk"`
}

// Save writes the whole state as JSON: objects, events, clock, timers, pending
// deliveries, webhook endpoints with their secrets, and the signing key. It leaves
// out faults, the delivery policy and the history, which belong to the running
// process. Keep the file secret.
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

// Load replaces the whole state with a saved one, including the seed and the
// webhook endpoints. Call SetStripeWebhooks and SetClerkWebhooks afterwards to
// change the endpoints. If Load fails, nothing changes. The time since Save has
// passed on the billing clock too, so the next call runs what became due.
func (s *Simulator) Load(r io.Reader) error {
	state := saved{Stripe: &stripesim.State{}, Clerk: &clerksim.State{}}
	if err := readStruct(json.NewDecoder(r), reflect.ValueOf(&state)); err != nil {
		return fmt.Errorf("decode simulator state: %w", err)
	}
	if state.Format != saveFormat {
		return fmt.Errorf("simulator state: this program reads format %d, the file has %d", saveFormat, state.Format)
	}
	if state.Clerk.Key == nil {
		return errors.New("simulator state: the signing key is missing")
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
