package watch

import (
	"errors"
	"fmt"
	"time"
)

// Config says how much is kept and for how long it is believed; its zero value is
// good.
type Config struct {
	Accounts int           // kept in memory; 0 means 10,000
	Poll     time.Duration // how old an answer may be; 0 means 250 ms
	Trust    time.Duration // and while the database does not answer; 0 means 2 s
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

// Validate reports what cannot work.
func (c Config) Validate() error {
	c = c.withDefaults()
	var problems []error
	if c.Accounts < 0 {
		problems = append(problems, fmt.Errorf("%d accounts cannot be kept in memory", c.Accounts))
	}
	if c.Poll < 0 || c.Trust < 0 {
		problems = append(problems, errors.New("the times of the memory of accounts must not be negative"))
	}
	if c.Trust < c.Poll {
		problems = append(problems, fmt.Errorf("memory is believed for %s, and not looked after for %s: trust must not be shorter than poll", c.Trust, c.Poll))
	}
	return errors.Join(problems...)
}
