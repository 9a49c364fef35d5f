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

const accessPath = "/v1/accounts/{kind}/{id}/access"

type accessInput struct {
	Kind        string `path:"kind" enum:"user,organization" doc:"Kind of account"`
	ID          string `path:"id" maxLength:"128" doc:"The directory's id, user_… or org_…"`
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag of an answer that you have: 304 if it is still right"`
}

type accessOutput struct {
	Status       int
	ETag         string `header:"ETag" doc:"ChangeFeed with the content, and only then"`
	CacheControl string `header:"Cache-Control"`
	Body         lockstep.Access
}

// readAccess answers from memory. What an answer says may be kept by its reader
// alone, and is asked for anew each time: access ends without a word.
func (a *API) readAccess(ctx context.Context, in *accessInput) (*accessOutput, error) {
	account, err := accountPath{in.Kind, in.ID}.account(ctx)
	if err != nil {
		return nil, err
	}
	record, _, err := a.known(ctx, account, a.Watch.Record)
	if err != nil {
		return nil, err
	}
	out := &accessOutput{Status: http.StatusOK, CacheControl: "private, no-cache", Body: a.access(record)}
	if out.ETag, err = etagOf(account, out.Body); err != nil {
		return nil, a.problem(ctx, "encode access", err)
	}
	if matches(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified // the body is left out
	}
	return out, nil
}

// etagOf is a strong entity tag: of the account and every byte that is said of it.
func etagOf(account lockstep.Account, access lockstep.Access) (string, error) {
	text, err := json.Marshal(access)
	if err != nil {
		return "", fmt.Errorf("access of %s: %w", account, err)
	}
	sum := sha256.Sum256(append([]byte(account.String()+"\n"), text...))
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

// matches reports whether an If-None-Match names the tag, by the weak comparison
// that RFC 9110, section 13.1.2, wants there: proxies that compress make a tag weak.
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}

// documentNotModified is said after the operation was registered: of one that comes
// with responses, huma does not document the errors.
func documentNotModified(operation *huma.Operation) {
	operation.Responses["304"] = &huma.Response{Description: "It is as it was when it had the ETag",
		Headers: operation.Responses["200"].Headers}
}
