package otlp

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailuresAreLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		f := &failures{log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 10 * 60 { // every second for ten minutes
			f.Handle(errors.New("connection refused"))
			time.Sleep(time.Second)
		}
		if got := strings.Count(out.String(), "traces not sent"); got != 10 {
			t.Errorf("%d lines, want 10", got)
		}
		if !strings.Contains(out.String(), "count=60") {
			t.Error("the lines do not count the failures")
		}
	})
}
