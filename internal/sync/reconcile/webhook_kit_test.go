package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// switchboard runs accounts, notices and webhooks over a real store, in virtual time. The test
// decides what the endpoints answer.
type switchboard struct {
	*testing.T
	store  lockstep.Store
	runner *runner.Runner
	// restart stops the runner, and starts it again after a while.
	restart func(down time.Duration)

	mu     sync.Mutex
	answer func(endpoint string, try int) error
	calls  []webhookCall
	record lockstep.Record
	news   []lockstep.Notice // of the next run
	full   bool              // no delivery can be written
	gone   bool              // another account took over the account
	ahead  *lockstep.Record  // the stored account, if it is newer than its last run; nil: it is not
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

// bubbleStart is when every synctest bubble starts.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// deaf is a store that cannot save deliveries while the board is full, and has the account as the
// board says.
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

// account does what an account's run does after it has read Stripe and the directory.
func (s *switchboard) account(ctx context.Context, claim lockstep.Claim) (Result, error) {
	var record lockstep.Record
	var news []lockstep.Notice
	s.locked(func() { record, news, s.news = s.record, s.news, nil })
	stored, err := s.store.Account(ctx, record.Account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return Result{}, err
	}
	record.Notified = stored.Notified
	if err := s.store.Save(ctx, claim, lockstep.AccountUpdate{Record: record, Notices: news}); err != nil {
		return Result{}, err
	}
	notifier := notifier{s.store, boardCatalog, []string{"app", "audit"}}
	_, err = notifier.notify(ctx, claim, record, time.Now())
	return Result{}, err
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
		s.runner = runner.New(store, map[lockstep.KeyKind]runner.Reconciler{
			lockstep.KeyUser: reconcileFunc(s.account),
			lockstep.KeyNotice: &Notices{Store: store, Channels: []Channel{
				func(n lockstep.Notice) []lockstep.Key { return []lockstep.Key{n.WebhookKey("app")} }}},
			lockstep.KeyWebhook: NewWebhooks(deaf{store, s}, s, boardCatalog, listeners, log),
		}, runner.Config{Poll: time.Hour}, log)
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

// subscribe gives alice a subscription with a status, and runs her account.
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

// to returns the calls to an endpoint.
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
