package httpapi

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/watch"
)

type checkInput struct {
	Body struct {
		Account string `json:"account" example:"user/user_2x" doc:"The account to check"`
		Feature string `json:"feature,omitempty" minLength:"1" maxLength:"200" example:"export" doc:"A feature of the catalog; give this or plan"`
		Plan    string `json:"plan,omitempty" minLength:"1" maxLength:"200" doc:"The exact name of a plan; a higher plan does not count. Prefer features: they survive a change of plans"`
	}
}

type checkView struct {
	Allowed    bool       `json:"allowed"`
	Account    string     `json:"account"`
	Feature    string     `json:"feature,omitempty"`
	Plan       string     `json:"plan,omitempty"`
	Reason     string     `json:"reason" doc:"Explanation for people and logs; do not parse it"`
	Until      *time.Time `json:"until,omitempty" doc:"End of the paid period of the subscription or license that allows it"`
	AccessETag string     `json:"access_etag,omitempty" doc:"The ETag of the access that the answer is based on; absent for an unknown account"`
}

// check answers whether an account has a feature or a plan, from memory. An unknown account is an
// answer (not allowed) and not an error, so that callers deny access instead of failing.
func (a *API) check(ctx context.Context, in *checkInput) (*struct{ Body checkView }, error) {
	account, err := lockstep.ParseAccount(in.Body.Account)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("account: " + err.Error())
	}
	if (in.Body.Feature == "") == (in.Body.Plan == "") {
		return nil, huma.Error422UnprocessableEntity("feature or plan: give exactly one")
	}
	out := &struct{ Body checkView }{checkView{Account: account.String(), Feature: in.Body.Feature, Plan: in.Body.Plan}}
	entry, err := a.Records.Entry(ctx, account)
	if errors.Is(err, lockstep.ErrNotFound) {
		entry = &watch.Entry{}
		if entry.Record, out.Body.Reason = a.newcomer(ctx, account); out.Body.Reason != "" {
			return out, nil
		}
		err = nil
	}
	if err != nil {
		return nil, a.problem(ctx, "check access", err)
	}
	if err := a.decideCheck(entry, time.Now(), &out.Body); err != nil {
		return nil, a.problem(ctx, "encode access", err)
	}
	return out, nil
}

// decideCheck fills in the answer that follows from a record.
func (a *API) decideCheck(entry *watch.Entry, now time.Time, view *checkView) error {
	answer, err := entry.Answer(a.Catalog, now)
	if err != nil {
		return err
	}
	access := entry.Access(a.Catalog, now)
	view.AccessETag = answer.ETag
	has := hasFeature(view.Feature)
	if view.Plan != "" {
		has = hasPlan(view.Plan)
	}
	switch {
	case entry.Record.State == lockstep.AccountDeleted:
		view.Reason = "the account is deleted"
	case !access.Active:
		view.Reason = whyNone(access)
	case !has(access):
		view.Reason = "nothing that the account bought includes it"
	default:
		view.Allowed = true
		view.Reason, view.Until = a.because(entry.Record, access, now, has)
	}
	return nil
}

func hasFeature(feature string) func(lockstep.Access) bool {
	return func(access lockstep.Access) bool { return slices.Contains(access.Features, feature) }
}

func hasPlan(plan string) func(lockstep.Access) bool {
	return func(access lockstep.Access) bool {
		return slices.ContainsFunc(access.Reasons, func(r lockstep.Reason) bool { return r.Grants && r.Plan == plan })
	}
}

// newcomer returns an empty record for an account that is new to us but known to the directory, or
// the reason to deny access. It never fails, so that the caller denies access instead of failing.
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
		a.Log.WarnContext(ctx, "account lookup failed", "account", account.String(), "error", err)
		return record, "unknown account, and the directory did not answer"
	case !exists:
		return record, "unknown account"
	}
	return record, ""
}

// whyNone explains why an account has no access at all.
func whyNone(access lockstep.Access) string {
	if len(access.Reasons) == 0 {
		return "nothing was bought"
	}
	return "no access: " + describe(access.Reasons[0])
}

// because returns the first subscription or license that alone gives the feature or plan, and until when.
func (a *API) because(record lockstep.Record, access lockstep.Access, now time.Time,
	has func(lockstep.Access) bool) (reason string, until *time.Time) {
	if len(access.Reasons) == 1 { // it gives everything
		return describe(access.Reasons[0]), access.Until
	}
	for _, reason := range access.Reasons {
		if !reason.Grants {
			continue
		}
		if one := a.Catalog.Access(only(record, reason), now); has(one) {
			return describe(reason), one.Until
		}
	}
	return "everything that the account bought together", access.Until
}

// only is the record with just the subscription or license that a reason names.
func only(record lockstep.Record, reason lockstep.Reason) lockstep.Record {
	subscriptions, licenses := record.Subscriptions, record.Licenses
	record.Subscriptions, record.Licenses = nil, nil
	for _, s := range subscriptions {
		if reason.Object == "subscription" && s.ID == reason.ID {
			record.Subscriptions = []lockstep.Subscription{s}
		}
	}
	for _, l := range licenses {
		if reason.Object == "license" && l.ID == reason.ID {
			record.Licenses = []lockstep.License{l}
		}
	}
	return record
}

func describe(r lockstep.Reason) string {
	text := r.Object + " " + r.ID
	if r.Plan != "" {
		text += " (" + r.Plan + ")"
	}
	return text + ": " + r.Why
}
