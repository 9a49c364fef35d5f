package httpapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type checkInput struct {
	Body struct {
		Account string `json:"account" example:"user/user_2x" doc:"Whose access"`
		Feature string `json:"feature,omitempty" minLength:"1" maxLength:"200" example:"export" doc:"A feature of the catalog; or plan"`
		Plan    string `json:"plan,omitempty" minLength:"1" maxLength:"200" doc:"The name of just this plan: a higher one is another. Features age better"`
	}
}

type checkView struct {
	Allowed    bool       `json:"allowed"`
	Account    string     `json:"account"`
	Feature    string     `json:"feature,omitempty"`
	Plan       string     `json:"plan,omitempty"`
	Reason     string     `json:"reason" doc:"Why; for people and logs, not for programs"`
	Until      *time.Time `json:"until,omitempty" doc:"End of the paid period of what allows it"`
	AccessETag string     `json:"access_etag,omitempty" doc:"The ETag of the account's access that this follows from; absent for an unknown account"`
}

// check answers one question about access from memory. That nobody knows the
// account is an answer, and no error: who asks must refuse, not fail.
func (a *API) check(ctx context.Context, in *checkInput) (*struct{ Body checkView }, error) {
	account, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	if (in.Body.Feature == "") == (in.Body.Plan == "") {
		return nil, huma.Error422UnprocessableEntity("give either feature or plan")
	}
	out := &struct{ Body checkView }{checkView{Account: account.String(), Feature: in.Body.Feature, Plan: in.Body.Plan}}
	record, err := a.Watch.Record(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		record, out.Body.Reason = a.newcomer(ctx, account)
		if out.Body.Reason != "" {
			return out, nil
		}
		err = nil
	}
	if err != nil {
		return nil, a.problem(ctx, "check access", err)
	}
	access := a.access(record)
	if out.Body.AccessETag, err = etagOf(account, access); err != nil {
		return nil, a.problem(ctx, "encode access", err)
	}
	has := func(access lockstep.Access) bool { return slices.Contains(access.Features, in.Body.Feature) }
	if in.Body.Plan != "" {
		has = func(access lockstep.Access) bool {
			return slices.ContainsFunc(access.Reasons, func(r lockstep.Reason) bool {
				return r.Grants &&
					r.Plan == in.Body.Plan
			})
		}
	}
	switch {
	case record.State == lockstep.AccountDeleted:
		out.Body.Reason = "the account is deleted"
	case !access.Active:
		out.Body.Reason = whyNone(access)
	case !has(access):
		out.Body.Reason = "nothing that the account has includes it"
	default:
		out.Body.Allowed = true
		out.Body.Reason, out.Body.Until = a.because(record, access, has)
	}
	return out, nil
}

// newcomer returns an empty record for an account that is new to us but known to the
// directory, or why it has none. It never fails, so that the caller refuses instead of failing.
func (a *API) newcomer(ctx context.Context, account lockstep.Account) (lockstep.Record, string) {
	record := lockstep.Record{Account: account, State: lockstep.AccountActive}
	if a.newcomers == nil {
		return record, "unknown account"
	}
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	exists, err := a.newcomers.exists(ctx, account, true)
	switch {
	case err != nil:
		a.Log.WarnContext(ctx, "account not looked up", "account", account.String(), "error", err)
		return record, "unknown account, and the directory could not be asked about it"
	case !exists:
		return record, "unknown account"
	}
	return record, ""
}

// whyNone says why an account has no access at all.
func whyNone(access lockstep.Access) string {
	if len(access.Reasons) == 0 {
		return "nothing was bought"
	}
	return "no access: " + describe(access.Reasons[0])
}

// because says which subscription or license brings what was asked for, and until
// when: the first that has it when it is looked at alone.
func (a *API) because(record lockstep.Record, access lockstep.Access, has func(lockstep.Access) bool) (string,
	*time.Time) {
	for _, reason := range access.Reasons {
		if !reason.Grants {
			continue
		}
		alone := record
		alone.Subscriptions, alone.Licenses = nil, nil
		for _, s := range record.Subscriptions {
			if reason.Object == "subscription" && s.ID == reason.ID {
				alone.Subscriptions = []lockstep.Subscription{s}
			}
		}
		for _, l := range record.Licenses {
			if reason.Object == "license" && l.ID == reason.ID {
				alone.Licenses = []lockstep.License{l}
			}
		}
		if one := a.access(alone); has(one) {
			return describe(reason), one.Until
		}
	}
	return "all that the account has together", access.Until
}

func describe(r lockstep.Reason) string {
	text := r.Object + " " + r.ID
	if r.Plan != "" {
		text += " (" + r.Plan + ")"
	}
	return text + ": " + r.Why
}
