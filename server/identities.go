package server

import (
	"context"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/upstream"
	"github.com/lockstep-dev/lockstep/internal/web/httpapi"
)

// identity is the directory of users and organizations, and what goes with it.
type identity struct {
	directory lockstep.Directory
	sessions  lockstep.Sessions      // verifies session tokens; nil accepts none
	local     httpapi.LocalDirectory // where servers put accounts; nil when a provider keeps them
	gate      *upstream.Gate         // the provider's rate limit; nil when there is no provider
	// instance reads which instance the key belongs to; nil when there is no provider.
	instance func(context.Context) (string, error)
}

// remote is the directory to ask about accounts that we have never seen; nil where servers put
// them.
func (i identity) remote() lockstep.Directory {
	if i.local != nil {
		return nil
	}
	return i.directory
}

func identities(c Config) (identity, error) {
	if c.Identities == FromAPI {
		return identity{directory: c.Store, local: c.Store}, nil
	}
	directory, err := clerkdirectory.New(clerkdirectory.Config{Key: c.Clerk.Key, BaseURL: c.Clerk.BaseURL,
		HTTPClient: c.Clerk.HTTPClient, Limits: c.Clerk.Limits})
	if err != nil {
		return identity{}, fmt.Errorf("clerk: %w", err)
	}
	sessions, err := clerkdirectory.NewTokens(clerkdirectory.TokenConfig{Key: c.Clerk.Key, BaseURL: c.Clerk.BaseURL,
		Issuer: c.Clerk.Issuer, AuthorizedParties: c.Clerk.AuthorizedParties, HTTPClient: c.Clerk.HTTPClient})
	if err != nil {
		return identity{}, fmt.Errorf("clerk session tokens: %w", err)
	}
	return identity{directory: directory, sessions: sessions, gate: directory.Gate(), instance: directory.Instance}, nil
}

// lister returns the directory if it can list an organization's members, else nil.
func lister(directory lockstep.Directory) lockstep.MemberLister {
	l, _ := directory.(lockstep.MemberLister)
	return l
}

// limiter returns the directory if it can limit an organization's members, else nil.
func limiter(directory lockstep.Directory) lockstep.MemberLimiter {
	l, _ := directory.(lockstep.MemberLimiter)
	return l
}
