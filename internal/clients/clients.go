package clients

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose X-Forwarded-For is trusted.
type Proxies []netip.Prefix

// ThisMachine is the loopback networks, where a reverse proxy often runs.
func ThisMachine() Proxies {
	return Proxies{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// Identify adds the client of each request to its context, see [Of].
func (p Proxies) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), contextKey{}, p.client(r))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type contextKey struct{}

// Of returns the client of a request: an IPv4 address or an IPv6 network. It is empty if the request did
// not pass [Proxies.Identify]; all such requests count as one client.
func Of(ctx context.Context) string {
	client, _ := ctx.Value(contextKey{}).(string)
	return client
}

func (p Proxies) client(r *http.Request) string {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // not a network connection
		return r.RemoteAddr
	}
	at := connection.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !p.trusts(at) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	if at.Is6() {
		if network, err := at.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return at.String()
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(a.WithZone("")) })
}
