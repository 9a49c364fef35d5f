package doctor

import (
	"context"
	"errors"

	"github.com/lockstep-dev/lockstep"
)

var (
	mailUnreachable = problem("mail_unreachable", failure,
		"e-mails wait for up to 24 hours and are then given up", "check mail.host, mail.port and the network")
	mailInsecure = problem("mail_not_encrypted", failure,
		"e-mails wait for up to 24 hours and are then given up",
		"check mail.tls and mail.port: starttls uses 587, implicit uses 465; the certificate must name mail.host")
	mailLogin = problem("mail_login_refused", failure,
		"e-mails wait for up to 24 hours and are then given up",
		"correct LOCKSTEP_SMTP_USERNAME and LOCKSTEP_SMTP_PASSWORD, and restart")
	hookUnreachable = problem("webhook_unreachable", failure,
		"Lockstep retries for days and then disables the endpoint", "check the endpoint's url in lockstep.toml, its DNS name and its certificate")
	hookDisabled = problem("webhook_disabled", failure,
		"nothing is sent to it", "repair the endpoint, then enable it: POST /v1/webhooks/ID/enable")
	hookFailing = problem("webhook_failing", warning,
		"Lockstep retries for days and then disables the endpoint", "read why: GET /v1/webhooks/ID/deliveries")
)

// mail connects to the mail server and logs in, without sending.
func mail(ctx context.Context, in *Installation) []lockstep.Finding {
	if in.Mailer == nil {
		return []lockstep.Finding{fine("none is sent, because mail.host is not set")}
	}
	checked, can := in.Mailer.(lockstep.CheckedMailer)
	if !can {
		return []lockstep.Finding{fine("is sent by a mailer that has no check")}
	}
	err := checked.Check(ctx)
	var failed *lockstep.MailCheckError
	switch {
	case err == nil:
		return []lockstep.Finding{fine("the server accepts the connection and the login")}
	case !errors.As(err, &failed):
		return []lockstep.Finding{mailUnreachable.found("%v", err)}
	}
	of := map[lockstep.MailStep]Problem{lockstep.MailConnect: mailUnreachable, lockstep.MailEncrypt: mailInsecure,
		lockstep.MailLogin: mailLogin}
	return []lockstep.Finding{of[failed.Step].found("%s", failed.Reason)}
}

// webhooks reaches each endpoint's server, and looks whether the endpoint is disabled.
func webhooks(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	for _, id := range in.Webhooks {
		if in.Caller != nil {
			var failed *lockstep.WebhookError
			if err := in.Caller.Reach(ctx, id); errors.As(err, &failed) {
				found = append(found, hookUnreachable.found("%s: %s", id, failed.Reason))
			}
		}
		if in.Store != nil {
			found = append(found, in.stateOf(ctx, id)...)
		}
	}
	if len(in.Webhooks) == 0 {
		return []lockstep.Finding{fine("none are configured")}
	}
	return orFine(found, "%s can be reached, none is disabled", plural(len(in.Webhooks), "endpoint"))
}

// stateOf looks whether deliveries to an endpoint fail.
func (in *Installation) stateOf(ctx context.Context, id string) []lockstep.Finding {
	e, err := in.Store.WebhookEndpoint(ctx, id)
	switch {
	case err != nil:
		return []lockstep.Finding{unfinished.found("%v", err)}
	case !e.DisabledAt.IsZero():
		return []lockstep.Finding{hookDisabled.fixedBy("repair the endpoint, then enable it: POST /v1/webhooks/%s/enable", id).
			found("%s is disabled since %s: %s", id, moment(e.DisabledAt), e.Reason)}
	case !e.FailingSince.IsZero():
		return []lockstep.Finding{hookFailing.fixedBy("read why: GET /v1/webhooks/%s/deliveries", id).
			found("%s fails since %s", id, moment(e.FailingSince))}
	}
	return nil
}
