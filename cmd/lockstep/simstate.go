package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// keepEvery is how often the simulators' state is written when it has changed. A
// kill -9 loses up to so much of it; real providers have their own disks. A large
// state is written less often, so that writing takes a tenth of the time at most.
const keepEvery = 500 * time.Millisecond

// restore reads the state of the last time, if there is any.
func (s *simulators) restore() error {
	if s.state == "" {
		return nil
	}
	f, err := os.Open(s.state)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(s.Load(f), f.Close()); err != nil {
		return fmt.Errorf("the simulators' state in %s cannot be read: %w\n  Delete the folder it is in to begin anew",
			s.state, err)
	}
	// The state names the endpoints of the last time; we may listen elsewhere now.
	s.SetStripeWebhooks(s.config.StripeWebhooks)
	s.SetClerkWebhooks(s.config.ClerkWebhooks)
	return nil
}

// keep writes the state whenever it has changed, until ctx ends.
func (s *simulators) keep(ctx context.Context) error {
	if s.state == "" {
		return nil
	}
	written := s.Version()
	tick := time.NewTimer(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		version, began := s.Version(), time.Now()
		if version != written {
			if err := s.write(); err != nil {
				return err
			}
			written = version
		}
		tick.Reset(max(keepEvery, 10*time.Since(began)))
	}
}

// write replaces the file at once, so that there is never half a state. Without a file it
// does nothing.
func (s *simulators) write() (err error) {
	if s.state == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the simulators' state: %w", err)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(s.state), filepath.Base(s.state)+".*")
	if err != nil {
		return err
	}
	if err := errors.Join(s.Save(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), s.state)
}
