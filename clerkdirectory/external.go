package clerkdirectory

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// UserOfExternalID implements [lockstep.ExternalIDs]. It sends a plus before the id,
// because Clerk reads a sign there: "-Nabc" would list every user except Nabc.
func (c *Client) UserOfExternalID(ctx context.Context, externalID string) (lockstep.Account, error) {
	const op = "find user by external id"
	if externalID == "" {
		return lockstep.Account{}, failed(op, errors.New("the external id is empty"))
	}
	answer, err := c.list(ctx, op, collections[lockstep.User], url.Values{"external_id": {"+" + externalID}, "limit": {"1"}})
	if err != nil {
		return lockstep.Account{}, err
	}
	users, ok := upstream.Elements(answer.Raw)
	if !ok {
		return lockstep.Account{}, failed(op, errors.New("the answer is not a list"))
	}
	for _, raw := range users {
		if identity := identityOf(lockstep.User, upstream.Decode(raw)); identity.ExternalID == externalID {
			return lockstep.NewAccount(lockstep.User, identity.Account.ID)
		}
	}
	return lockstep.Account{}, fmt.Errorf("user with the external id: %w", lockstep.ErrNotFound)
}
