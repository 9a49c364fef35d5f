package runner

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Config sets how a runner works. A zero field means its default.
type Config struct {
	Slots    int           // runs at a time; default 32
	Reserved int           // slots that only interactive work may use; default half
	Lease    time.Duration // default 60 s
	Timeout  time.Duration // of one run, shorter than the lease; default three quarters of it
	Poll     time.Duration // how long a mark by another process may go unnoticed; default 1 s
	Grace    time.Duration // for the runs in flight when the runner stops; default 5 s
}

func (c Config) withDefaults() Config {
	c.Slots = cmp.Or(c.Slots, 32)
	c.Reserved = cmp.Or(c.Reserved, c.Slots/2)
	c.Lease = cmp.Or(c.Lease, 60*time.Second)
	c.Timeout = cmp.Or(c.Timeout, c.Lease*3/4)
	c.Poll = cmp.Or(c.Poll, time.Second)
	c.Grace = cmp.Or(c.Grace, 5*time.Second)
	return c
}

// Validate reports settings that would break a promise.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	if c.Timeout <= 0 || c.Slots < 1 || c.Poll < 0 || c.Grace < 0 {
		problems = append(problems, errors.New("workers: slots, timeout, poll and grace must not be negative"))
	}
	if c.Timeout >= c.Lease {
		problems = append(problems, fmt.Errorf("workers: the timeout (%s) must be shorter than the lease (%s)",
			c.Timeout, c.Lease))
	}
	if c.Reserved < 0 || c.Reserved >= c.Slots {
		problems = append(problems, fmt.Errorf("workers: %d of %d slots cannot be reserved; reserve fewer than all",
			c.Reserved, c.Slots))
	}
	return errors.Join(problems...)
}
