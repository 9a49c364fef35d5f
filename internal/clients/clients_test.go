package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

func TestWhoAClientIs(t *testing.T) {
	t.Parallel()
	inside := append(clients.ThisMachine(), netip.MustParsePrefix("10.0.0.0/8"))
	for name, c := range map[string]struct {
		proxies   clients.Proxies
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":                           {inside, "203.0.113.7:1", nil, "203.0.113.7"},
		"a stranger's header":                {inside, "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"behind a proxy":                     {inside, "127.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"behind two":                         {inside, "127.0.0.1:1", []string{"203.0.113.7, 10.1.2.3"}, "203.0.113.7"},
		"a header that the client began":     {inside, "127.0.0.1:1", []string{"192.0.2.1, 203.0.113.7"}, "203.0.113.7"},
		"two headers":                        {inside, "127.0.0.1:1", []string{"192.0.2.1", "203.0.113.7"}, "203.0.113.7"},
		"a proxy that forwards nothing":      {inside, "127.0.0.1:1", nil, "127.0.0.1"},
		"what is no address":                 {inside, "127.0.0.1:1", []string{"203.0.113.7, unknown"}, "127.0.0.1"},
		"no trusted proxy":                   {nil, "127.0.0.1:1", []string{"203.0.113.7"}, "127.0.0.1"},
		"IPv4 in IPv6":                       {inside, "[::ffff:127.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"one network of IPv6 is one client":  {inside, "[2001:db8:1:2:3:4:5:6]:1", nil, "2001:db8:1:2::/64"},
		"a zone does not tell clients apart": {inside, "[fe80::1%eth0]:1", nil, "fe80::/64"},
		"no network connection":              {inside, "pipe", []string{"203.0.113.7"}, "pipe"},
		"loopback of IPv6 is this machine's": {inside, "[::1]:1", []string{"203.0.113.7"}, "203.0.113.7"},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		request.RemoteAddr = c.remote
		request.Header["X-Forwarded-For"] = c.forwarded
		got := ""
		c.proxies.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = clients.Of(r.Context()) })).
			ServeHTTP(httptest.NewRecorder(), request)
		if got != c.want {
			t.Errorf("%s: client %q, want %q", name, got, c.want)
		}
	}
}

func TestALimitIsEachClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := clients.NewLimit(10*time.Second, 3)
		allowed := func(client string) (n int) {
			for range 100 {
				if limit.Allow(client) {
					n++
				}
			}
			return n
		}
		if a, b := allowed("a"), allowed("b"); a != 3 || b != 3 {
			t.Errorf("at once: %d and %d, want 3 each", a, b)
		}
		time.Sleep(20 * time.Second)
		if a := allowed("a"); a != 2 {
			t.Errorf("after 20 s: %d, want 2", a)
		}
		for i := range 100_000 { // the flood does not reset the limit of an active client
			limit.Allow(fmt.Sprint(i))
			limit.Allow("a")
		}
		if a := allowed("a"); a != 0 {
			t.Errorf("amid a flood: %d, want 0", a)
		}
	})
}

func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	var places clients.Places
	first, ok := places.Take("a", 2)
	_, also := places.Take("a", 2)
	_, third := places.Take("a", 2)
	_, other := places.Take("b", 2)
	if !ok || !also || third || !other {
		t.Errorf("a has %t, %t, %t and b %t; want two places of a and one of b", ok, also, third, other)
	}
	first()
	if _, again := places.Take("a", 2); !again {
		t.Error("the place that was given back is not to be had")
	}
}
