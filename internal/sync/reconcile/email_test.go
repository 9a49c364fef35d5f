package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlitetest"
	"github.com/lockstep-dev/lockstep/internal/sync/runner"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// postOffice runs notices and e-mails over a real store, in virtual time. Its mail server
// answers as the test says.
type postOffice struct {
	*testing.T
	store  lockstep.Store
	runner *runner.Runner
	// restart stops the runner and starts it again after a while.
	restart func(down time.Duration)

	mu     sync.Mutex
	answer func(try int) error    // of the mail server, after ready
	down   bool                   // the directory refuses writes: the account's run fails after its save
	full   bool                   // no mail can be written
	gone   bool                   // the account is deleted
	news   *lockstep.Notice       // what the account's run records; nil: a subscription that started
	stripe lockstep.Billing       // nil: it knows only what the buyer typed
	typed  func() (string, error) // what the buyer typed at checkout; nil: it was no purchase
	tries  int
	emails []lockstep.Email
	when   []time.Time
}

var alice = lockstep.Account{Kind: lockstep.User, ID: "user_alice"}

func (p *postOffice) locked(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

// Deliver implements [lockstep.Mailer].
func (p *postOffice) Deliver(_ context.Context, email lockstep.Email, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	var answer func(int) error
	var try int
	p.locked(func() { p.tries++; try, answer = p.tries, p.answer })
	if answer != nil {
		if err := answer(try); err != nil {
			return err
		}
	}
	p.locked(func() { p.emails, p.when = append(p.emails, email), append(p.when, time.Now()) })
	return nil
}

// buyers is Stripe, which knows what the buyer typed.
type buyers struct {
	lockstep.Billing
	office *postOffice
}

func (b buyers) BuyerEmail(_ context.Context, objectID string) (string, error) {
	if objectID != "sub_user_alice" {
		return "", lockstep.ErrNotFound
	}
	return b.office.typed()
}

// Invoice asks the test's Stripe.
func (b buyers) Invoice(ctx context.Context, id string) (lockstep.Invoice, error) {
	return b.office.stripe.Invoice(ctx, id)
}

// NextInvoice asks the test's Stripe.
func (b buyers) NextInvoice(ctx context.Context, subscriptionID string) (lockstep.Invoice, error) {
	return b.office.stripe.NextInvoice(ctx, subscriptionID)
}

// mailless is a store that fails to save e-mails while the office is full.
type mailless struct {
	lockstep.Store
	office *postOffice
}

func (s mailless) SaveEmailDelivery(ctx context.Context, claim lockstep.Claim, mail lockstep.EmailDelivery) error {
	full := false
	s.office.locked(func() { full = s.office.full })
	if full {
		return errors.New("disk is full")
	}
	return s.Store.SaveEmailDelivery(ctx, claim, mail)
}

// account is the run of an account that records the notice.
func (p *postOffice) account(ctx context.Context, claim lockstep.Claim) (Result, error) {
	account, _ := claim.Key.Account()
	n := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, account, "sub_"+account.ID, time.Now())
	if p.news != nil {
		n = *p.news
	}
	record := lockstep.Record{Account: account, Email: account.ID + "@example.com", Name: "Alice Adams",
		State: lockstep.AccountActive}
	if p.gone {
		record.State = lockstep.AccountDeleted
	}
	err := p.store.Save(ctx, claim, lockstep.AccountUpdate{Record: record, Notices: []lockstep.Notice{n}})
	if err != nil {
		return Result{}, err
	}
	down := false
	p.locked(func() { down = p.down })
	if down {
		return Result{}, &lockstep.UpstreamError{Provider: "clerk", Op: "merge metadata", Status: 503}
	}
	return Result{}, nil
}

const noticeOfAlice = "subscription.started:sub_user_alice"

// inOffice runs a test with a post office in a bubble of virtual time.
func inOffice(t *testing.T, test func(p *postOffice)) {
	t.Parallel()
	path := sqlitetest.Path(t)
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		p := &postOffice{T: t, store: store}
		compose := func(d lockstep.EmailDraft) (lockstep.Email, error) {
			return lockstep.Email{ID: d.Notice.ID, To: d.Address, Text: "Hello " + d.Name,
				HTML: fmt.Sprint(d.Notice.Facts.Amount, d.Notice.Facts.Currency)}, nil
		}
		mailed := func(n lockstep.Notice) []lockstep.Key {
			if p.typed == nil {
				return []lockstep.Key{n.EmailKey()}
			}
			return []lockstep.Key{n.EmailKey(), n.EmailKeyTo(lockstep.ToBuyer)}
		}
		log := slog.New(slog.DiscardHandler)
		mails := NewMails(mailless{store, p}, buyers{office: p}, p, compose, log)
		p.runner = runner.New(store, map[lockstep.KeyKind]runner.Reconciler{
			lockstep.KeyUser:   reconcileFunc(p.account),
			lockstep.KeyNotice: &Notices{Store: store, Channels: []Channel{mailed}},
			lockstep.KeyEmail:  mails, lockstep.KeyBuyerEmail: mails,
		}, runner.Config{Poll: time.Hour}, log)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.runner.Run(ctx) }()
		p.restart = func(down time.Duration) {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			time.Sleep(down)
			ctx, cancel = context.WithCancel(t.Context())
			go func() { ended <- p.runner.Run(ctx) }()
		}
		test(p)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (p *postOffice) mark(key lockstep.Key) {
	p.Helper()
	mark(p.T, p.store, p.runner, lockstep.Mark{Key: key, Priority: lockstep.Normal})
}

// arrived checks how many e-mails the server accepted, after how many tries.
func (p *postOffice) arrived(emails, tries int) {
	p.Helper()
	p.locked(func() {
		if len(p.emails) != emails || p.tries != tries {
			p.Errorf("%d e-mails after %d tries, want %d after %d", len(p.emails), p.tries, emails, tries)
		}
	})
}

// stands checks the state of Alice's e-mail and of its key.
func (p *postOffice) stands(state lockstep.EmailState, disposition lockstep.Disposition, reason string) {
	p.Helper()
	mail, err := p.store.EmailDelivery(p.Context(), noticeOfAlice, lockstep.ToAccount)
	if err != nil {
		p.Fatal(err)
	}
	work := workOf(p.T, p.store, lockstep.Key{Kind: lockstep.KeyEmail, ID: noticeOfAlice})
	if mail.State != state || work.Disposition != disposition || !strings.Contains(mail.Reason, reason) {
		p.Errorf("it is %s (%q) and its key %s (%q), want %s and %s, because %q", mail.State, mail.Reason, work.Disposition,
			work.Reason, state, disposition, reason)
	}
}

func fails(fate lockstep.EmailFate) func(int) error {
	return func(int) error { return &lockstep.EmailError{Fate: fate, Reason: "as the test wants"} }
}

func TestANoticeIsMailedOnce(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.mark(alice.Key())
		pass(5 * time.Second)
		p.arrived(1, 1)
		p.stands(lockstep.EmailSent, lockstep.Done, "")
		for _, key := range []lockstep.Key{alice.Key(), {Kind: lockstep.KeyNotice, ID: noticeOfAlice},
			{Kind: lockstep.KeyEmail, ID: noticeOfAlice}} {
			p.mark(key)
			pass(time.Hour)
		}
		p.arrived(1, 1)
	})
}

// TestNobodyIsToldBeforeTheDirectoryIs: the e-mail waits until the metadata is written, and
// follows soon after.
func TestNobodyIsToldBeforeTheDirectoryIs(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.down = true
		p.mark(alice.Key())
		pass(3 * time.Hour)
		p.arrived(0, 0)
		work := workOf(p.T, p.store, lockstep.Key{Kind: lockstep.KeyNotice, ID: noticeOfAlice})
		if work.Reason != "waits until user/user_alice is in step" {
			p.Errorf("its key is %+v", work)
		}
		p.locked(func() { p.down = false })
		pass(runner.BackoffMax + 6*time.Minute)
		p.arrived(1, 1)
	})
}

// TestANoticeDoesNotWaitForEver: after a day it is sent, even if the account's run still fails.
func TestANoticeDoesNotWaitForEver(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.down = true
		p.mark(alice.Key())
		pass(patience - time.Minute)
		p.arrived(0, 0)
		pass(2 * time.Minute)
		p.arrived(1, 1)
	})
}

func TestAMailThatIsRefusedForNowIsTriedAgain(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.answer = func(try int) error {
			if try < 4 {
				return fails(lockstep.EmailDelayed)(try)
			}
			return nil
		}
		p.mark(alice.Key())
		pass(10 * time.Second)
		p.arrived(0, 1)
		p.stands(lockstep.EmailPending, lockstep.Retry, "as the test wants")
		pass(time.Hour)
		p.arrived(1, 4)
		p.stands(lockstep.EmailSent, lockstep.Done, "")
	})
}

func TestAMailIsTriedForThreeDays(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.answer = fails(lockstep.EmailDelayed)
		p.mark(alice.Key())
		pass(mailPatience - time.Minute)
		p.stands(lockstep.EmailPending, lockstep.Retry, "")
		pass(3 * time.Hour)
		p.stands(lockstep.EmailUndelivered, lockstep.Failed, "not delivered within three days: as the test wants")
		if p.tries < 40 || p.tries > 90 {
			p.Errorf("%d tries", p.tries)
		}
		tries := p.tries
		pass(10 * 24 * time.Hour)
		p.arrived(0, tries)
	})
}

// TestOurOwnOutageGivesNoMailUp: the server fails once before our outage and once after it.
func TestOurOwnOutageGivesNoMailUp(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.answer = func(try int) error {
			if try < 3 {
				return fails(lockstep.EmailDelayed)(try)
			}
			return nil
		}
		p.mark(alice.Key())
		pass(10 * time.Second)
		p.arrived(0, 1)
		p.restart(2 * mailPatience)
		pass(time.Hour)
		p.arrived(1, 3)
		p.stands(lockstep.EmailSent, lockstep.Done, "")
	})
}

func TestAMailThatIsRefusedIsNotTriedAgain(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.answer = fails(lockstep.EmailRefused)
		p.mark(alice.Key())
		pass(24 * time.Hour)
		p.arrived(0, 1)
		p.stands(lockstep.EmailUndelivered, lockstep.Failed, "as the test wants")
	})
}

// TestWhatMayHaveBeenSentIsNotSentAgain: neither after a lost answer nor after a run that died
// while it handed the e-mail over. An operator can ask for it.
func TestWhatMayHaveBeenSentIsNotSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(int) error
		reason string
	}{
		"the answer was lost": {fails(lockstep.EmailUnsure), "as the test wants"},
		"the run died":        {func(int) error { panic("killed") }, "ended before it was accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(p *postOffice) {
				p.answer = c.answer
				p.mark(alice.Key())
				pass(time.Hour)
				p.locked(func() { p.answer = nil })
				p.mark(lockstep.Key{Kind: lockstep.KeyEmail, ID: noticeOfAlice})
				pass(10 * 24 * time.Hour)
				p.arrived(0, 1)
				p.stands(lockstep.EmailUnknown, lockstep.Failed, c.reason)
				if reason := workOf(p.T, p.store, lockstep.Key{Kind: lockstep.KeyEmail,
					ID: noticeOfAlice}).Reason; !strings.Contains(reason, "POST /v1/notices/"+noticeOfAlice+"/send") {
					p.Errorf("its key says %q, and not what to do", reason)
				}
				if err := p.store.ResendEmail(p.Context(), noticeOfAlice, lockstep.ToAccount); err != nil {
					p.Fatal(err)
				}
				p.runner.Wake()
				pass(time.Second)
				p.arrived(1, 2)
				p.stands(lockstep.EmailSent, lockstep.Done, "")
			})
		})
	}
}

// TestNothingIsSentThatCannotBeWritten: Lockstep saves that it is about to hand an e-mail over
// before it does.
func TestNothingIsSentThatCannotBeWritten(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.full = true
		p.mark(alice.Key())
		pass(time.Hour)
		p.arrived(0, 0)
		p.locked(func() { p.full = false })
		pass(time.Hour)
		p.arrived(1, 1)
	})
}

// TestAMailServerThatHangsTakesNotAllSlots: other keys run meanwhile.
func TestAMailServerThatHangsTakesNotAllSlots(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.answer = func(int) error { time.Sleep(20 * time.Second); return nil }
		const many = 20
		for i := range many {
			p.mark(userKey(i))
		}
		pass(10 * time.Second)
		late := userKey(99)
		p.mark(late)
		pass(3 * time.Second)
		if work := workOf(p.T, p.store, late); work.Disposition != lockstep.Done {
			p.Errorf("behind the e-mails, an account is %+v", work)
		}
		pass(time.Hour)
		p.arrived(many+1, many+1)
	})
}
