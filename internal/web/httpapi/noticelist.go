package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

func (a *API) noticeRoutes(api huma.API) {
	add(section{api, "Operating", a}, route{"list-notices", http.MethodGet, "/v1/notices", readers, 0,
		"List notices with the states of their e-mails, newest first"}, a.notices)
}

type noticesQuery struct {
	Kind    string `query:"kind" example:"payment.failed" doc:"Only notices of this kind"`
	Account string `query:"account" doc:"Only notices about this account, for example user/user_2x"`
	Mail    string `query:"mail" enum:"pending,sending,sent,undelivered,unknown,skipped," doc:"Only notices with an e-mail in this state; a notice has none before the first attempt"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Before  string `query:"before" doc:"The value of next of the previous page"`
}

type listedNotice struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Account   string    `json:"account" example:"user/user_2x"`
	Object    string    `json:"object" doc:"The Stripe object that it is about"`
	CreatedAt time.Time `json:"created_at"`
	Mail      *mailView `json:"mail,omitempty" doc:"The e-mail to the account's address; absent before the first attempt"`
	BuyerMail *mailView `json:"buyer_mail,omitempty" doc:"For a purchase: the e-mail to the address that the buyer typed at checkout"`
}

type noticesPage struct {
	Body struct {
		Data []listedNotice `json:"data"`
		Next string         `json:"next,omitempty" doc:"Absent at the end. With kind or mail, a page looks at 1,000 notices: it may have fewer than the limit, or none, and still a next"`
	}
}

func (a *API) notices(ctx context.Context, in *noticesQuery) (*noticesPage, error) {
	filter := lockstep.NoticeFilter{Kind: lockstep.NoticeKind(in.Kind), Email: lockstep.EmailState(in.Mail),
		Limit: in.Limit, Before: in.Before}
	if in.Account != "" {
		account, err := lockstep.ParseAccount(in.Account)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("account: " + err.Error())
		}
		filter.Account = account
	}
	page, err := a.Store.LatestNotices(ctx, filter)
	switch {
	case errors.Is(err, lockstep.ErrInvalid):
		return nil, huma.Error422UnprocessableEntity("before: use the next of a page")
	case err != nil:
		return nil, a.problem(ctx, "list notices", err)
	}
	out := &noticesPage{}
	out.Body.Data, out.Body.Next = []listedNotice{}, page.Next
	for _, n := range page.Notices {
		v := listedNotice{ID: n.ID, Kind: string(n.Kind), Account: n.Account.String(), Object: n.Object,
			CreatedAt: n.CreatedAt.UTC()}
		v.Mail, v.BuyerMail = viewMails(n.Emails)
		out.Body.Data = append(out.Body.Data, v)
	}
	return out, nil
}

// viewMails returns the e-mails to the account and to the buyer; nil for one without an attempt.
func viewMails(emails []lockstep.ListedEmail) (mail, buyer *mailView) {
	for _, e := range emails {
		v := &mailView{string(e.State), e.Reason, e.Attempts, e.UpdatedAt.UTC(), orNil(e.NextTry)}
		if e.To == lockstep.ToBuyer {
			buyer = v
		} else {
			mail = v
		}
	}
	return mail, buyer
}
