package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// noticeStore is the part of the store that keeps notices and their e-mails.
type noticeStore interface {
	Notice(ctx context.Context, id string) (lockstep.Notice, error)
	EmailDelivery(ctx context.Context, noticeID string, to lockstep.Recipient) (lockstep.EmailDelivery, error)
	lockstep.NoticeLists
	ResendEmail(ctx context.Context, noticeID string, to lockstep.Recipient) error
}

type noticePath struct {
	ID string `path:"id" maxLength:"255" doc:"For example license.granted:cs_x"`
}

type wholeNotice struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Object    string         `json:"object"`
	CreatedAt time.Time      `json:"created_at"`
	Account   string         `json:"account" example:"user/user_2x"`
	Facts     lockstep.Facts `json:"facts" doc:"What the notice says, as of created_at"`
	Run       string         `json:"run,omitempty" doc:"Id of the run that recorded it"`
	Mail      *mailView      `json:"mail,omitempty" doc:"The e-mail to the account's address; absent before the first attempt"`
	BuyerMail *mailView      `json:"buyer_mail,omitempty" doc:"For a purchase: the e-mail to the address that the buyer typed at checkout; skipped if it is the account's address"`

	Deliveries []noticeDelivery `json:"deliveries" doc:"To your configured webhook endpoints; without those that it was never delivered to"`
}

type noticeDelivery struct {
	Webhook   string     `json:"webhook" doc:"Id of the endpoint in the configuration"`
	State     string     `json:"state" enum:"pending,delivered,undelivered,held"`
	Status    int        `json:"status,omitempty" doc:"HTTP status of the last failed attempt; absent if there was no answer"`
	Reason    string     `json:"reason,omitempty"`
	Attempts  int        `json:"attempts"`
	BeganAt   *time.Time `json:"began_at,omitempty" doc:"Start of the three days of retries"`
	UpdatedAt time.Time  `json:"updated_at"`
}

type mailView struct {
	State     string     `json:"state" enum:"pending,sending,sent,undelivered,unknown,skipped"`
	Reason    string     `json:"reason,omitempty"`
	Attempts  int        `json:"attempts" doc:"How often it was given to the mail server"`
	UpdatedAt time.Time  `json:"updated_at"`
	NextTry   *time.Time `json:"next_try_at,omitempty" doc:"When it is tried next; absent if no try is planned"`
}

func (a *API) notice(ctx context.Context, in *noticePath) (*struct{ Body wholeNotice }, error) {
	n, err := a.Store.Notice(ctx, in.ID)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, noticeNotFound(in.ID)
	}
	if err != nil {
		return nil, a.problem(ctx, "read notice", err)
	}
	emails, err := a.Store.EmailsOfNotice(ctx, n.ID)
	if err != nil {
		return nil, a.problem(ctx, "read e-mails", err)
	}
	out := &struct{ Body wholeNotice }{wholeNotice{
		ID: n.ID, Kind: string(n.Kind), Object: n.Object, CreatedAt: n.CreatedAt.UTC(),
		Account: n.Account.String(), Facts: n.Facts, Run: string(n.Run),
	}}
	out.Body.Mail, out.Body.BuyerMail = viewMails(emails)
	if out.Body.Deliveries, err = a.deliveriesOf(ctx, n.ID); err != nil {
		return nil, a.problem(ctx, "read webhook deliveries", err)
	}
	return out, nil
}

// deliveriesOf returns the deliveries of a notice to the configured endpoints.
func (a *API) deliveriesOf(ctx context.Context, noticeID string) ([]noticeDelivery, error) {
	all := []noticeDelivery{}
	for _, w := range a.Operations.Webhooks {
		d, err := a.Store.WebhookDelivery(ctx, w.ID, noticeID)
		if errors.Is(err, lockstep.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, noticeDelivery{w.ID, string(d.State), d.Status, d.Reason, d.Attempts, orNil(d.BeganAt),
			d.UpdatedAt.UTC()})
	}
	return all, nil
}

type sendInput struct {
	ID string `path:"id" maxLength:"255" doc:"For example license.granted:cs_x"`
	To string `query:"to" enum:"account,buyer" default:"account" doc:"Send to the account's address, or to the one that the buyer typed at checkout"`
}

// sendNotice sends a notice's e-mail again. Nothing else ever repeats an e-mail that may have been
// sent.
func (a *API) sendNotice(ctx context.Context, in *sendInput, trail *audit.Trail) (*struct{}, error) {
	to := lockstep.ToAccount
	if in.To == "buyer" {
		to = lockstep.ToBuyer
	}
	before, err := a.Store.EmailDelivery(ctx, in.ID, to)
	if err == nil || errors.Is(err, lockstep.ErrNotFound) {
		err = a.Store.ResendEmail(ctx, in.ID, to)
	}
	switch {
	case errors.Is(err, lockstep.ErrNotFound):
		return nil, noticeNotFound(in.ID)
	case errors.Is(err, lockstep.ErrBusy):
		return nil, huma.Error409Conflict("notice " + in.ID + " is being sent; see the result with GET /v1/notices/" + in.ID)
	case err != nil:
		return nil, a.problem(ctx, "resend e-mail", err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"to": in.To, "mail": before.State}, audit.Facts{"mail": lockstep.EmailPending})
	a.Wake()
	return nil, nil
}

func noticeNotFound(id string) error { return huma.Error404NotFound("notice " + id + " not found") }
