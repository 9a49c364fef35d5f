package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/lockstep-dev/lockstep"
)

// Mailer returns a mailer that records each e-mail that it sends; nil for nil.
func Mailer(next lockstep.Mailer) lockstep.Mailer {
	if next == nil {
		return nil
	}
	return mailer{next}
}

type mailer struct{ next lockstep.Mailer }

// Deliver implements [lockstep.Mailer].
func (m mailer) Deliver(ctx context.Context, email lockstep.Email, handover func() error) error {
	ctx, span := child(ctx, "send e-mail")
	err := m.next.Deliver(ctx, email, handover)
	sent(span, err)
	return err
}

// Sender returns a sender that records each webhook that it sends.
func Sender(next lockstep.WebhookSender) lockstep.WebhookSender { return sender{next} }

type sender struct{ next lockstep.WebhookSender }

// SendWebhook implements [lockstep.WebhookSender].
func (s sender) SendWebhook(ctx context.Context, endpoint string, message lockstep.WebhookMessage) error {
	ctx, span := child(ctx, "send webhook", attribute.String("lockstep.webhook.endpoint", endpoint))
	err := s.next.SendWebhook(ctx, endpoint, message)
	sent(span, err)
	return err
}

// sent ends a span. The text of the error stays out: a mail server's answer may quote an address.
func sent(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "not sent")
	}
	span.End()
}
