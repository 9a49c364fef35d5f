package watch

import (
	"strings"
	"testing"
	"time"
)

func TestConfigThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"cannot be kept":          {Accounts: -1},
		"must not be negative":    {Poll: -1},
		"must not be shorter":     {Poll: 3 * time.Second, Trust: time.Second},
		"times of the memory":     {Trust: -time.Second},
		"trust must not be short": {Trust: time.Millisecond},
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
