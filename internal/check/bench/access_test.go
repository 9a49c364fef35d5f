package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestACheckoutEndsInTheMetadata checks that what the scenario measures happens: the events of a checkout lead to
// metadata that grants access, and a queued account is synced.
func TestACheckoutEndsInTheMetadata(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "bench.db")
	if err := populate(t.Context(), "sqlite", at, 3, waiting{2, 1, lockstep.ScopeAll, lockstep.Background}); err != nil {
		t.Fatal(err)
	}
	p, err := newProvider(time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	buyer, renewal := p.await("user_"+customerID(0)), p.await("user_"+customerID(2))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := variant{}.working(ctx, listener, []string{"sqlite", at, p.address, "1000", "1000", "4"})
		ended <- err
	}()
	templates, err := templatesOf(checkoutEvents)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for n, template := range templates {
		if err := deliver(t.Context(), client, listener.Addr().String(), template.of(0, uint64(n))); err != nil {
			t.Error(err)
		}
	}
	for name, written := range map[string]<-chan time.Time{"the buyer": buyer, "the queued account": renewal} {
		select {
		case <-written:
		case <-time.After(time.Minute):
			t.Errorf("%s has no access", name)
		}
	}
	if p.count("metadata") != 2 || p.count("others") != 0 || p.count("subscriptions") < 2 {
		t.Errorf("calls: %v", p.calls)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}
