package simtest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// counting counts how often each account's key is claimed, that is, how many runs it has.
type counting struct {
	lockstep.Store
	mu   sync.Mutex
	runs map[string]int
}

func (c *counting) Claim(ctx context.Context, request lockstep.ClaimRequest) ([]lockstep.Claim, error) {
	claims, err := c.Store.Claim(ctx, request)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, claim := range claims {
		c.runs[claim.Key.String()]++
	}
	return claims, err
}

// counted restarts the service over a store that counts runs.
func (w *world) counted() *counting {
	c := &counting{runs: map[string]int{}}
	w.change = func(config *server.Config) {
		c.Store = config.Store
		config.Store = c
	}
	w.service.end(w.t)
	w.service = w.boot()
	return c
}

// of returns how many runs an account had.
func (c *counting) of(account string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs[account]
}

// TestTimeRunsOnlyWhatItCanChange: a pass causes a run when it expires, and none if it was refunded. A deleted account
// causes one, which forgets it.
func TestTimeRunsOnlyWhatItCanChange(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		c := w.counted()
		bought := func(email string) (account, payment string) {
			account = "user/" + w.mustSignUp(email)
			time.Sleep(time.Minute)
			session := w.mustBuy(account, "pass")
			for _, s := range w.sim.CheckoutSessions() {
				if s.ID == session {
					payment = s.PaymentIntent
				}
			}
			return account, payment
		}
		keeps, _ := bought("ada@example.com")
		returns, payment := bought("eve@example.com")
		leaves, _ := bought("bea@example.com")
		time.Sleep(time.Minute)
		w.giveBack(payment, 0)
		if err := w.sim.DeleteUser(strings.TrimPrefix(leaves, "user/")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		before := map[string]int{keeps: c.of(keeps), returns: c.of(returns), leaves: c.of(leaves)}
		time.Sleep(2*passFor + 60*24*time.Hour)
		// The expiry changes metadata, and the event of that write causes another run.
		for account, want := range map[string]int{keeps: 2, returns: 0, leaves: 1} {
			if n := c.of(account) - before[account]; n != want {
				t.Errorf("%s had %d runs because of the time, want %d", account, n, want)
			}
		}
		if w.ask(keeps).Access.Active {
			t.Error("the pass did not expire")
		}
	})
}
