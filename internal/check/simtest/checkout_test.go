package simtest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// begin starts a checkout.
func (w *world) begin(account, lookupKey string) (session struct {
	ID     string
	Reused bool
}) {
	status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey,
		map[string]any{"account": account, "lookup_key": lookupKey, "success_url": "https://app.test/"}, &session)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("checkout: %d %v", status, err)
	}
	return session
}

// TestAnExpiringCheckoutIsNotReused: nobody can type a card number in its last minutes.
func TestAnExpiringCheckoutIsNotReused(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := "user/" + w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		first := w.begin(ada, "pro")
		time.Sleep(23 * time.Hour)
		if again := w.begin(ada, "pro"); !again.Reused || again.ID != first.ID {
			t.Errorf("with an hour left: %+v", again)
		}
		time.Sleep(51 * time.Minute)
		if again := w.begin(ada, "pro"); again.Reused || again.ID == first.ID {
			t.Errorf("with nine minutes left: %+v", again)
		}
	})
}

// TestAPurchaseLockOfADeadProcessExpires: the lock ends with its lease.
func TestAPurchaseLockOfADeadProcessExpires(t *testing.T) {
	calm(t, func(t *testing.T, w *world) {
		ada := "user/" + w.mustSignUp("ada@example.com")
		time.Sleep(time.Minute)
		account, err := lockstep.ParseAccount(ada)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.service.store.BeginPurchase(t.Context(), account, "died", 40*time.Second); err != nil {
			t.Fatal(err)
		}
		body := map[string]any{"account": ada, "lookup_key": "pro", "success_url": "https://app.test/"}
		began := time.Now()
		status, err := w.call(context.Background(), http.MethodPost, "http://"+serviceHost+"/v1/checkout", apiKey, body, nil)
		if err == nil && status != http.StatusServiceUnavailable {
			t.Errorf("under another process's lock: %d", status)
		}
		time.Sleep(time.Until(began.Add(41 * time.Second)))
		w.begin(ada, "pro")
	})
}
