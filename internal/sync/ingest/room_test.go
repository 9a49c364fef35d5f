package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

// serve serves the kit's endpoint over real connections, behind a trusted proxy of the test that
// says who a client is.
func (k *kit) serve() (address string) {
	k.Helper()
	trusted := clients.Proxies{netip.MustParsePrefix("127.0.0.0/8")}
	web := httptest.NewServer(trusted.Identify(k.endpoint))
	k.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

// half sends the headers and half of a body, and leaves the connection open.
func (k *kit) half(address, client, header string) net.Conn {
	k.Helper()
	connection, err := (&net.Dialer{}).DialContext(k.Context(), "tcp", address)
	if err != nil {
		k.Fatal(err)
	}
	k.Cleanup(func() { _ = connection.Close() }) // it may have been closed
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\n%sContent-Length: 200000\r\n\r\n%s",
		client, header, strings.Repeat(" ", 100_000))
	return connection
}

// large delivers a body of 200 KB.
func (k *kit) large(address, id, client string) int {
	k.Helper()
	r, err := http.NewRequestWithContext(k.Context(), http.MethodPost, "http://"+address,
		strings.NewReader(bodyOf(id, normal)+strings.Repeat(" ", 200_000)))
	if err != nil {
		k.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", client)
	r.Header.Set("Signed", "so it says")
	sender := &http.Client{}
	defer sender.CloseIdleConnections()
	response, err := sender.Do(r)
	if err != nil {
		k.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// until waits until a condition holds.
func (k *kit) until(what string, holds func() bool) {
	k.Helper()
	ctx, cancel := context.WithTimeout(k.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			k.Fatal("waited in vain: " + what)
		}
	}
}

func (k *kit) used() int {
	k.endpoint.Intake.large.mu.Lock()
	defer k.endpoint.Intake.large.mu.Unlock()
	return k.endpoint.Intake.large.used
}

// Slow bodies make room for deliveries, whether many clients send them, or one, or the sender's own
// address. Small deliveries always pass.
func TestSlowBodiesMakeRoomForDeliveries(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]func(n int) string{
		"many clients": func(n int) string { return fmt.Sprintf("203.0.113.%d", n) },
		"one client":   func(int) string { return "203.0.113.1" },
		"the sender's": func(int) string { return "198.51.100.1" },
	} {
		k := newKit(t)
		room := &k.endpoint.Intake.large
		room.size, room.share, room.slow = 3_000_000, 2_000_000, 0 // all that still arrives is slow
		address := k.serve()
		for n := range 40 {
			k.half(address, client(n), "Signed: so it says\r\n")
		}
		k.until(name+": the strangers hold all that they can", func() bool { return k.used() >= room.share-400_000 })
		for n := range 5 {
			if status := k.large(address, fmt.Sprint("evt_", n), "198.51.100.1"); status != http.StatusOK {
				t.Errorf("%s: delivery %d is answered %d", name, n, status)
			}
		}
		if stored := k.stored(); len(stored) != 5 {
			t.Errorf("%s: %d deliveries are stored", name, len(stored))
		}
	}
}

// A body that is not slow yet is not cut off; a newcomer gets 503.
func TestABodyThatArrivesIsNotCutOff(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	room := &k.endpoint.Intake.large
	room.size, room.share, room.slow = 300_000, 300_000, time.Hour
	address := k.serve()
	first := k.half(address, "203.0.113.1", "")
	k.until("it holds room", func() bool { return k.used() > 100_000 })
	if status := k.large(address, "evt_2", "198.51.100.1"); status != http.StatusServiceUnavailable {
		t.Errorf("without room: %d", status)
	}
	if _, err := io.WriteString(first, bodyOf("evt_1", normal)+strings.Repeat(" ",
		100_000-len(bodyOf("evt_1", normal)))); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(first), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || k.used() != 0 {
		t.Errorf("the first: %d, and %d bytes are in use", response.StatusCode, k.used())
	}
}

// A client that sends many slow bodies loses one of its own, not an older one of another client.
func TestAClientMakesRoomOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]string{"another address": "198.51.100.1",
		"another network of IPv6": "2001:db8:1::1"} {
		k := newKit(t)
		room := &k.endpoint.Intake.large
		room.size, room.share, room.slow = 3_000_000, 1_000_000, 0 // all that still arrives is slow
		address := k.serve()
		var answers sync.WaitGroup
		t.Cleanup(answers.Wait)
		first := k.half(address, other, "")
		k.until(name+": it holds room", func() bool { return k.used() > 100_000 })
		cut := make(chan struct{}, 40)
		for range 40 {
			connection := k.half(address, "203.0.113.1", "")
			answers.Go(func() {
				if response, err := http.ReadResponse(bufio.NewReader(connection), nil); err == nil {
					_ = response.Body.Close() // it was cut off
					cut <- struct{}{}
				}
			})
		}
		for range 13 { // as many as do not fit into all of the room
			<-cut
		}
		body := bodyOf("evt_1", normal)
		if _, err := io.WriteString(first, body+strings.Repeat(" ", 100_000-len(body))); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		response, err := http.ReadResponse(bufio.NewReader(first), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
			t.Errorf("%s: the older body is answered %d", name, response.StatusCode)
		}
	}
}

// Without the headers of a delivery, the answer is 400 before the body is read.
func TestUnsignedBodiesAreNotRead(t *testing.T) {
	t.Parallel()
	k := newKit(t)
	k.endpoint.Source.Plausible = func(h http.Header, _ time.Time) error {
		if h.Get("Signed") == "" {
			return errors.New("not signed")
		}
		return nil
	}
	address := k.serve()
	for _, header := range []string{"", "Stripe-Signature: x\r\n"} {
		response, err := http.ReadResponse(bufio.NewReader(k.half(address, "203.0.113.1", header)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusBadRequest || k.used() != 0 {
			t.Errorf("half a body without a signature: %d, and %d bytes are in use", response.StatusCode, k.used())
		}
	}
	if status := k.large(address, "evt_1", "198.51.100.1"); status != http.StatusOK {
		t.Errorf("a signed one: %d", status)
	}
}
