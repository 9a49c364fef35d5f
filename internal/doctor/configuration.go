package doctor

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var (
	invalid = problem("configuration_invalid", failure,
		"lockstep serve refuses to start with it", "correct the setting; docs/configuration.md lists all of them")
	noOrigins = problem("return_origins_missing", warning,
		"browsers cannot start a checkout, and buyers return to any https URL that your servers name",
		`list the origins of your pages: return_origins = ["https://app.example.com"]`)
	localOrigin = problem("return_origin_local", warning,
		"with live keys, buyers return to a page on their own machine",
		"remove it from return_origins, or use test keys")
	plainOrigin = problem("return_origin_plain", warning,
		"without TLS, anyone on the network can read the session tokens of your users",
		"serve the page with https, and change return_origins")
	unlistedParty = problem("origin_not_authorized", warning,
		"Lockstep rejects the session tokens of browsers on this origin with 401",
		"add the origin to clerk.authorized_parties, or remove it from return_origins")
)

// configuration reports each problem of the configuration. Its errors have the form "setting: what is wrong;
// what to do".
func configuration(_ context.Context, in *Installation) (found []lockstep.Finding) {
	for _, err := range in.Invalid {
		p, detail := invalid, strings.TrimSpace(err.Error())
		if at := strings.LastIndex(detail, "; "); at > 0 {
			p.Fix, detail = detail[at+2:], detail[:at]
		}
		found = append(found, p.found("%s", detail))
	}
	return orFine(found, "valid; %s in the catalog", plural(len(in.Catalog.Plans), "plan"))
}

// returnOrigins looks at the origins to which buyers return.
func returnOrigins(_ context.Context, in *Installation) (found []lockstep.Finding) {
	switch {
	case len(in.ReturnOrigins) == 0 && in.Clerk == nil: // browsers cannot call anyway
		return []lockstep.Finding{fine("none, so your servers may name every https URL")}
	case len(in.ReturnOrigins) == 0:
		return []lockstep.Finding{noOrigins.found("none is configured")}
	}
	for _, origin := range in.ReturnOrigins {
		u, err := url.Parse(origin)
		if err != nil {
			continue // the configuration's check reports it
		}
		onThisMachine := slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
		switch {
		case onThisMachine && live(in.Stripe.Key):
			found = append(found, localOrigin.found("%s is allowed", origin))
		case u.Scheme == "http" && !onThisMachine:
			found = append(found, plainOrigin.found("%s has no TLS", origin))
		}
		if c := in.Clerk; c != nil && len(c.AuthorizedParties) > 0 && !slices.Contains(c.AuthorizedParties, origin) {
			found = append(found, unlistedParty.found("%s is not among clerk.authorized_parties", origin))
		}
	}
	return orFine(found, "%s", strings.Join(in.ReturnOrigins, ", "))
}

// Unreadable reports a configuration file that cannot be read. Nothing else can be checked then.
func Unreadable(err error, each func(lockstep.Finding)) {
	for _, f := range configuration(context.Background(), &Installation{Invalid: []error{err}}) {
		f.Check = "configuration"
		each(f)
	}
}
