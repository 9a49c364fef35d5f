package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

// auditStore is the part of the store that keeps the audit log.
type auditStore interface{ lockstep.Audit }

type auditQuery struct {
	Account string    `query:"account" doc:"Only entries about this account, for example user/user_2x"`
	Since   time.Time `query:"since" doc:"Only entries from this time on"`
	Limit   int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before  string    `query:"before" doc:"The value of next of the previous page"`
}

type auditView struct {
	Number  int64           `json:"number" doc:"Identifies the entry; higher means later"`
	Request string          `json:"request" doc:"The same in all entries of one request"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor" example:"key/environment" doc:"Who: the name of an API key, or local/USER for a command without the service"`
	Action  string          `json:"action" example:"link" doc:"The operation of the API, or the command"`
	Subject string          `json:"subject" example:"customer/cus_x" doc:"On what"`
	Account string          `json:"account,omitempty" example:"user/user_2x" doc:"The account that it is about"`
	Result  string          `json:"result" enum:"requested,done,failed" doc:"Requested: it is about to start. If no other entry of the request follows, it was interrupted"`
	Failure string          `json:"failure,omitempty" example:"409 Conflict" doc:"Of a failed action: what the caller got"`
	Reason  string          `json:"reason,omitempty" doc:"Why, in the operator's words"`
	Before  json.RawMessage `json:"before,omitempty" doc:"The state before, as far as it changed"`
	After   json.RawMessage `json:"after,omitempty" doc:"The state after, as far as it changed"`
}

type auditPage struct {
	Body struct {
		Data []auditView `json:"data"`
		Next string      `json:"next,omitempty"`
	}
}

// auditLog lists what operators did.
func (a *API) auditLog(ctx context.Context, in *auditQuery) (*auditPage, error) {
	filter := lockstep.AuditFilter{Since: in.Since, Limit: in.Limit, Before: in.Before}
	if in.Account != "" {
		var err error
		if filter.Account, err = lockstep.ParseAccount(in.Account); err != nil {
			return nil, huma.Error422UnprocessableEntity("account: " + err.Error())
		}
	}
	page, err := a.Store.AuditEntries(ctx, filter)
	if err != nil {
		return nil, a.problem(ctx, "read audit log", err)
	}
	out := &auditPage{}
	out.Body.Data, out.Body.Next = []auditView{}, page.Next
	for _, e := range page.Entries {
		v := auditView{Number: e.Number, Request: e.Request, At: e.At.UTC(), Actor: e.Actor, Action: e.Action,
			Subject: e.Subject, Result: string(e.Result), Failure: e.Failure, Reason: e.Reason,
			Before: json.RawMessage(e.Before), After: json.RawMessage(e.After)}
		if !e.Account.IsZero() {
			v.Account = e.Account.String()
		}
		out.Body.Data = append(out.Body.Data, v)
	}
	return out, nil
}
