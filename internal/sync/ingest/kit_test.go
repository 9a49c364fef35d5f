package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a real store with slow transactions: each waits until the test lets it continue, before it
// is written and again before it is on disk.
type disk struct {
	lockstep.Store
	overlap int
	slow    chan struct{} // each transaction takes one before it is written; nil: none waits
	sync    chan struct{} // the same before it is on disk
	spoilt  string        // an event that no transaction accepts
	unsafe  string        // an event that is written, but whose sync fails

	mu             sync.Mutex
	batches        [][]string // the ids of each transaction that began
	inside, inMost int
}

func (d *disk) Overlap() int { return d.overlap }

func (d *disk) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	var ids []string
	for _, one := range deliveries {
		ids = append(ids, one.Event.ID)
	}
	d.mu.Lock()
	d.batches = append(d.batches, ids)
	d.inside++
	d.inMost = max(d.inMost, d.inside)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.inside--
	}()
	if d.slow != nil {
		select {
		case <-d.slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for _, id := range ids {
		switch id {
		case "panic":
			panic("the driver has a fault")
		case d.spoilt:
			return nil, errors.New("this event cannot be stored")
		}
	}
	receipts, err := d.Store.Receive(ctx, deliveries)
	if d.sync == nil {
		return receipts, err
	}
	select {
	case <-d.sync:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, id := range ids {
		switch id {
		case "panic late":
			panic("the driver has a fault")
		case d.unsafe:
			return nil, errors.New("the disk has a fault")
		}
	}
	return receipts, err
}

// started returns the number of deliveries in each started transaction.
func (d *disk) started() (sizes []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ids := range d.batches {
		sizes = append(sizes, len(ids))
	}
	return sizes
}

// kit calls an endpoint's handler directly.
type kit struct {
	*testing.T
	disk     *disk
	endpoint *Endpoint
	answers  sync.WaitGroup
	mu       sync.Mutex
	codes    map[string]int // by the event's id; 0 while there is no answer
}

func newKit(t *testing.T) *kit {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), sqlitetest.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	k := &kit{T: t, disk: &disk{Store: store, overlap: 1}, codes: map[string]int{}}
	k.reopen()
	return k
}

// reopen creates an intake over the disk with its current settings.
func (k *kit) reopen() {
	k.endpoint = &Endpoint{Intake: New(k.disk, func() {}), Log: slog.New(slog.DiscardHandler), Source: Source{
		Name:   lockstep.Stripe,
		Verify: func(http.Header, []byte, time.Time) error { return nil },
		Read: func(_ http.Header, body []byte) (hint lockstep.Hint, err error) {
			var e struct{ ID, Type string }
			err = json.NewDecoder(bytes.NewReader(body)).Decode(&e)
			hint.Event = lockstep.Event{Source: lockstep.Stripe, ID: e.ID, Type: e.Type, CustomerID: "cus_" + e.ID, Body: body}
			return hint, err
		}}}
}

const normal, interactive = "customer.subscription.updated", "customer.subscription.created"

// send delivers an event of a type, followed by this many spaces.
func (k *kit) send(ctx context.Context, id, kind string, spaces int) {
	k.mu.Lock()
	k.codes[id] = 0
	k.mu.Unlock()
	body := bodyOf(id, kind) + strings.Repeat(" ", spaces)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/stripe", strings.NewReader(body))
	k.answers.Go(func() {
		w := httptest.NewRecorder()
		defer func() {
			if recover() != nil { // as the HTTP server does
				w.Code = -1
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			k.codes[id] = w.Code
			if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
				k.Errorf("%s: no Retry-After", id)
			}
		}()
		k.endpoint.ServeHTTP(w, r)
	})
}

func bodyOf(id, kind string) string { return fmt.Sprintf(`{"id":%q,"type":%q}`, id, kind) }

// count returns how many events got an answer.
func (k *kit) count(code int) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.codes {
		if c == code {
			n++
		}
	}
	return n
}

func (k *kit) code(id string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.codes[id]
}

// stored returns the ids of the events in the database.
func (k *kit) stored() map[string]bool {
	k.Helper()
	page, err := k.disk.Events(k.Context(), lockstep.EventFilter{Limit: 100_000})
	if err != nil {
		k.Fatal(err)
	}
	ids := map[string]bool{}
	for _, e := range page.Events {
		ids[e.ID] = true
		if body := bodyOf(e.ID, e.Type); e.ID != "leaves" && !strings.HasPrefix(string(e.Body), body) {
			k.Errorf("%s is stored as %.50q, and was sent as %s", e.ID, e.Body, body)
		}
	}
	return ids
}

// consistent checks that exactly the events answered 200 are stored.
func (k *kit) consistent() {
	k.Helper()
	stored := k.stored()
	for id, code := range k.codes {
		if (code == http.StatusOK) != stored[id] {
			k.Errorf("%s was answered %d; stored: %v", id, code, stored[id])
		}
	}
}
