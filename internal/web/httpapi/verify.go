package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/verify"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// verifySpend is how long a request may start comparisons. The last ones must end before the request does.
const verifySpend = 8 * time.Second

func (a *API) verifyRoutes(api huma.API) {
	s := section{api, "Operating", a}
	add(s, route{"verify", http.MethodPost, "/v1/verify", readers, 0,
		"Compare accounts with Stripe and the directory; changes nothing"}, a.verify)
	operate(s, route{"fix-drift", http.MethodPost, "/v1/verify/fix", operators, http.StatusAccepted,
		"Sync the keys that a comparison named"}, a.fixDrift)
	add(s, route{"list-open-keys", http.MethodPost, "/v1/verify/open", readers, 0,
		"List which of these keys have not been processed yet"}, a.openKeys)
}

type verifyInput struct {
	Body struct {
		Accounts []string `json:"accounts,omitempty" maxItems:"100" doc:"The accounts to compare; omit it to go through all. The answer may have only the first of them: ask again for the rest"`
		Cursor   string   `json:"cursor,omitempty" maxLength:"1000" doc:"The value of next of the previous page"`
		Limit    int      `json:"limit,omitempty" minimum:"1" maximum:"200" default:"50" doc:"The most accounts of a page; it may have fewer"`
	}
}

type differenceView struct {
	Where    string `json:"where" enum:"database,identity,stripe,link" doc:"database: our record. identity: the directory's metadata. stripe: what we write there. link: which customers belong to the account"`
	Field    string `json:"field" example:"subscriptions[sub_x].status"`
	Ours     string `json:"ours,omitempty" doc:"As we stored it or last wrote it; absent if it is not there. A personal value is (not shown)"`
	Theirs   string `json:"theirs,omitempty" doc:"As the provider has it"`
	Expected string `json:"expected,omitempty" doc:"As a sync leaves it"`
	Cause    string `json:"cause" enum:"pending,failed_write,missed_event,manual_edit,price_changed,unlinked_customer,restored_database,unknown"`
	Detail   string `json:"detail,omitempty" doc:"What shows the cause"`
}

type comparisonView struct {
	Account     string           `json:"account" example:"user/user_2x"`
	State       string           `json:"state" enum:"in_sync,catching_up,drift,not_compared" doc:"catching_up: it differs, and a run that is due ends that"`
	Differences []differenceView `json:"differences,omitempty"`
	Failure     string           `json:"failure,omitempty" doc:"Why it could not be compared"`
	Notes       []string         `json:"notes,omitempty" doc:"What someone changed at Stripe and a sync leaves alone"`
	Fix         []string         `json:"fix,omitempty" doc:"The keys to sync, see /v1/verify/fix"`
}

type verifyOutput struct {
	Body struct {
		Data    []comparisonView `json:"data" doc:"Of the phases after accounts, only what differs"`
		Failure string           `json:"failure,omitempty" doc:"Why the list of this phase could not be read; the next page starts the next phase"`
		Phase   string           `json:"phase,omitempty" enum:"accounts,users,organizations,customers" doc:"What this page went through: our accounts, then the directory's users and organizations that we do not know, then Stripe's customers without a link"`
		Looked  int              `json:"looked" doc:"How many of it"`
		Next    string           `json:"next,omitempty" doc:"Absent at the end"`
	}
}

// verify compares accounts.
func (a *API) verify(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	accounts, err := parseAccounts(in.Body.Accounts)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("accounts: " + err.Error())
	}
	out := &verifyOutput{}
	if len(accounts) > 0 {
		found := a.Operations.Verifier.Accounts(lockstep.WithPriority(ctx, lockstep.Normal), accounts, verifySpend)
		out.Body.Data, out.Body.Looked = viewComparisons(found), len(found)
		return out, nil
	}
	page, err := a.Operations.Verifier.Page(lockstep.WithPriority(ctx, lockstep.Background),
		verify.PageRequest{At: in.Body.Cursor, Limit: in.Body.Limit, Spend: verifySpend})
	if errors.Is(err, verify.ErrPosition) {
		return nil, huma.Error422UnprocessableEntity("cursor: " + err.Error() + "; start without one")
	}
	if err != nil {
		return nil, a.problem(ctx, "verify", err)
	}
	out.Body.Data, out.Body.Phase, out.Body.Looked = viewComparisons(page.Comparisons), page.Phase, page.Looked
	out.Body.Failure, out.Body.Next = page.Failure, page.Next
	return out, nil
}

func parseAccounts(texts []string) (accounts []lockstep.Account, err error) {
	for _, text := range texts {
		account, err := lockstep.ParseAccount(text)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	return accounts, nil
}

func viewComparisons(all []lockstep.Comparison) []comparisonView {
	views := []comparisonView{}
	for _, c := range all {
		v := comparisonView{Account: c.Account.String(), State: string(c.State), Failure: c.Failure, Notes: c.Notes}
		for _, d := range c.Differences {
			v.Differences = append(v.Differences, differenceView{string(d.Where), d.Field, d.Ours, d.Theirs, d.Expected,
				string(d.Cause), d.Detail})
		}
		for _, key := range c.Fix {
			v.Fix = append(v.Fix, key.String())
		}
		views = append(views, v)
	}
	return views
}

// keysBody names keys that a comparison named.
type keysBody struct {
	Keys []string `json:"keys" minItems:"1" maxItems:"200" doc:"As in fix of a comparison"`
}

type fixInput struct {
	Body struct {
		Keys       []string `json:"keys" minItems:"1" maxItems:"200" doc:"As in fix of a comparison"`
		Background bool     `json:"background,omitempty" doc:"Everything else goes first; for many keys"`
	}
}

func (in *fixInput) subjects() (all []audit.Subject) {
	for _, text := range in.Body.Keys {
		key, err := fixable(text)
		account, isAccount := key.Account()
		switch {
		case err == nil && isAccount:
			all = append(all, audit.Account(account))
		default:
			all = append(all, audit.Object(string(key.Kind), key.ID))
		}
	}
	return all
}

// fixableKinds are the kinds of the keys that a fix may name.
var fixableKinds = []lockstep.KeyKind{lockstep.KeyUser, lockstep.KeyOrganization, lockstep.KeyCustomer,
	lockstep.KeyCheckout, lockstep.KeySweep}

// fixable parses a key that a comparison names.
func fixable(text string) (lockstep.Key, error) {
	key, err := lockstep.ParseKey(text)
	if err != nil {
		return key, err
	}
	sweep := key.Kind == lockstep.KeySweep && key.ID != "users" && key.ID != "organizations"
	if !slices.Contains(fixableKinds, key.Kind) || sweep {
		return key, errors.New("key " + text + ": name a user, an organization, a customer, a checkout, sweep/users or sweep/organizations")
	}
	if account, is := key.Account(); is {
		_, err = lockstep.NewAccount(account.Kind, account.ID)
	}
	return key, err
}

func parseKeys(texts []string) (keys []lockstep.Key, err error) {
	for _, text := range texts {
		key, err := fixable(text)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("keys: " + err.Error())
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// fixDrift marks keys. The runs read everything, as after lockstep verify found a difference.
func (a *API) fixDrift(ctx context.Context, in *fixInput, _ *audit.Trail) (*struct{}, error) {
	keys, err := parseKeys(in.Body.Keys)
	if err != nil {
		return nil, err
	}
	priority := lockstep.Interactive
	if in.Body.Background {
		priority = lockstep.Background
	}
	marks := make([]lockstep.Mark, len(keys))
	for i, key := range keys {
		marks[i] = lockstep.Mark{Key: key, Priority: priority}
		switch key.Kind {
		case lockstep.KeyUser, lockstep.KeyOrganization:
			marks[i].Scope = lockstep.ScopeAll | lockstep.ScopeMembers
		case lockstep.KeyCustomer:
			marks[i].Scope = lockstep.ScopeAll
		}
	}
	if err := a.Store.Mark(ctx, marks...); err != nil {
		return nil, a.problem(ctx, "mark keys", err)
	}
	a.Wake()
	return nil, nil
}

type openOutput struct {
	Body struct {
		Data []workView `json:"data"`
	}
}

// openKeys lists the keys that have not been processed since their last mark, without those that only wait
// for a time.
func (a *API) openKeys(ctx context.Context, in *struct{ Body keysBody }) (*openOutput, error) {
	keys, err := parseKeys(in.Body.Keys)
	if err != nil {
		return nil, err
	}
	out := &openOutput{}
	out.Body.Data = []workView{}
	for _, key := range keys {
		w, err := a.Store.Work(ctx, key)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return nil, a.problem(ctx, "read work", err)
		}
		if verify.Due(w, time.Now()) {
			out.Body.Data = append(out.Body.Data, viewWork(lockstep.OpenWork{Work: w}))
		}
	}
	return out, nil
}
