package ingest

import (
	"context"
	"net/http"
	"testing"
)

// A delivery that was not stored because its request was canceled is not answered 200 by
// default: a deadline can cancel a request whose sender still listens.
func TestACanceledDeliveryIsNotAnswered200(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.disk.slow = make(chan struct{}) // nothing is stored
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k.send(ctx, "evt_1", normal, 0)
	k.answers.Wait()
	if code := k.code("evt_1"); code != http.StatusServiceUnavailable {
		t.Errorf("a canceled delivery was answered %d", code)
	}
}
