package reconcile

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestEachChangeOfAccessIsSentOnce(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.subscribe("active")
		s.look() // nothing has changed
		s.subscribe("canceled")
		for _, endpoint := range []string{"app", "audit"} {
			calls := s.to(endpoint)
			if len(calls) != 2 {
				s.Fatalf("%s was called %d times", endpoint, len(calls))
			}
			first, second := calls[0], calls[1]
			if !first.data.Access.Active || first.data.Sequence == 0 || first.data.Account != "user/user_alice" ||
				second.data.Access.Active || second.data.Sequence <= first.data.Sequence || first.id == second.id {
				s.Errorf("told %+v, then %+v", first, second)
			}
		}
	})
}

// A message that waited is as current as any other.
func TestAnEndpointThatWasDownGetsOnlyTheNewestAccess(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(endpoint string, try int) error {
			if endpoint == "app" && try < 4 {
				return &lockstep.WebhookError{Status: 500, Reason: "answered 500"}
			}
			return nil
		}
		for _, status := range []string{"active", "canceled", "trialing", "canceled", "active"} {
			s.subscribe(status)
		}
		time.Sleep(time.Hour)
		calls := s.to("app")
		last := calls[len(calls)-1]
		audited := s.to("audit")
		if last.data.Sequence != audited[len(audited)-1].data.Sequence || !last.data.Access.Active || s.delivery("app").State != lockstep.WebhookDelivered ||
			len(audited) != 5 {
			s.Errorf("app heard %+v at last (%s); audit was called %d times", last, s.delivery("app").State, len(s.to("audit")))
		}
	})
}

func TestAMessageIsRetriedForThreeDays(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(string, int) error { return &lockstep.WebhookError{Status: 503, Reason: "answered 503"} }
		s.subscribe("active")
		time.Sleep(4 * 24 * time.Hour)
		calls := s.to("app")
		d := s.delivery("app")
		if d.State != lockstep.WebhookUndelivered || d.Attempts != len(calls) || len(calls) < 12 || len(calls) > 30 {
			s.Errorf("%s after %d attempts and %d calls", d.State, d.Attempts, len(calls))
		}
		if last := calls[len(calls)-1].at; last < 72*time.Hour || last > 84*time.Hour {
			s.Errorf("the last attempt was after %s", last)
		}
		if calls[1].at-calls[0].at > 10*time.Second {
			s.Errorf("the second attempt was after %s", calls[1].at-calls[0].at)
		}
		for _, c := range calls {
			if c.id != calls[0].id {
				s.Error("another attempt has another id")
			}
		}
		work, err := s.store.Work(s.Context(), d.Key())
		if err != nil || work.Disposition != lockstep.Failed {
			s.Errorf("the key ended as %s: %v", work.Disposition, err)
		}
	})
}

func TestAnEndpointThatAcceptsNothingIsDisabled(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		down := true
		s.answer = func(endpoint string, _ int) error {
			if endpoint == "app" && down {
				return &lockstep.WebhookError{Reason: "could not be reached"}
			}
			return nil
		}
		for day := range 6 {
			s.subscribe([]string{"active", "canceled"}[day%2])
			time.Sleep(24 * time.Hour)
		}
		e, err := s.store.WebhookEndpoint(s.Context(), "app")
		if err != nil || e.DisabledAt.Sub(bubbleStart) < 5*24*time.Hour || e.DisabledAt.IsZero() {
			s.Fatalf("%+v %v", e, err)
		}
		calls := len(s.to("app"))
		s.subscribe("active")
		time.Sleep(24 * time.Hour)
		if more := len(s.to("app")) - calls; more != 0 || s.delivery("app").State != lockstep.WebhookHeld {
			s.Errorf("a disabled endpoint was called %d times, the delivery is %s", more, s.delivery("app").State)
		}
		if audit, err := s.store.WebhookEndpoint(s.Context(), "audit"); err != nil || !audit.DisabledAt.IsZero() {
			s.Errorf("the other endpoint: %+v %v", audit, err)
		}
		s.locked(func() { down = false })
		missed, err := s.store.EnableWebhookEndpoint(s.Context(), "app")
		if err != nil || missed != 1 {
			s.Errorf("missed %d, %v", missed, err)
		}
		s.runner.Wake()
		time.Sleep(time.Second)
		if last := s.to("app")[len(s.to("app"))-1]; !last.data.Access.Active ||
			s.delivery("app").State != lockstep.WebhookDelivered {
			s.Errorf("after it was enabled it got %+v", last)
		}
	})
}

// The endpoint fails once before our outage and once after.
func TestOurOwnOutageDisablesNoEndpoint(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(_ string, try int) error {
			if try == 1 || try == 2 {
				return &lockstep.WebhookError{Status: 500, Reason: "answered 500"}
			}
			return nil
		}
		s.subscribe("active")
		s.restart(8 * 24 * time.Hour)
		time.Sleep(time.Minute)
		for _, endpoint := range []string{"app", "audit"} {
			if e, err := s.store.WebhookEndpoint(s.Context(), endpoint); err != nil || !e.DisabledAt.IsZero() ||
				!e.FailingSince.IsZero() {
				s.Errorf("%s: %+v %v", endpoint, e, err)
			}
		}
	})
}

// The endpoint accepts something in between.
func TestAnEndpointThatFailsNowAndThenIsNotDisabled(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(_ string, try int) error {
			if try%2 == 1 {
				return &lockstep.WebhookError{Status: 500, Reason: "answered 500"}
			}
			return nil
		}
		for day := range 8 {
			s.subscribe([]string{"active", "canceled"}[day%2])
			time.Sleep(24 * time.Hour)
		}
		if calls, e := len(s.to("app")), s.delivery("app"); calls != 16 || e.State != lockstep.WebhookDelivered {
			s.Errorf("%d calls, the last delivery is %s", calls, e.State)
		}
	})
}

func TestAnEndpointThatAnswers410IsDisabled(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(endpoint string, _ int) error {
			if endpoint == "app" {
				return &lockstep.WebhookError{Status: 410, Gone: true, Reason: "answered 410"}
			}
			return nil
		}
		s.subscribe("active")
		s.subscribe("canceled")
		time.Sleep(24 * time.Hour)
		if calls := len(s.to("app")); calls != 1 || s.delivery("app").State != lockstep.WebhookHeld {
			s.Errorf("it was called %d times; the delivery is %s", calls, s.delivery("app").State)
		}
	})
}

// A license is stored, and refunded, before its account's run. The message that waits must not report
// the access in between under its old sequence, or the end of the access would never be sent.
func TestASequenceStandsForOneAccess(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.subscribe("active")
		time.Sleep(time.Minute)
		active := s.record
		s.answer = func(string, int) error { return &lockstep.WebhookError{Status: 503, Reason: "answered 503"} }
		s.subscribe("canceled")
		time.Sleep(time.Second)
		s.locked(func() { s.ahead, s.answer = &active, nil })
		time.Sleep(time.Hour)
		s.locked(func() { s.ahead = nil })
		time.Sleep(2 * time.Hour)
		for _, endpoint := range []string{"app", "audit"} {
			said := map[int64]bool{}
			calls := s.to(endpoint)
			for _, c := range calls {
				if before, known := said[c.data.Sequence]; known && before != c.data.Access.Active {
					s.Errorf("%s: sequence %d says active=%v and active=%v", endpoint, c.data.Sequence, before, c.data.Access.Active)
				}
				said[c.data.Sequence] = c.data.Access.Active
			}
			if last := calls[len(calls)-1].data; last.Access.Active || s.delivery(endpoint).State != lockstep.WebhookDelivered {
				s.Errorf("%s heard last: %+v", endpoint, last)
			}
		}
	})
}

func TestAMessageAboutAnAccountThatWasTakenOverEnds(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(string, int) error { return &lockstep.WebhookError{Status: 503, Reason: "answered 503"} }
		s.subscribe("active")
		time.Sleep(time.Minute)
		s.locked(func() { s.gone = true })
		time.Sleep(24 * time.Hour)
		for _, endpoint := range []string{"app", "audit"} {
			key := lockstep.Key{Kind: lockstep.KeyWebhook, ID: endpoint + "/" + lockstep.AccessSubject(alice)}
			if work, err := s.store.Work(s.Context(), key); err != nil || work.Pending() || work.Disposition != lockstep.Done {
				s.Errorf("%s: %+v %v", endpoint, work, err)
			}
		}
	})
}

func TestARunThatDiesAfterTheCallSendsTheSameMessageAgain(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.full = true
		s.subscribe("active")
		s.locked(func() { s.full = false })
		time.Sleep(time.Hour)
		calls := s.to("app")
		if len(calls) < 2 || calls[0].id != calls[len(calls)-1].id || s.delivery("app").State != lockstep.WebhookDelivered {
			s.Errorf("calls %+v, the delivery is %s", calls, s.delivery("app").State)
		}
	})
}

func TestRetryAfterOfAnEndpointIsRespected(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		s.answer = func(endpoint string, try int) error {
			if endpoint == "app" && try == 1 {
				return &lockstep.WebhookError{Status: 503, RetryAfter: time.Hour, Reason: "answered 503"}
			}
			return nil
		}
		s.subscribe("active")
		time.Sleep(2 * time.Hour)
		if calls := s.to("app"); len(calls) != 2 || calls[1].at-calls[0].at < time.Hour {
			s.Errorf("calls %+v", calls)
		}
	})
}

// It delays neither the other endpoint nor a buyer.
func TestAnEndpointThatHangsDelaysNobodyElse(t *testing.T) {
	atBoard(t, func(s *switchboard) {
		var under, most int
		s.answer = func(endpoint string, _ int) error {
			if endpoint != "app" {
				return nil
			}
			s.locked(func() { under++; most = max(most, under) })
			time.Sleep(10 * time.Second)
			s.locked(func() { under-- })
			return &lockstep.WebhookError{Reason: "did not answer in time"}
		}
		for i := range 20 {
			s.news = append(s.news, lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, fmt.Sprint("sub_", i),
				time.Now()))
		}
		began := time.Now()
		s.subscribe("active")
		for len(s.to("audit")) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > 5*time.Second {
			s.Errorf("the other endpoint was called after %s", took)
		}
		time.Sleep(2 * time.Second) // the notices wait a second for their account
		began = time.Now()
		s.subscribe("canceled")
		for len(s.to("audit")) == 1 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > 5*time.Second {
			s.Errorf("while 20 messages waited for the other endpoint, it was called after %s", took)
		}
		if most != webhookLanes {
			s.Errorf("%d calls of one endpoint at once", most)
		}
	})
}
