package webhookout

import (
	"fmt"
	"net/netip"
	"syscall"
)

// special are networks without public hosts that netip does not know (from IANA's registries
// of special-purpose addresses). Some embed an IPv4 address in IPv6, which may be a private one;
// no public host needs them:
// IPv4-compatible (::/96), IPv4-translated of RFC 2765 (::ffff:0:0:0/96), NAT64 with a local
// prefix (64:ff9b:1::/48), Teredo (in 2001::/23) and 6to4 (2002::/16).
var special = networks(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	"5f00::/16", "fec0::/10",
)

// nat64 is the prefix under which a network without IPv4 reaches IPv4 hosts (RFC 6052). The
// embedded address decides whether such an address is public.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// public reports whether an address belongs to a host on the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false // also loopback, link-local (169.254.169.254), multicast, unspecified
	}
	for _, network := range special {
		if network.Contains(a) {
			return false
		}
	}
	inside, embeds := embedded(a)
	return !embeds || public(inside)
}

// embedded returns the IPv4 address that a router forwards an IPv6 address to: by NAT64, or by
// ISATAP (RFC 5214), whose interface ids are 0:5efe and 200:5efe followed by the IPv4 address, in
// any network.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	isatap := b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
	if !isatap && !nat64.Contains(a) {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:])), true
}

// refusePrivate gets the address that the dialer is about to connect to, after it resolved the
// name. So a name that resolves to another address than before gains an attacker nothing.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("parse the address of the endpoint: %w", err)
	}
	if !public(at.Addr()) {
		return errPrivate
	}
	return nil
}
