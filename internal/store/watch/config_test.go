package watch

import (
	"strings"
	"testing"
	"time"
)

func TestConfigThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"memory.accounts: -1 is negative":               {Accounts: -1},
		"memory.poll: -1s is negative":                  {Poll: -time.Second},
		"memory.trust: 1s is shorter than memory.poll":  {Poll: 3 * time.Second, Trust: time.Second},
		"memory.trust: -1s is shorter than memory.poll": {Trust: -time.Second},
		"memory.trust: 1ms is shorter than memory.poll": {Trust: time.Millisecond},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	for _, c := range []Config{{}, {Accounts: 1}, {Poll: time.Minute}, {Poll: time.Second, Trust: time.Second}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
