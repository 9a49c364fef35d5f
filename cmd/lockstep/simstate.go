package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// keepEvery is how often a changed state is saved; kill -9 loses at most this much. A large state is saved
// less often, so that saving takes at most a tenth of the time.
const keepEvery = 500 * time.Millisecond

// restore loads the saved state, if there is any.
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
		return fmt.Errorf("%s: the simulators' state cannot be read: %w; delete the folder to start over", s.state, err)
	}
	// The saved state has the old endpoints; the service may listen elsewhere now.
	s.SetStripeWebhooks(s.config.StripeWebhooks)
	s.SetClerkWebhooks(s.config.ClerkWebhooks)
	return nil
}

// keep saves the state after changes, until ctx ends.
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

// write replaces the file atomically, so that it never contains half a state. Without a file it does nothing.
func (s *simulators) write() (err error) {
	if s.state == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("save the simulators' state: %w", err)
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
