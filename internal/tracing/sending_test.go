package tracing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/tracing"
)

// post fails with an error that quotes an address.
type post struct{}

var errQuoting = errors.New("550 no such user ada@example.com")

func (post) Deliver(_ context.Context, _ lockstep.Email, ready func() error) error {
	return errors.Join(ready(), errQuoting)
}

func (post) SendWebhook(context.Context, string, lockstep.WebhookMessage) error { return errQuoting }

// Sending is a child of the run. What the other side answered is not in it.
func TestSendingIsRecordedWithoutTheAnswer(t *testing.T) {
	t.Parallel()
	tracer, spans := newTracer(t, &book{})
	ctx, run := tracer.Run(t.Context(), lockstep.Claim{Key: lockstep.Key{Kind: lockstep.KeyEmail, ID: "n"}}, time.Now())
	mailer, sender := tracing.Mailer(post{}), tracing.Sender(post{})
	ready := 0
	email := lockstep.Email{To: "ada@example.com"}
	if err := mailer.Deliver(ctx, email, func() error { ready++; return nil }); !errors.Is(err, errQuoting) || ready != 1 {
		t.Errorf("%v, ready %d times", err, ready)
	}
	if err := sender.SendWebhook(ctx, "app", lockstep.WebhookMessage{}); !errors.Is(err, errQuoting) {
		t.Error(err)
	}
	if err := sender.SendWebhook(t.Context(), "app", lockstep.WebhookMessage{}); !errors.Is(err, errQuoting) {
		t.Error(err) // outside of a run
	}
	run.Ended(lockstep.Outcome{Disposition: lockstep.Done}, false)
	got := spans.GetSpans()
	if len(got) != 3 || got[0].Name != "send e-mail" || got[1].Name != "send webhook" ||
		got[0].Parent.SpanID() != got[2].SpanContext.SpanID() {
		t.Fatalf("%+v", got)
	}
	for _, s := range got {
		if strings.Contains(s.Status.Description, "@") || len(s.Events) != 0 {
			t.Errorf("%s says %+v %v", s.Name, s.Status, s.Events)
		}
	}
	if tracing.Mailer(nil) != nil {
		t.Error("no mailer became one")
	}
}
