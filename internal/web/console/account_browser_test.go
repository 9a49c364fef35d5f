package console_test

import (
	"net/http"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/browser"
	"github.com/lockstep-dev/lockstep/simulator"
)

// TestAccountsInABrowser looks at an account with trouble, an unknown one, and a page that asks.
func TestAccountsInABrowser(t *testing.T) {
	t.Parallel()
	b, k := browser.Start(t), start(t)
	account := k.ada()
	gift := k.claimedLink(account, simulator.Contact{Email: "friend@example.com"})
	k.sim.AddFault(simulator.Fault{Side: "stripe", Method: http.MethodGet, Path: "/v1/subscriptions*", Status: 500})
	k.signIn(lockstep.ConsoleOperator).does("sync", "account", account.String())
	k.until("the run fails", func() bool {
		work, err := k.store.Work(t.Context(), account.Key())
		return err == nil && work.Disposition == lockstep.Retry
	})
	enter(b, k, lockstep.ConsoleOperator)
	b.Open(k.url+page(account), "main h1")
	b.Look("console-account-trouble")
	b.Open(k.url+"/console/accounts/user/user_nobody", "main h1")
	b.Look("console-account-unknown")
	b.Open(k.url+"/console/actions/unlink?"+form("account", account.String(), "customer", gift).Encode(), "#reason")
	b.Look("console-account-unlink")
}
