package watch

import (
	"errors"
	"fmt"
	"time"
)

// Config says how many accounts are kept in memory, and how old an answer may be. Its zero value works.
type Config struct {
	Accounts int           // accounts in memory; 0 means 10,000
	Poll     time.Duration // how old an answer may be; 0 means 250 ms
	Trust    time.Duration // how old an answer may be while the database does not respond; 0 means 2 s
}

const (
	defaultAccounts = 10_000
	defaultPoll     = 250 * time.Millisecond
	defaultTrust    = 2 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Accounts == 0 {
		c.Accounts = defaultAccounts
	}
	if c.Poll == 0 {
		c.Poll = defaultPoll
	}
	if c.Trust == 0 {
		c.Trust = max(defaultTrust, c.Poll)
	}
	return c
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	if c.Accounts < 0 {
		problems = append(problems, fmt.Errorf("memory.accounts: %d is negative; leave it out for %d", c.Accounts, defaultAccounts))
	}
	if c.Poll < 0 {
		problems = append(problems, fmt.Errorf("memory.poll: %s is negative; leave it out for %s", c.Poll, defaultPoll))
	}
	if c.Trust < c.Poll {
		problems = append(problems, fmt.Errorf("memory.trust: %s is shorter than memory.poll (%s); use at least that", c.Trust, c.Poll))
	}
	return errors.Join(problems...)
}
