package server

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/lockstep-dev/lockstep/internal/clients"
)

// proxies parses the networks whose X-Forwarded-For we trust. Nil means this machine.
func proxies(networks []string) (clients.Proxies, error) {
	if networks == nil {
		return clients.ThisMachine(), nil
	}
	var all clients.Proxies
	var problems []error
	for _, text := range networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, wrong := netip.ParseAddr(text)
			if wrong != nil {
				problems = append(problems, fmt.Errorf("trusted_proxies: %q is not an address or a network; for example 10.0.0.5 or 10.0.0.0/8", text))
				continue
			}
			network = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		if network.Bits() == 0 {
			problems = append(problems, fmt.Errorf("trusted_proxies: %q trusts everyone, so any client could choose its address; list only your proxies", text))
			continue
		}
		all = append(all, network)
	}
	return all, errors.Join(problems...)
}
