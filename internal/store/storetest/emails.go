package storetest

import (
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
)

// noticed stores a notice about alice in a run of her key, and returns it.
func noticed(w *world) lockstep.Notice {
	w.Helper()
	n := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
	claim := w.hold(alice.Key())
	w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice},
		Notices: []lockstep.Notice{n}}))
	w.done(claim)
	return n
}

// mailing claims the e-mail of a notice.
func mailing(w *world, n lockstep.Notice) lockstep.Claim {
	w.Helper()
	w.mark(n.EmailKey(), 0, lockstep.Normal)
	return w.among(n.EmailKey())
}

// marked marks an account's key.
func (w *world) marked(account lockstep.Account) lockstep.Key {
	w.mark(account.Key(), lockstep.ScopeAll, lockstep.Normal)
	return account.Key()
}

// noticeIDs reads all pages of a filter.
func (w *world) noticeIDs(filter lockstep.NoticeFilter) (ids []string) {
	w.Helper()
	for {
		page, err := w.LatestNotices(w.Context(), filter)
		w.ok(err)
		for _, n := range page.Notices {
			ids = append(ids, n.ID)
		}
		if filter.Before = page.Next; filter.Before == "" {
			return ids
		}
	}
}

var emails = map[string]func(*world){
	"notices are listed with their e-mails, newest first": func(w *world) {
		var all []lockstep.Notice
		for i, account := range []lockstep.Account{alice, bob, alice} {
			n := lockstep.NewNotice(lockstep.NoticeKinds()[i], account, "sub_1", at(int64(7+i/2)))
			claim := w.among(w.marked(account))
			w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: account},
				Notices: []lockstep.Notice{n}}))
			w.done(claim)
			all = append(all, n)
		}
		for to, state := range map[lockstep.Recipient]lockstep.EmailState{lockstep.ToAccount: lockstep.EmailSkipped,
			lockstep.ToBuyer: lockstep.EmailUndelivered} {
			w.mark(all[0].EmailKeyTo(to), 0, lockstep.Normal)
			claim := w.among(all[0].EmailKeyTo(to))
			w.ok(w.SaveEmailDelivery(w.Context(), claim, lockstep.EmailDelivery{NoticeID: all[0].ID, To: to, State: state,
				Reason: "none", Attempts: 2, BeganAt: at(5)}))
			w.done(claim)
		}
		w.ok(w.ResendEmail(w.Context(), all[1].ID, lockstep.ToAccount))
		first, second, third := all[0].ID, all[1].ID, all[2].ID // the first two are of the same time
		for _, c := range []struct {
			filter lockstep.NoticeFilter
			want   []string
		}{
			{lockstep.NoticeFilter{}, []string{third, second, first}},
			{lockstep.NoticeFilter{Account: alice}, []string{third, first}},
			{lockstep.NoticeFilter{Account: acme}, nil},
			{lockstep.NoticeFilter{Kind: all[1].Kind}, []string{second}},
			{lockstep.NoticeFilter{Email: lockstep.EmailUndelivered}, []string{first}},
			{lockstep.NoticeFilter{Email: lockstep.EmailSkipped, Account: bob}, nil},
			{lockstep.NoticeFilter{Email: lockstep.EmailPending}, []string{second}},
		} {
			for limit := range 4 {
				c.filter.Limit = limit
				equal(w, "notices", w.noticeIDs(c.filter), c.want)
			}
		}
		page, err := w.LatestNotices(w.Context(), lockstep.NoticeFilter{})
		w.ok(err)
		equal(w, "account", page.Notices[1].Account, bob)
		equal(w, "a next try", page.Notices[1].Emails[0].NextTry.IsZero(), false)
		equal(w, "no e-mail", len(page.Notices[0].Emails), 0)
		mails, err := w.EmailsOfNotice(w.Context(), first)
		w.ok(err)
		equal(w, "e-mails", mails, page.Notices[2].Emails)
		for _, m := range mails {
			equal(w, "an e-mail", fmt.Sprint(m.To == lockstep.ToBuyer, m.Reason, m.Attempts, m.NextTry.IsZero()),
				fmt.Sprint(m.State == lockstep.EmailUndelivered, "none", 2, true))
		}
		_, err = w.LatestNotices(w.Context(), lockstep.NoticeFilter{Before: "yesterday:x"})
		equal(w, "a foreign cursor", errors.Is(err, lockstep.ErrInvalid), true)
	},
	"a notice keeps the run that recorded it, and none that repeats it": func(w *world) {
		n := lockstep.NewNotice(lockstep.NoticeSubscriptionStarted, alice, "sub_1", at(1))
		n.Facts.Plan = "pro"
		for _, run := range []lockstep.RunID{"0123456789abcdef", "fedcba9876543210"} {
			claim := w.hold(alice.Key())
			w.ok(w.Save(lockstep.WithRun(w.Context(), run), claim, lockstep.AccountUpdate{
				Record: lockstep.Record{Account: alice}, Notices: []lockstep.Notice{n}}))
			w.done(claim)
		}
		got, err := w.Notice(w.Context(), n.ID)
		w.ok(err)
		equal(w, "run", got.Run, "0123456789abcdef")
		equal(w, "plan", got.Facts.Plan, "pro")
	},
	"a notice's e-mails to its two recipients are independent": func(w *world) {
		n := noticed(w)
		for _, to := range []lockstep.Recipient{lockstep.ToAccount, lockstep.ToBuyer} {
			w.mark(n.EmailKeyTo(to), 0, lockstep.Normal)
			claim := w.among(n.EmailKeyTo(to))
			w.ok(w.SaveEmailDelivery(w.Context(), claim, lockstep.EmailDelivery{NoticeID: n.ID, To: to,
				State:  lockstep.EmailUnknown,
				Reason: "lost: " + string(to), Attempts: 1, BeganAt: at(5)}))
			w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "lost"})
		}
		w.ok(w.ResendEmail(w.Context(), n.ID, lockstep.ToBuyer))
		for to, want := range map[lockstep.Recipient]lockstep.EmailState{lockstep.ToAccount: lockstep.EmailUnknown,
			lockstep.ToBuyer: lockstep.EmailPending} {
			got, err := w.EmailDelivery(w.Context(), n.ID, to)
			w.ok(err)
			equal(w, "state", got.State, want)
			equal(w, "recipient", got.To, to)
			if pending := w.work(n.EmailKeyTo(to)).Pending(); pending != (to == lockstep.ToBuyer) {
				w.Errorf("the key of the mail to %q is pending: %v", to, pending)
			}
		}
	},
	"an e-mail is stored as it was last saved": func(w *world) {
		n := noticed(w)
		if _, err := w.EmailDelivery(w.Context(), n.ID, lockstep.ToAccount); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("before the first try: %v", err)
		}
		claim := mailing(w, n)
		for _, m := range []lockstep.EmailDelivery{
			{NoticeID: n.ID, State: lockstep.EmailSending, Attempts: 1, BeganAt: at(5)},
			{NoticeID: n.ID, State: lockstep.EmailUnknown, Reason: "lost", Attempts: 1, Requested: true, BeganAt: at(6)},
			{NoticeID: n.ID, State: lockstep.EmailSent, Attempts: 2, BeganAt: at(6)},
		} {
			w.ok(w.SaveEmailDelivery(w.Context(), claim, m))
			got, err := w.EmailDelivery(w.Context(), n.ID, lockstep.ToAccount)
			w.ok(err)
			if !near(got.UpdatedAt, 0) {
				w.Errorf("updated at %s", got.UpdatedAt)
			}
			m.UpdatedAt = got.UpdatedAt
			equal(w, "mail", got, m)
		}
	},
	"a run that lost its lease records no e-mail": func(w *world) {
		n := noticed(w)
		claim := mailing(w, n)
		claim.Token = "another"
		if err := w.SaveEmailDelivery(w.Context(), claim,
			lockstep.EmailDelivery{NoticeID: n.ID, State: lockstep.EmailSent}); !errors.Is(err,
			lockstep.ErrLeaseLost) {
			w.Errorf("saved: %v", err)
		}
		if _, err := w.EmailDelivery(w.Context(), n.ID, lockstep.ToAccount); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("read: %v", err)
		}
	},
	"a requested e-mail is pending again, and its key is marked": func(w *world) {
		n := noticed(w)
		claim := mailing(w, n)
		w.ok(w.SaveEmailDelivery(w.Context(), claim, lockstep.EmailDelivery{NoticeID: n.ID, State: lockstep.EmailUnknown,
			Reason:   "lost",
			Attempts: 1, BeganAt: at(5)}))
		w.finish(claim, lockstep.Outcome{Disposition: lockstep.Failed, Reason: "lost"})
		w.ok(w.ResendEmail(w.Context(), n.ID, lockstep.ToAccount))
		got, err := w.EmailDelivery(w.Context(), n.ID, lockstep.ToAccount)
		w.ok(err)
		if got.State != lockstep.EmailPending || got.Reason != "" || got.Attempts != 1 || !got.Requested ||
			!near(got.BeganAt, 0) {
			w.Errorf("it is %+v", got)
		}
		work := w.work(n.EmailKey())
		if !work.Pending() || work.Priority != lockstep.Interactive {
			w.Errorf("its key is %+v", work)
		}
	},
	"an e-mail can be requested before its first try": func(w *world) {
		n := noticed(w)
		w.ok(w.ResendEmail(w.Context(), n.ID, lockstep.ToAccount))
		w.among(n.EmailKey())
	},
	"an e-mail that is being sent cannot be requested": func(w *world) {
		n := noticed(w)
		claim := mailing(w, n)
		m := lockstep.EmailDelivery{NoticeID: n.ID, State: lockstep.EmailSending, Attempts: 1, BeganAt: at(5)}
		w.ok(w.SaveEmailDelivery(w.Context(), claim, m))
		if err := w.ResendEmail(w.Context(), n.ID, lockstep.ToAccount); !errors.Is(err, lockstep.ErrBusy) {
			w.Errorf("requested: %v", err)
		}
		got, err := w.EmailDelivery(w.Context(), n.ID, lockstep.ToAccount)
		w.ok(err)
		equal(w, "state", got.State, lockstep.EmailSending)
	},
	"an e-mail without a notice cannot be requested": func(w *world) {
		if err := w.ResendEmail(w.Context(), "subscription.started:sub_1", lockstep.ToAccount); !errors.Is(err,
			lockstep.ErrNotFound) {
			w.Errorf("requested: %v", err)
		}
		w.idle()
	},
}
