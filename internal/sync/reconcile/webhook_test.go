package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// switchboard is a runner of accounts' ends, notices and hooks over a real store, in
// virtual time. Its endpoints answer as the test says.
type switchboard struct {
	*testing.T
	store  lockstep.Store
	runner *Runner
	// restart ends the runner, and runs it again after a while.
	restart func(down time.Duration)

	mu     sync.Mutex
	answer func(endpoint string, try int) error
	calls  []webhookCall
	record lockstep.Record
	news   []lockstep.Notice // of the next run
	full   bool              // no delivery can be written
	gone   bool              // the account was carried over to another one
	ahead  *lockstep.Record  // the account as it is in the database, before its run has seen it; nil: as the run wrote it
}

type webhookCall struct {
	endpoint string
	id       string
	at       time.Duration // since the start
	data     accessData
}

func (s *switchboard) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// SendWebhook implements [lockstep.WebhookSender].
func (s *switchboard) SendWebhook(_ context.Context, endpoint string, m lockstep.WebhookMessage) error {
	var body struct{ Data accessData }
	if err := json.Unmarshal(m.Body, &body); err != nil {
		s.Error(err)
	}
	var answer func(string, int) error
	var try int
	s.locked(func() {
		s.calls = append(s.calls, webhookCall{endpoint, m.ID, time.Since(bubbleStart), body.Data})
		try = len(slices.DeleteFunc(slices.Clone(s.calls), func(c webhookCall) bool { return c.endpoint != endpoint }))
		answer = s.answer
	})
	if answer != nil {
		return answer(endpoint, try)
	}
	return nil
}

// bubbleStart is when the time of every bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// deaf is a store on which no delivery can be written while the board is full, and whose
// account may be gone, or ahead of its run.
type deaf struct {
	lockstep.Store
	board *switchboard
}

func (d deaf) SaveWebhookDelivery(ctx context.Context, claim lockstep.Claim, delivery lockstep.WebhookDelivery,
	e *lockstep.WebhookEndpoint) error {
	full := false
	d.board.locked(func() { full = d.board.full })
	if full {
		return errors.New("disk is full")
	}
	return d.Store.SaveWebhookDelivery(ctx, claim, delivery, e)
}

func (d deaf) Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error) {
	var gone bool
	var ahead *lockstep.Record
	d.board.locked(func() { gone, ahead = d.board.gone, d.board.ahead })
	switch {
	case gone:
		return lockstep.Record{}, lockstep.ErrNotFound
	case ahead != nil:
		return *ahead, nil
	}
	return d.Store.Account(ctx, account)
}

var boardCatalog = lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", Prices: []string{"price_pro"},
	Features: []string{"export"}}}}

// account is an account's run after Stripe and the directory were looked at.
func (s *switchboard) account(ctx context.Context, claim lockstep.Claim) (Result, error) {
	var record lockstep.Record
	var news []lockstep.Notice
	s.locked(func() { record, news, s.news = s.record, s.news, nil })
	if err := s.store.Save(ctx, claim, lockstep.AccountUpdate{Record: record, Notices: news}); err != nil {
		return Result{}, err
	}
	notifier := notifier{s.store, boardCatalog, []string{"app", "audit"}}
	return Result{}, notifier.notify(ctx, claim, record, time.Now())
}

func atBoard(t *testing.T, test func(s *switchboard)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s := &switchboard{T: t, store: store, record: lockstep.Record{Account: alice}}
		log := slog.New(slog.DiscardHandler)
		listeners := []Listener{{ID: "app"}, {ID: "audit", Events: []string{string(lockstep.AccessChanged)}}}
		s.runner = NewRunner(store, map[lockstep.KeyKind]Reconciler{
			lockstep.KeyUser: reconcileFunc(s.account),
			lockstep.KeyNotice: &Notices{Store: store, Channels: []Channel{
				func(n lockstep.Notice) []lockstep.Key { return []lockstep.Key{n.WebhookKey("app")} }}},
			lockstep.KeyWebhook: NewWebhooks(deaf{store, s}, s, boardCatalog, listeners, log),
		}, Config{Poll: time.Hour}, log)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.runner.Run(ctx) }()
		s.restart = func(down time.Duration) {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			time.Sleep(down)
			ctx, cancel = context.WithCancel(t.Context())
			go func() { ended <- s.runner.Run(ctx) }()
		}
		test(s)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// subscribe gives alice a subscription of a state, and has her looked at.
func (s *switchboard) subscribe(status string) {
	s.Helper()
	s.locked(func() {
		s.record.Subscriptions = []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: status,
			CreatedAt: bubbleStart, Items: []lockstep.Item{{ID: "si_1", PriceID: "price_pro", Quantity: 1}}}}
	})
	s.look()
}

func (s *switchboard) look() {
	s.Helper()
	mark(s.T, s.store, s.runner, lockstep.Mark{Key: alice.Key(), Priority: lockstep.Normal})
	time.Sleep(time.Second)
	synctest.Wait()
}

// to are the calls of an endpoint.
func (s *switchboard) to(endpoint string) (calls []webhookCall) {
	s.locked(func() {
		for _, c := range s.calls {
			if c.endpoint == endpoint {
				calls = append(calls, c)
			}
		}
	})
	return calls
}

func (s *switchboard) delivery(endpoint string) lockstep.WebhookDelivery {
	s.Helper()
	d, err := s.store.WebhookDelivery(s.Context(), endpoint, lockstep.AccessSubject(alice))
	if err != nil {
		s.Fatal(err)
	}
	return d
}

func TestEachChangeOfAccessIsToldOnce(t *testing.T) {
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
			if !first.data.Access.Active || first.data.Sequence != 1 || first.data.Account != "user/user_alice" ||
				second.data.Access.Active || second.data.Sequence != 2 || first.id == second.id {
				s.Errorf("told %+v, then %+v", first, second)
			}
		}
	})
}

// TestWhoWasDownHearsTheNewestOnly: a message that waited is as true as any.
func TestWhoWasDownHearsTheNewestOnly(t *testing.T) {
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
		if last.data.Sequence != 5 || !last.data.Access.Active || s.delivery("app").State != lockstep.WebhookDelivered ||
			len(s.to("audit")) != 5 {
			s.Errorf("app heard %+v at last (%s); audit was called %d times", last, s.delivery("app").State, len(s.to("audit")))
		}
	})
}

func TestAnEndpointIsTriedForThreeDays(t *testing.T) {
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
			s.Errorf("the last try was after %s", last)
		}
		if calls[1].at-calls[0].at > 10*time.Second {
			s.Errorf("the second try was after %s", calls[1].at-calls[0].at)
		}
		for _, c := range calls {
			if c.id != calls[0].id {
				s.Error("another try has another id")
			}
		}
		work, err := s.store.Work(s.Context(), d.Key())
		if err != nil || work.Disposition != lockstep.Failed {
			s.Errorf("the key ended as %s: %v", work.Disposition, err)
		}
	})
}

func TestAnEndpointThatTakesNothingIsDisabled(t *testing.T) {
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
			s.Errorf("when it was enabled it heard %+v", last)
		}
	})
}

// TestOurOwnOutageDisablesNoEndpoint: it failed once before and once after.
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

// TestAnEndpointThatFailsNowAndThenIsNotDisabled: it has taken something in between.
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

func TestAnEndpointMaySayThatItWantsNoMore(t *testing.T) {
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

// TestARunThatDiesAfterTheCallSendsTheSameAgain: so that its receiver knows it.
// TestASequenceStandsForOneAccess: a license is stored before its account's run, and is given
// back before that too. The message that waits must not say with its old sequence what is true
// in between: the end of the access would never be sent.
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

func TestAMessageAboutAnAccountThatWasCarriedOverEnds(t *testing.T) {
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

func TestARunThatDiesAfterTheCallSendsTheSameAgain(t *testing.T) {
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

// TestAnEndpointIsAskedWhenToComeAgain: by Retry-After.
func TestAnEndpointIsAskedWhenToComeAgain(t *testing.T) {
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

// TestOneThatHangsHoldsUpNobody: not the other endpoint, and not who has bought.
func TestOneThatHangsHoldsUpNobody(t *testing.T) {
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
			s.Errorf("the other endpoint heard after %s", took)
		}
		time.Sleep(2 * time.Second) // the notices wait a second for their account
		began = time.Now()
		s.subscribe("canceled")
		for len(s.to("audit")) == 1 {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took > 5*time.Second {
			s.Errorf("while 20 messages waited for the other, it heard after %s", took)
		}
		if most != webhookLanes {
			s.Errorf("%d calls of one endpoint at once", most)
		}
	})
}
