package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
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

// readAccess answers from memory. Caches must revalidate each time, because access can end
// without any request that would invalidate them.
func (a *API) readAccess(ctx context.Context, in *accessInput) (*accessOutput, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	record, _, err := a.known(ctx, account, a.Records.Record)
	if err != nil {
		return nil, err
	}
	out := &accessOutput{Status: http.StatusOK, CacheControl: "private, no-cache", Body: a.access(record)}
	if out.ETag, err = etagOf(account, out.Body); err != nil {
		return nil, a.problem(ctx, "encode access", err)
	}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified // the framework omits the body
	}
	return out, nil
}

// etagOf is a strong entity tag of the account and its access.
func etagOf(account lockstep.Account, access lockstep.Access) (string, error) {
	text, err := json.Marshal(access)
	if err != nil {
		return "", fmt.Errorf("access of %s: %w", account, err)
	}
	sum := sha256.Sum256(append([]byte(account.String()+"\n"), text...))
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
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
