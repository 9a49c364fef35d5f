package tracing

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
)

// Store is the part of the store that knows the causes of runs. A store that is [lockstep.OpenEvents] also knows
// events.
type Store interface {
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	Runs(ctx context.Context, filter lockstep.RunFilter) (lockstep.RunPage, error)
}

const (
	// causesWithin bounds the look for causes: a run waits for it.
	causesWithin = time.Second
	// mostLinks is how many deliveries a run links to, as many as its record names.
	mostLinks = 20
)

// causes finds what caused a run.
type causes struct{ store Store }

// of returns links to the causes of a claim's run. A cause that cannot be read is left out: a trace must not fail a
// run.
func (c causes) of(ctx context.Context, claim lockstep.Claim) []trace.Link {
	ctx, cancel := context.WithTimeout(ctx, causesWithin)
	defer cancel()
	switch claim.Key.Kind {
	case lockstep.KeyNotice, lockstep.KeyEmail, lockstep.KeyBuyerEmail:
		return c.notice(ctx, claim.Key.ID)
	case lockstep.KeyWebhook:
		_, subject, _ := strings.Cut(claim.Key.ID, "/")
		if account, isAccess := lockstep.AccountOfSubject(subject); isAccess {
			return c.access(ctx, account)
		}
		return c.notice(ctx, subject)
	case lockstep.KeySweep, lockstep.KeyWake:
		return nil
	}
	return c.events(ctx, claim)
}

// events links to the deliveries of a key's open events.
func (c causes) events(ctx context.Context, claim lockstep.Claim) (links []trace.Link) {
	store, knows := c.store.(lockstep.OpenEvents)
	if !knows {
		return nil
	}
	names, err := store.OpenEvents(ctx, claim, mostLinks)
	if err != nil {
		return nil
	}
	for _, name := range names {
		links = append(links, deliveryOf(name).link())
	}
	return links
}

// notice links to the run that recorded a notice.
func (c causes) notice(ctx context.Context, id string) []trace.Link {
	n, err := c.store.Notice(ctx, id)
	if err != nil {
		return nil
	}
	return linkTo(n.Run)
}

// access links to the run that last queued webhooks about an account's access, because a webhook about access is
// always about the newest. That run may still be ending; then there is no link, or one to the run before it.
func (c causes) access(ctx context.Context, account lockstep.Account) []trace.Link {
	page, err := c.store.Runs(ctx, lockstep.RunFilter{Key: account.Key(), Limit: mostLinks})
	if err != nil {
		return nil
	}
	for _, run := range page.Runs {
		if slices.ContainsFunc(run.Wrote, func(e lockstep.RunEffect) bool { return e.What == lockstep.EffectWebhook }) {
			return linkTo(run.ID())
		}
	}
	return nil
}

func linkTo(run lockstep.RunID) []trace.Link {
	o, known := runOf(run)
	if !known {
		return nil
	}
	return []trace.Link{o.link()}
}
