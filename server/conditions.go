package server

import (
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// silence is how long a side must have delivered nothing, while scans found its events, before /healthz
// says so.
const silence = time.Hour

// arrivals note when events of Stripe last reached this process. Only Stripe has a list of events that a
// scan can compare.
type arrivals struct {
	started            time.Time
	delivered, scanned atomic.Int64 // Unix milliseconds; 0: never
}

// missing reports whether scans find events that deliveries should have brought.
func (a *arrivals) missing(now time.Time) bool {
	since := func(ms int64) time.Duration { return now.Sub(time.UnixMilli(ms)) }
	return now.Sub(a.started) >= silence && since(a.scanned.Load()) < silence && since(a.delivered.Load()) >= silence
}

// conditions are what /healthz reports beside the database.
func (p *parts) conditions() httpapi.Conditions {
	c := httpapi.Conditions{Providers: p.providers}
	if p.measured != nil {
		c.Open, c.Resources = p.measured.Measure, p.measured.Resources
	}
	return c
}

// providers returns the reasons about providers and their deliveries.
func (p *parts) providers(now time.Time) (found []httpapi.HealthReason) {
	for _, gate := range p.gates() {
		is := gate.Condition()
		if is.Down {
			found = append(found, httpapi.HealthReason{Code: "provider_down",
				Detail: "calls to " + is.Provider + " have failed for half a minute; they are retried"})
		}
		if is.KeyRefused {
			found = append(found, httpapi.HealthReason{Code: "provider_refuses_key",
				Detail: is.Provider + " answers 401: the key is wrong or was revoked; see lockstep doctor"})
		}
		if is.Paused {
			found = append(found, httpapi.HealthReason{Code: "provider_paused",
				Detail: is.Provider + " allows no calls for now (429); they are made when it does"})
		}
	}
	if len(p.config.Stripe.WebhookSecrets) > 0 && p.arrivals.missing(now) {
		found = append(found, httpapi.HealthReason{Code: "deliveries_missing",
			Detail: "stripe has delivered nothing for an hour, but its event list has new events; see lockstep doctor"})
	}
	return found
}

// counted counts a delivery, and notes when one was stored.
func (p *parts) counted(source lockstep.Source, outcomes []string) func(outcome string) {
	count := p.counts.Deliveries(source, outcomes)
	if source != lockstep.Stripe {
		return count
	}
	return func(outcome string) {
		if outcome == "stored" || outcome == "duplicate" {
			p.arrivals.delivered.Store(time.Now().UnixMilli())
		}
		count(outcome)
	}
}

// scanned counts events that a scan found.
func (p *parts) scanned(source lockstep.Source, n int) {
	if source == lockstep.Stripe {
		p.arrivals.scanned.Store(time.Now().UnixMilli())
	}
	p.counts.Scanned(source, n)
}
