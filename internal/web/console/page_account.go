package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/explain"
)

var accountPages = []page{{path: "/accounts/{kind}/{id}", title: "Account", file: "account.html", live: true,
	section: "/accounts", read: readAccount}}

// accountData is the content of the page.
type accountData struct {
	Account, Kind, ID string
	Missing           string       // why there is nothing to show; empty: the account exists
	About             accountAbout // zero if Missing
	Why               *explain.Explanation
	Endpoints         []endpoint
	Timeline          timeline
}

// accountAbout is what the page shows of GET /v1/accounts/{kind}/{id}.
type accountAbout struct {
	State, Name, Email string
	EmailVerified      bool `json:"email_verified"`
	Deletion           string
	Customers          []customer
	Members            int64
	MemberLimit        int64 `json:"member_limit"`
	Access             lockstep.Access
	Pending            bool
	Notices            []notice
	UpdatedAt          time.Time `json:"updated_at"`
}

type customer struct {
	ID, Trust        string
	Primary, Deleted bool
}

type notice struct {
	ID, Kind, Object, Run string
	CreatedAt             time.Time `json:"created_at"`
}

// endpoint is one of the app's webhook endpoints.
type endpoint struct{ ID, Origin string }

func readAccount(v *visit) (any, error) {
	data := &accountData{Kind: v.PathValue("kind"), ID: v.PathValue("id")}
	data.Account = data.Kind + "/" + data.ID
	v.title = data.ID
	if _, err := lockstep.ParseAccount(data.Account); err != nil {
		return nil, &apiError{Status: http.StatusNotFound, Detail: "No account has the address " + data.Account + ": " +
			err.Error() + "."}
	}
	err := v.get(accountAPI(data.Account), &data.About)
	var refused *apiError
	switch {
	case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
		data.Missing, v.status = strings.ToUpper(refused.Error()[:1])+refused.Error()[1:]+".", refused.Status
	case err != nil:
		return nil, err
	default:
		if err := data.explain(v); err != nil {
			return nil, err
		}
	}
	data.Timeline, err = readTimeline(v, data.Account, data.About.Notices)
	return data, err
}

// explain reads why the account has its access, and which endpoints learn of it. An account that only the
// directory knows has no explanation yet.
func (d *accountData) explain(v *visit) error {
	offset := url.Values{"offset": {clockOf(v.Request).Offset()}}
	var why explain.Explanation
	err := v.get(accountAPI(d.Account)+"/explanation?"+offset.Encode(), &why)
	var refused *apiError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
	case err != nil:
		return err
	default:
		d.Why = &why
	}
	var endpoints struct{ Data []endpoint }
	if err := v.get("/v1/webhooks", &endpoints); err != nil {
		return err
	}
	d.Endpoints = endpoints.Data
	return nil
}

// Deleted reports whether the directory deleted the account.
func (d *accountData) Deleted() bool { return d.About.State == string(lockstep.AccountDeleted) }

// Held reports whether the account's deletion waits for an operator.
func (d *accountData) Held() bool { return d.About.Deletion == string(lockstep.DeletionHeld) }

// OfKind returns the facts of the chain of a kind.
func (d *accountData) OfKind(kinds ...string) (facts []explain.Fact) {
	if d.Why == nil {
		return nil
	}
	for _, fact := range d.Why.Chain {
		for _, kind := range kinds {
			if fact.Kind == kind {
				facts = append(facts, fact)
			}
		}
	}
	return facts
}

// Choosable reports whether a customer can become the primary one.
func (d *accountData) Choosable(c customer) bool { return !c.Primary && !c.Deleted && !d.Deleted() }

// Fixes returns the actions that fix a cause: the name of each, and its parameters.
func (d *accountData) Fixes(cause explain.Cause) (fixes []fix) {
	switch cause.Code {
	case explain.Retrying, explain.Failed, explain.Parked, explain.EventsFailed, explain.EventsParked,
		explain.MissingIdentity, explain.CustomerDeleted:
		return []fix{d.retry()}
	case explain.Refused:
		switch {
		case cause.Object == string(lockstep.StepDeletion):
			return []fix{d.approve()}
		case cause.Command != "":
			return []fix{d.retry()}
		}
	case explain.DeletionHeld:
		return []fix{d.approve(), {"", "discard-deletion", []string{"account", d.Account}}}
	case explain.DeletionDropped:
		return []fix{d.approve()}
	case explain.Claimed:
		return []fix{{"Confirm the link", "link", []string{"account", d.Account, "object", cause.Object}}}
	case explain.NoCustomer, explain.NoPurchase:
		return []fix{{"", "link", []string{"account", d.Account}}}
	case explain.FormerAccount:
		return []fix{{"", "succeed", []string{"account", d.Account, "former", cause.Object}}}
	}
	return nil
}

func (d *accountData) retry() fix { return fix{"", "retry-account", []string{"account", d.Account}} }
func (d *accountData) approve() fix {
	return fix{"", "approve-deletion", []string{"account", d.Account}}
}

// fix is an action with its parameters.
type fix struct {
	Text       string // on the button; empty: the action's
	Name       string
	Parameters []string
}

// Fix returns the button of a fix; nothing for a viewer.
func (f frame) Fix(x fix) *button {
	if x.Text == "" {
		return f.Act(x.Name, x.Parameters...)
	}
	return f.ActAs(x.Text, x.Name, x.Parameters...)
}

// ActAs is Act with another text on the button.
func (f frame) ActAs(text, name string, parameters ...string) *button {
	b := f.Act(name, parameters...)
	if b != nil {
		b.Text = text
	}
	return b
}

// telling is an entry of the timeline, for the parts of the template that tell it.
type telling struct {
	Frame frame
	Entry entry
}

// Telling returns what the parts of an entry need.
func (f frame) Telling(e entry) telling { return telling{f, e} }
