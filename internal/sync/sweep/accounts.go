package sweep

import (
	"context"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// verifyPage is how many accounts one run of the full verify marks. Their runs are spread over
// verifySpread, so that their reads do not come in one burst.
const (
	verifyPage   = 200
	verifySpread = 20 * time.Second
)

// verifyAt is where the full verify stands.
type verifyAt struct {
	After string `json:"after,omitempty"` // the last account that was marked
}

// verifyAccounts marks accounts to be read completely, whatever events said.
func (s *Sweeps) verifyAccounts(ctx context.Context, _ lockstep.Claim, at verifyAt) (swept[verifyAt], error) {
	var after lockstep.Account
	if at.After != "" {
		var err error
		if after, err = lockstep.ParseAccount(at.After); err != nil {
			return swept[verifyAt]{}, lockstep.Terminal(err)
		}
	}
	accounts, err := s.Store.AccountsAfter(ctx, after, verifyPage)
	if err != nil {
		return swept[verifyAt]{}, fmt.Errorf("list accounts: %w", err)
	}
	done := swept[verifyAt]{marks: make([]lockstep.Mark, len(accounts))}
	for i, a := range accounts {
		done.marks[i] = lockstep.Mark{Key: a.Key(), Priority: lockstep.Background,
			Scope: lockstep.ScopeAll | lockstep.ScopeMembers | lockstep.ScopeVerify,
			Delay: verifySpread / verifyPage * time.Duration(i)}
	}
	if len(accounts) == verifyPage {
		done.next, done.more = verifyAt{After: accounts[len(accounts)-1].String()}, true
	}
	return done, nil
}
