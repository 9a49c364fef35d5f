package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
)

type noticePath struct {
	ID string `path:"id" maxLength:"255" doc:"As in license.granted:cs_x"`
}

// wholeNotice embeds nothing: the framework leaves an embedded struct out of the document.
type wholeNotice struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Object    string         `json:"object"`
	CreatedAt time.Time      `json:"created_at"`
	Account   string         `json:"account" example:"user/user_2x"`
	Facts     lockstep.Facts `json:"facts" doc:"What it says, as of when it was recorded"`
	Mail      *mailView      `json:"mail,omitempty" doc:"What became of mailing it to the account's address; absent before the first try"`
	BuyerMail *mailView      `json:"buyer_mail,omitempty" doc:"Of a purchase: what became of mailing it to the address that the buyer typed at checkout; skipped where it is the account's own"`
}

type mailView struct {
	State     string    `json:"state" enum:"pending,sending,sent,undelivered,unknown,skipped"`
	Reason    string    `json:"reason,omitempty"`
	Attempts  int       `json:"attempts" doc:"How often it was handed to the mail server"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (a *API) notice(ctx context.Context, in *noticePath) (*struct{ Body wholeNotice }, error) {
	n, err := a.Store.Notice(ctx, in.ID)
	if err != nil {
		return nil, a.problem(ctx, "read notice", err)
	}
	out := &struct{ Body wholeNotice }{wholeNotice{
		ID: n.ID, Kind: string(n.Kind), Object: n.Object, CreatedAt: n.CreatedAt.UTC(),
		Account: n.Account.String(), Facts: n.Facts,
	}}
	for to, view := range map[lockstep.Recipient]**mailView{lockstep.ToAccount: &out.Body.Mail,
		lockstep.ToBuyer: &out.Body.BuyerMail} {
		switch mail, err := a.Store.EmailDelivery(ctx, n.ID, to); {
		case err == nil:
			*view = &mailView{string(mail.State), mail.Reason, mail.Attempts, mail.UpdatedAt.UTC()}
		case !errors.Is(err, lockstep.ErrNotFound):
			return nil, a.problem(ctx, "read mail", err)
		}
	}
	return out, nil
}

type sendInput struct {
	ID string `path:"id" maxLength:"255" doc:"As in license.granted:cs_x"`
	To string `query:"to" enum:"account,buyer" default:"account" doc:"The account's address, or the one that the buyer typed at checkout"`
}

// sendNotice has a notice mailed once more, which nothing but this ever does to
// one that may have been sent.
func (a *API) sendNotice(ctx context.Context, in *sendInput) (*struct{}, error) {
	to := lockstep.ToAccount
	if in.To == "buyer" {
		to = lockstep.ToBuyer
	}
	err := a.Store.ResendEmail(ctx, in.ID, to)
	if errors.Is(err, lockstep.ErrBusy) {
		return nil, huma.Error409Conflict("it is being sent at this moment; look at what becomes of it: GET /v1/notices/" +
			in.ID)
	}
	if err != nil {
		return nil, a.problem(ctx, "request mail", err)
	}
	a.Wake()
	return nil, nil
}
