package ingest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A request can be canceled while its sender still listens. Its delivery was not stored, so it must
// not be answered 200, which the server does when a handler writes nothing.
func TestACanceledDeliveryIsNotAnswered200(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.disk.slow = make(chan struct{}) // the store never answers
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		k.send(ctx, "evt_1", normal, 0)
		k.answers.Wait()
		if code := k.code("evt_1"); code != http.StatusServiceUnavailable {
			t.Errorf("a canceled delivery was answered %d", code)
		}
	})
}

// dated records the last read deadline that a handler set.
type dated struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (d *dated) SetReadDeadline(at time.Time) error {
	d.deadline = at
	return nil
}

// A deadline that passes after the body was read would cancel the connection, and every later
// request on it.
func TestTheBodysDeadlineEndsWithTheBody(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	w := &dated{ResponseRecorder: httptest.NewRecorder()}
	k.endpoint.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/stripe",
		strings.NewReader(bodyOf("evt_1", normal))))
	if w.Code != http.StatusOK || !w.deadline.IsZero() {
		t.Errorf("answered %d, and the deadline is %s", w.Code, w.deadline)
	}
}
