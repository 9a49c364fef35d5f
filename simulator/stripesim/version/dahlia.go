package version

import "github.com/lockstep-dev/lockstep/simulator/stripesim/api"

// dahlia is 2026-03-25: docs.stripe.com/changelog/dahlia. The values of a
// checkout session's ui_mode were renamed.
var dahlia = release{Since: "2026-03-25", undo: changes{
	"checkout.session": func(_ *Versions, session api.Object) {
		if old, renamed := formerModes[session.Text("ui_mode")]; renamed {
			session["ui_mode"] = old
		}
	},
}}

var formerModes = map[string]string{"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}
