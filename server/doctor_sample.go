package server

import (
	"context"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
)

const (
	// sampled is how many accounts the doctor compares.
	sampled = 5
	// sampledEvents is how many events are searched for them.
	sampledEvents = 100
	// sampleSpend is how long the comparisons may start.
	sampleSpend = 8 * time.Second
)

// sample compares the accounts with the newest events.
func (p *parts) sample(ctx context.Context) ([]lockstep.Comparison, error) {
	page, err := p.config.Store.Events(ctx, lockstep.EventFilter{Limit: sampledEvents, Bodiless: true, Bounded: true})
	if err != nil {
		return nil, err
	}
	var accounts []lockstep.Account
	for _, e := range page.Events {
		account := lockstep.Account{Kind: lockstep.Kind(e.Key.Kind), ID: e.Key.ID}
		known := e.Key.Kind == lockstep.KeyUser || e.Key.Kind == lockstep.KeyOrganization
		if known && len(accounts) < sampled && !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
	}
	return p.verifier().Accounts(ctx, accounts, sampleSpend), nil
}
