package simtest

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// listener is an app without Clerk. As the documentation asks, it keeps for each account the message with the highest
// sequence. Sometimes it is down.
type listener struct {
	t       *testing.T
	webhook *standard.Webhook

	mu   sync.Mutex
	rng  *rand.Rand
	told map[string]tale // by account
}

type tale struct {
	Account  string `json:"account"`
	Sequence int64  `json:"sequence"`
	Access   struct {
		Active bool   `json:"active"`
		Plan   string `json:"plan"`
	} `json:"access"`
	Metadata map[string]any `json:"metadata"`
}

func newListener(t *testing.T, seed uint64) *listener {
	webhook, err := standard.NewWebhook(listenerSecret)
	if err != nil {
		t.Fatal(err)
	}
	return &listener{t: t, webhook: webhook, rng: rand.New(rand.NewPCG(seed, 11)), told: map[string]tale{}}
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the service died
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rng.IntN(5) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := l.webhook.VerifyIgnoringTimestamp(body, r.Header); err != nil { // the library's clock is not the bubble's
		l.t.Errorf("a message does not verify: %v", err)
	}
	var message struct {
		Type string
		Data tale
	}
	if err := json.Unmarshal(body, &message); err != nil || message.Type != "account.access_changed" {
		l.t.Errorf("decode the message %s: %v", body, err)
	}
	if message.Data.Sequence >= l.told[message.Data.Account].Sequence {
		l.told[message.Data.Account] = message.Data
	}
	if l.rng.IntN(10) == 0 {
		w.WriteHeader(http.StatusInternalServerError) // an error although the message was processed
	}
}

// heard returns the newest message about an account.
func (w *world) heard(account string) tale {
	w.listener.mu.Lock()
	defer w.listener.mu.Unlock()
	return w.listener.told[account]
}

// checkListener: the app knows the current access of every account.
func (c *checker) checkListener() {
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	for account, a := range c.answers {
		told, heard := c.listener.told[account]
		if told.Access.Active != a.Access.Active || told.Access.Plan != a.Access.Plan {
			c.wrong("%s: the app was told active=%v plan=%q (%v, %d), but the API has active=%v plan=%q",
				account, told.Access.Active, told.Access.Plan, heard, told.Sequence, a.Access.Active, a.Access.Plan)
		}
	}
}
