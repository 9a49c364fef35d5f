package simtest

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// checkExplanation: the explanation of an account agrees with its access, names a cause if there is none, and has no
// e-mail address.
func (c *checker) checkExplanation(account string) {
	var x struct {
		Summary string
		Access  struct {
			Active bool
			Plan   string
			Until  *time.Time
		}
		Causes []struct{ Code string }
	}
	status, err := c.call(context.Background(), http.MethodGet, "http://"+serviceHost+"/v1/accounts/"+account+"/explanation",
		apiKey, nil, &x)
	answered, known := c.answers[account]
	if err != nil || known != (status == http.StatusOK) {
		c.wrong("the explanation of %s is answered %d: %v", account, status, err)
	}
	if !known || status != http.StatusOK {
		return
	}
	now := answered.Access
	begins := "No access: "
	if now.Active {
		begins = "Active on " + now.Plan
	}
	if x.Access.Active != now.Active || x.Access.Plan != now.Plan || !sameTime(x.Access.Until, now.Until) ||
		!strings.HasPrefix(x.Summary, begins) || !now.Active && len(x.Causes) == 0 || strings.Contains(x.Summary, "@") {
		c.wrong("the explanation of %s is %+v; the API answers %+v", account, x, now)
	}
}
