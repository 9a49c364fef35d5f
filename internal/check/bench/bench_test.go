package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

func TestEventsAreSignedAndDistinct(t *testing.T) {
	t.Parallel()
	e, err := newEvents(7, 100)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newEvents(8, 100)
	if err != nil {
		t.Fatal(err)
	}
	seen, kinds := map[string]bool{}, map[string]int{}
	for n := range uint64(500) {
		body := e.body(nil, n)
		if len(body) < 2800 || len(body) > 6<<10 || !json.Valid(body) {
			t.Fatalf("event %d has %d bytes: %s", n, len(body), body)
		}
		if string(e.body(nil, n)) != string(body) {
			t.Fatalf("event %d differs the second time", n)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(appendRequest(nil, body, time.Now()))))
		if err != nil {
			t.Fatal(err)
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != string(body) {
			t.Fatalf("event %d arrives as %s (%v)", n, sent, err)
		}
		if err := stripebilling.Verify(r.Header, sent, []lockstep.Secret{secret}, time.Now(), 0); err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{body, other.body(nil, n)} {
			hint, err := stripebilling.Read(b, stripebilling.Environment{})
			if err != nil || hint.Event.CustomerID == "" || hint.Foreign != "" || seen[hint.Event.ID] {
				t.Fatalf("event %d is %+v, %v", n, hint, err)
			}
			seen[hint.Event.ID] = true
			kinds[hint.Event.Type]++
		}
	}
	for _, m := range mix {
		if share := float64(kinds[m.kind]) / 100; share < 0.7*float64(m.of10) || share > 1.3*float64(m.of10) {
			t.Errorf("%d of 1000 events are of type %s", kinds[m.kind], m.kind)
		}
	}
}

// answering returns a dialer for a server that answers each request with answer(n).
func answering(t *testing.T, answer func(n int) (status string)) dialer {
	return func(context.Context) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close() //nolint:errcheck // the sender is gone
			for requests, n := bufio.NewReader(server), 0; ; n++ {
				r, err := http.ReadRequest(requests)
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					t.Error(err)
				}
				if _, err := io.WriteString(server, "HTTP/1.1 "+answer(n)+"\r\nContent-Length: 2\r\n\r\nok"); err != nil {
					return
				}
			}
		}()
		return client, nil
	}
}

// TestAStallDelaysEveryEventThatWasDue stalls a server for a second while ten events a second are due. In an open
// loop the ten events are late, each by how long it waited.
func TestAStallDelaysEveryEventThatWasDue(t *testing.T) {
	t.Parallel()
	for rate, late := range map[float64]int{0: 1, 10: 10} {
		synctest.Test(t, func(t *testing.T) {
			e, err := newEvents(1, 10)
			if err != nil {
				t.Fatal(err)
			}
			l := load{senders: 1, rate: rate, warmup: time.Second, measured: 9*time.Second + 50*time.Millisecond}
			began := 0
			got, err := l.run(t.Context(), answering(t, func(n int) string {
				switch {
				case n == 30:
					time.Sleep(1050 * time.Millisecond)
				case rate == 0:
					time.Sleep(10 * time.Millisecond)
				}
				return "200 OK"
			}), e, func() { began++ })
			if err != nil || began != 1 {
				t.Fatal(err, began)
			}
			slow := 0
			for _, took := range got.latencies {
				if took >= 50*time.Millisecond {
					slow++
				}
			}
			switch {
			case rate > 0 && (slow != late+1 || len(got.latencies) != 91):
				t.Errorf("at %v events a second %d of %d were late", rate, slow, len(got.latencies))
			case rate == 0 && slow > 1:
				t.Errorf("in a closed loop %d of %d were late", slow, len(got.latencies))
			}
		})
	}
}

func TestOnlySuccessfulAnswersCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := newEvents(1, 10)
		if err != nil {
			t.Fatal(err)
		}
		l := load{senders: 4, rate: 1000, duplicates: 0.5, measured: 10 * time.Second}
		got, err := l.run(t.Context(), answering(t, func(n int) string {
			if n%2 == 0 {
				return "503 Service Unavailable"
			}
			return "200 OK"
		}), e, func() {})
		if err != nil {
			t.Fatal(err)
		}
		f := got.figures()
		if f.Answers["200"] < 4900 || f.Answers["503"] < 4900 || f.Rate > 510 || f.Rate < 490 || got.ok != f.Answers["200"] {
			t.Errorf("got %+v and %d", f, got.ok)
		}
		if n := got.stored(); n > 4500 || n < 2000 {
			t.Errorf("%d distinct events of 10000, half of them duplicates, were answered with 200", n)
		}
	})
}

func TestMediansAndRatios(t *testing.T) {
	t.Parallel()
	a := []Figures{{Rate: 10, P50: 3}, {Rate: 30, P50: 1}, {Rate: 20, P50: 2}}
	b := []Figures{{Rate: 100}, {Rate: 100}, {Rate: 50}}
	if m := medians(a); m.Rate != 20 || m.P50 != 2 {
		t.Errorf("medians are %+v", m)
	}
	if r := ratios(a, b, rate); r != 0.3 { // the median of 0.1, 0.3 and 0.4
		t.Errorf("the ratio is %v", r)
	}
}
