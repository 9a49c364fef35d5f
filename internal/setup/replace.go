package setup

import (
	"slices"

	"github.com/lockstep-dev/lockstep/stripebilling"
)

const replaces = "lockstep setup --roll-secret creates an endpoint with a new one"

// replacement returns the newest endpoint that replaces another one which is still there.
func replacement(ours []stripebilling.WebhookEndpoint) (fresh, old stripebilling.WebhookEndpoint, rolling bool) {
	for _, e := range ours {
		i := slices.IndexFunc(ours, func(o stripebilling.WebhookEndpoint) bool { return o.ID == e.Metadata[replacesKey] })
		if i >= 0 {
			return e, ours[i], true
		}
	}
	return fresh, old, false
}

// compareReplacement lists what is left to do after the first step of a replacement.
func compareReplacement(w Wanted, fresh, old stripebilling.WebhookEndpoint, c Choice) []Finding {
	if w.knows(fresh) {
		return append(compareSettings(w, fresh), Finding{Subject: "endpoint/" + old.ID, Problem: "it was replaced by " + fresh.ID,
			Fix: "lockstep setup --yes deletes it", change: change{kind: remove, id: old.ID, consent: true, prove: &fresh}})
	}
	found := compareSettings(w, old)
	waiting := Finding{Subject: "endpoint/" + fresh.ID,
		Problem: "it is to replace " + old.ID + ", but STRIPE_WEBHOOK_SECRET does not contain its secret yet",
		Fix:     "put the secret that setup printed before the one in use, separated by a comma, restart the service, then run: lockstep setup --yes. If you lost it: lockstep setup --roll-secret --yes"}
	if !c.Roll || !c.Yes {
		return append(found, waiting)
	}
	// No service uses the secret of the unfinished replacement: the operator says that it is lost.
	return append(found, Finding{Subject: "endpoint/" + fresh.ID, Problem: "its secret was lost before the service used it",
		Fix: "lockstep setup deletes it", change: change{kind: remove, id: fresh.ID, consent: true}},
		Finding{Subject: "endpoint/" + old.ID, Problem: "its secret is to be replaced",
			Fix: replaces, change: change{kind: create, id: old.ID}})
}

// comparePortal checks that portal sessions find a configuration.
func comparePortal(w Wanted, portals []stripebilling.PortalConfiguration) []Finding {
	find := func(is func(stripebilling.PortalConfiguration) bool) (string, bool) {
		i := slices.IndexFunc(portals, func(p stripebilling.PortalConfiguration) bool { return p.Active && is(p) })
		if i < 0 {
			return "", false
		}
		return portals[i].ID, true
	}
	if w.Portal != "" {
		if _, exists := find(func(p stripebilling.PortalConfiguration) bool { return p.ID == w.Portal }); exists {
			return nil
		}
		return []Finding{{Subject: "portal/" + w.Portal,
			Problem: "buying.portal_configuration names it, but Stripe has no active configuration with this id",
			Fix:     "correct the setting; Stripe Dashboard > Settings > Billing > Customer portal has the default, for which you leave it out"}}
	}
	if _, exists := find(func(p stripebilling.PortalConfiguration) bool { return p.Default }); exists {
		return nil
	}
	if id, exists := find(func(p stripebilling.PortalConfiguration) bool { return p.Metadata[portalKey] != "" }); exists {
		return []Finding{unnamed(id)}
	}
	return []Finding{{Subject: "portal", Problem: "Stripe has no configuration of the customer portal, so it opens for nobody",
		Fix: "lockstep setup creates one (cancel, payment methods, invoices)", change: change{kind: portal}}}
}

// unnamed says that no session uses the configuration that setup created. Only the dashboard can make one the
// default.
func unnamed(id string) Finding {
	return Finding{Subject: "portal/" + id, Problem: "setup created it, but lockstep.toml does not name it, and Stripe has no default",
		Fix: "add to [buying] in lockstep.toml: portal_configuration = \"" + id + "\""}
}
