package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
)

type accessInput struct {
	Kind        string `path:"kind" enum:"user,organization" doc:"Kind of the account"`
	ID          string `path:"id" maxLength:"128" doc:"The directory's id of it, user_… or org_…"`
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag of an answer that you have; the reply is 304 if it is still current"`
}

type accessOutput struct {
	Status       int
	ETag         string `header:"ETag" doc:"Changes with the content, and only then"`
	CacheControl string `header:"Cache-Control"`
	Body         lockstep.Access
}

// revalidate is the Cache-Control of access. Caches must revalidate each time, because access can end
// without any request that would invalidate them.
const revalidate = "private, no-cache"

// readAccess answers from memory.
func (a *API) readAccess(ctx context.Context, in *accessInput) (*accessOutput, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := a.entry(ctx, account)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	answer, err := entry.Answer(a.Catalog, now)
	if err != nil {
		return nil, a.problem(ctx, "encode access", err)
	}
	out := &accessOutput{Status: http.StatusOK, ETag: answer.ETag, CacheControl: revalidate,
		Body: entry.Access(a.Catalog, now)}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified // the framework omits the body
	}
	return out, nil
}

// entry returns an account from memory. An account that only the directory knows has an empty record.
func (a *API) entry(ctx context.Context, account lockstep.Account) (*watch.Entry, error) {
	entry, err := a.Records.Entry(ctx, account)
	if err == nil {
		return entry, nil
	}
	record, _, err := a.known(ctx, account, a.Records.Record)
	return &watch.Entry{Record: record}, err
}

// matches reports whether an If-None-Match header lists the tag. It compares weakly (RFC 9110,
// section 13.1.2), because proxies that compress turn a strong tag into a weak one.
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

// documentNotModified adds the 304 after registration. Given responses beforehand, huma would not
// document the errors.
func documentNotModified(operation *huma.Operation) {
	operation.Responses["304"] = &huma.Response{Description: "Not modified since the ETag",
		Headers: operation.Responses["200"].Headers}
}

// Access returns what an account may use now, for a program that embeds the server. Callers share the
// answer and must not change it. It returns ErrInvalid for a malformed account, and ErrNotFound for one
// that the directory does not know either.
func (a *API) Access(ctx context.Context, account lockstep.Account) (lockstep.Access, error) {
	now := time.Now()
	if entry, has := a.Records.InMemory(account, now); has {
		return entry.Access(a.Catalog, now), nil
	}
	account, err := lockstep.NewAccount(account.Kind, account.ID)
	if err != nil {
		return lockstep.Access{}, fmt.Errorf("%w: %w", lockstep.ErrInvalid, err)
	}
	entry, err := a.Records.Entry(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) && a.newcomers != nil {
		entry, err = a.lookUp(ctx, account)
	}
	if err != nil {
		return lockstep.Access{}, fmt.Errorf("access of %s: %w", account, err)
	}
	return entry.Access(a.Catalog, time.Now()), nil
}

// lookUp returns an empty record of an account that only the directory knows.
func (a *API) lookUp(ctx context.Context, account lockstep.Account) (*watch.Entry, error) {
	exists, err := a.newcomers.exists(ctx, account, true)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, lockstep.ErrNotFound
	}
	// The workers may have synced it during the lookup.
	entry, err := a.Records.Entry(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		return &watch.Entry{Record: lockstep.Record{Account: account, State: lockstep.AccountActive}}, nil
	}
	return entry, err
}
