package clients_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

func TestATallyLogsOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		log := slog.New(slog.NewTextHandler(&text, nil))
		var tally clients.Tally
		for n := range 3000 {
			tally.Note(log, "credentials refused", fmt.Sprint("client ", n), errors.New("wrong"))
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		tally.Note(log, "credentials refused", "another", errors.New("wrong"))
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		want := []string{"count=1 last_client=\"client 0\"", "count=2999 last_client=\"client 2999\"",
			"count=1 last_client=another"}
		if len(lines) != len(want) {
			t.Fatalf("logged:\n%s", text.String())
		}
		for n, line := range lines {
			if !strings.Contains(line, want[n]) || !strings.Contains(line, "credentials refused") {
				t.Errorf("line %d is %q, want %q in it", n, line, want[n])
			}
		}
	})
}

// TestATallyOfASteadyFloodLogsOnceAMinute, and counts everything.
func TestATallyOfASteadyFloodLogsOnceAMinute(t *testing.T) {
	t.Parallel()
	for name, every := range map[string]time.Duration{"ten a second": 100 * time.Millisecond, "one a second": time.Second,
		"one in a while": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var text bytes.Buffer
				log := slog.New(slog.NewTextHandler(&text, nil))
				var tally clients.Tally
				const minutes = 5
				for range int(minutes * time.Minute / every) {
					tally.Note(log, "credentials refused", "a client", errors.New("wrong"))
					time.Sleep(every)
				}
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				lines, counted := strings.Split(strings.TrimSpace(text.String()), "\n"), 0
				for _, line := range lines {
					_, rest, _ := strings.Cut(line, "count=")
					n := 0
					if _, err := fmt.Sscan(rest, &n); err != nil {
						t.Fatalf("%q: %v", line, err)
					}
					counted += n
				}
				if len(lines) != 1+minutes || counted != int(minutes*time.Minute/every) {
					t.Errorf("%d lines count %d:\n%s", len(lines), counted, text.String())
				}
			})
		})
	}
}
