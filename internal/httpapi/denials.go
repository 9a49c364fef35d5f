package httpapi

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

// How often one client may send wrong credentials before it gets 429, and after how long it
// may send them once more.
const (
	denialBurst = 20
	denialEvery = 5 * time.Second
)

// denialsLogged is how often wrong credentials are logged, however many come.
const denialsLogged = time.Minute

var errNoKey = errors.New("not the API key")

// denials counts wrong credentials, limits them for each client, and logs them once a minute:
// one line for each would let anybody fill the log. Good credentials are never limited, since
// an attacker may share an address with the app's servers; a key of 32 characters cannot be
// guessed at any rate.
type denials struct {
	mu       sync.Mutex
	limit    *clients.Limit
	timer    *time.Timer // runs while there was one within the last minute
	unlogged int         // not logged yet
	last     error
	client   string // of the last one
}

// count counts a denial. It returns how long the client must wait, if it sent too many.
func (d *denials) count(client string, cause error, log *slog.Logger) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == nil {
		d.limit = clients.NewLimit(denialEvery, denialBurst)
	}
	d.unlogged, d.last, d.client = d.unlogged+1, cause, client
	if d.timer == nil {
		d.report(log)
	}
	if d.limit.Allow(client) {
		return 0
	}
	return denialEvery
}

// report logs what was not logged yet, and comes back after a minute; after one in which there
// was nothing, it ends.
func (d *denials) report(log *slog.Logger) {
	if d.unlogged == 0 {
		d.timer = nil
		return
	}
	log.Warn("credentials refused", "count", d.unlogged, "last_client", d.client, "last_error", d.last)
	d.unlogged = 0
	d.timer = time.AfterFunc(denialsLogged, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.report(log)
	})
}
