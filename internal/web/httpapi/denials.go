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

var errNoKey = errors.New("not the API key")

// denials limits wrong credentials for each client, and logs them once a minute. Good
// credentials are never limited, since an attacker may share an address with the app's servers;
// a key of 32 characters cannot be guessed at any rate.
type denials struct {
	once  sync.Once
	limit *clients.Limit
	tally clients.Tally
}

// count counts a denial. It returns how long the client must wait, if it sent too many.
func (d *denials) count(client string, cause error, log *slog.Logger) time.Duration {
	d.once.Do(func() { d.limit = clients.NewLimit(denialEvery, denialBurst) })
	d.tally.Note(log, "credentials refused", client, cause)
	if d.limit.Allow(client) {
		return 0
	}
	return denialEvery
}
