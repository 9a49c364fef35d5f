package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// reasonHeader says why an operator acts. It is a header, because some operations have no body.
const reasonHeader = "Lockstep-Reason"

// audited is the input of an operator's action. It says what the action is about.
type audited[I any] interface {
	*I
	subjects() []audit.Subject
}

// operate registers an operation that an operator decides. It records the request and the result in the audit
// log, and refuses the operation if it cannot record the request.
func operate[I any, S audited[I], O any](s section, r route,
	handle func(context.Context, *I, *audit.Trail) (*O, error)) *huma.Operation {
	operation := add(s, r, func(ctx context.Context, in *I) (out *O, err error) {
		from := callerOf(ctx)
		if err := lockstep.CheckReason(from.reason); err != nil {
			return nil, huma.Error422UnprocessableEntity(reasonHeader + ": " + err.Error())
		}
		started := false
		err = s.of.recorder.Do(ctx, audit.Action{Actor: from.actor(), Name: r.id, Reason: from.reason,
			Subjects: S(in).subjects()}, func(trail *audit.Trail) (err error) {
			started = true
			out, err = handle(ctx, in, trail)
			return err
		})
		if err != nil && !started {
			return nil, s.of.problem(ctx, "record action", err)
		}
		return out, err
	})
	operation.Parameters = append(operation.Parameters, &huma.Param{Name: reasonHeader, In: "header",
		Description: "Why, for the audit log: one line of at most 500 bytes, without e-mail addresses",
		Schema:      &huma.Schema{Type: huma.TypeString}})
	return operation
}

// The subjects of each input.

func (p *accountPath) subjects() []audit.Subject {
	return accountSubject(p.Kind + "/" + p.ID)
}

func (in *primaryInput) subjects() []audit.Subject {
	return accountSubject(in.Kind + "/" + in.ID)
}

func (in *sendInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("notice", in.ID)}
}

func (in *webhookPath) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("webhook", in.ID)}
}

func (in *acceptInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("instance", in.Body.ID)}
}

func (*backfillInput) subjects() []audit.Subject { return []audit.Subject{{Name: "backfill"}} }

func (in *unlinkInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("customer", in.Customer)}
}

func (in *createKeyInput) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("key", in.Body.Name)}
}

func (in *keyPath) subjects() []audit.Subject {
	return []audit.Subject{audit.Object("key", in.Name)}
}

// subjects of a redelivery: the account, or the notice.
func (in *redeliverInput) subjects() []audit.Subject {
	if in.Body.Account != "" {
		return accountSubject(in.Body.Account)
	}
	return []audit.Subject{audit.Object("notice", in.Body.Notice)}
}

// subjects of a link: the object, together with the account that it goes to.
func (in *linkInput) subjects() []audit.Subject {
	object := audit.Object("object", in.Body.Object)
	if key, is := lockstep.AssignableKey(in.Body.Object); is {
		object = audit.Object(string(key.Kind), key.ID)
	} else if account, err := lockstep.ParseAccount(in.Body.Object); err == nil {
		object = audit.Account(account)
	}
	if to := accountSubject(in.Body.Account); to[0].Account != (lockstep.Account{}) {
		object.Account = to[0].Account
	}
	return []audit.Subject{object}
}

func (in *decideInput) subjects() (all []audit.Subject) {
	for _, account := range in.Body.Accounts {
		all = append(all, accountSubject(account)...)
	}
	if len(all) == 0 {
		all = []audit.Subject{{Name: "all held deletions"}}
	}
	return all
}

// accountSubject returns an account that a caller named.
func accountSubject(text string) []audit.Subject {
	account, err := lockstep.ParseAccount(text)
	if err != nil {
		return []audit.Subject{audit.Object("account", text)}
	}
	return []audit.Subject{audit.Account(account)}
}
