package httpapi

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

// A client may send wrong credentials denialBurst times at once, then once in denialEvery. More
// are answered 429.
const (
	denialBurst = 20
	denialEvery = 5 * time.Second
)

var errNoKey = errors.New("not an API key")

// denials limits wrong credentials per client, and logs them once a minute. Valid credentials are
// never limited, since an attacker may share an address with the app's servers.
type denials struct {
	once  sync.Once
	limit *clients.Limit
	tally clients.Tally
}

// count counts a denial. If the client sent too many, it returns how long the client must wait.
func (d *denials) count(client string, cause error, log *slog.Logger) time.Duration {
	d.once.Do(func() { d.limit = clients.NewLimit(denialEvery, denialBurst) })
	d.tally.Note(log, "credentials refused", client, cause)
	if d.limit.Allow(client) {
		return 0
	}
	return denialEvery
}
