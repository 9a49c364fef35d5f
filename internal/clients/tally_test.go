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
		want := []string{"count=1 last_client=\"client 0\"", "count=2999 last_client=\"client 2999\"", "count=1 last_client=another"}
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
