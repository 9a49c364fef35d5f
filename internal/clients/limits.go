package clients

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lockstep-dev/lockstep/internal/recent"
)

// remembered is how many clients a [Limit] remembers. A forgotten client starts with a full burst again.
const remembered = 20_000

// Limit bounds how often each client may do something. It is safe for concurrent use.
type Limit struct {
	every time.Duration
	burst int

	mu      sync.Mutex
	clients *recent.Map[string, *rate.Limiter]
}

// NewLimit allows burst times at once, then once every duration.
func NewLimit(every time.Duration, burst int) *Limit {
	return &Limit{every: every, burst: burst, clients: recent.New[string, *rate.Limiter](remembered)}
}

// Allow reports whether the client may do it now. If so, it counts.
func (l *Limit) Allow(client string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, known := l.clients.Find(client)
	if !known {
		limiter = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.clients.Put(client, limiter)
	}
	return limiter.AllowN(time.Now(), 1)
}

// Places limits how many slots each holder has at once. Its zero value is ready to use. It is safe for
// concurrent use.
type Places struct {
	mu    sync.Mutex
	taken map[string]int
}

// Take takes a slot of the holder, which has at most limit slots. If ok is true, call leave once.
func (p *Places) Take(holder string, limit int) (leave func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[holder] >= limit {
		return nil, false
	}
	if p.taken == nil {
		p.taken = map[string]int{}
	}
	p.taken[holder]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.taken[holder]--; p.taken[holder] == 0 {
			delete(p.taken, holder)
		}
	}, true
}
