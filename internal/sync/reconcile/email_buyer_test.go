package reconcile

import (
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// typing returns a Stripe that says what the buyer typed at checkout.
func typing(email string) func() (string, error) { return func() (string, error) { return email, nil } }

// toEach checks that these addresses got one e-mail each, with different Message-IDs.
func (p *postOffice) toEach(want ...string) {
	p.Helper()
	p.locked(func() {
		var got []string
		ids := map[string]bool{}
		for _, email := range p.emails {
			got, ids[email.ID] = append(got, email.To), true
			if named := email.Text == "Hello Alice Adams"; named != (email.To == ownAddress) {
				p.Errorf("the e-mail to %s says %q", email.To, email.Text)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || len(ids) != len(got) {
			p.Errorf("e-mails went to %q with the ids %v, want %q", got, ids, want)
		}
	})
}

// buyersMail checks the state of the e-mail to the buyer.
func (p *postOffice) buyersMail(state lockstep.EmailState, reason string) {
	p.Helper()
	mail, err := p.store.EmailDelivery(p.Context(), noticeOfAlice, lockstep.ToBuyer)
	if err != nil || mail.State != state || mail.Reason != reason {
		p.Errorf("the buyer's mail is %s (%q), want %s (%q): %v", mail.State, mail.Reason, state, reason, err)
	}
}

const ownAddress = "user_alice@example.com"

func TestAPurchaseIsMailedToTheTypedAddressToo(t *testing.T) {
	for name, tt := range map[string]struct {
		typed  string
		to     []string
		state  lockstep.EmailState
		reason string
	}{
		"another address": {"office@example.com", []string{"office@example.com", ownAddress},
			lockstep.EmailSent, ""},
		"the account's own": {ownAddress, []string{ownAddress}, lockstep.EmailSkipped,
			"the buyer typed the account's own address"},
		"the same in another spelling": {" User_Alice@Example.com", []string{ownAddress}, lockstep.EmailSkipped,
			"the buyer typed the account's own address"},
		"none, as there was no session": {"", []string{ownAddress}, lockstep.EmailSkipped,
			"the buyer typed no address at checkout"},
	} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(p *postOffice) {
				p.typed = typing(tt.typed)
				p.mark(alice.Key())
				pass(time.Hour)
				p.toEach(tt.to...)
				p.buyersMail(tt.state, tt.reason)
				// One e-mail is enough, however often the keys run.
				for _, kind := range []lockstep.KeyKind{lockstep.KeyNotice, lockstep.KeyEmail, lockstep.KeyBuyerEmail} {
					p.mark(lockstep.Key{Kind: kind, ID: noticeOfAlice})
				}
				pass(time.Hour)
				p.toEach(tt.to...)
			})
		})
	}
}

// TestACrashBetweenTheTwoEmailsNeitherLosesNorRepeatsOne: a run dies while it hands over the
// first or the second e-mail. The other one arrives once. An operator decides about the one
// that may have been sent.
func TestACrashBetweenTheTwoEmailsNeitherLosesNorRepeatsOne(t *testing.T) {
	for name, dies := range map[string]int{"at the first": 1, "at the second": 2} {
		t.Run(name, func(t *testing.T) {
			inOffice(t, func(p *postOffice) {
				p.typed = typing("office@example.com")
				p.answer = func(try int) error {
					if try == dies {
						panic("killed")
					}
					return nil
				}
				p.mark(alice.Key())
				pass(24 * time.Hour)
				p.arrived(1, 2)
				var unknown lockstep.Recipient
				for _, to := range []lockstep.Recipient{lockstep.ToAccount, lockstep.ToBuyer} {
					mail, err := p.store.EmailDelivery(p.Context(), noticeOfAlice, to)
					if err != nil {
						p.Fatal(err)
					}
					if mail.State == lockstep.EmailUnknown {
						unknown = to
					} else if mail.State != lockstep.EmailSent {
						p.Errorf("the e-mail to %q is %s", to, mail.State)
					}
				}
				p.locked(func() { p.answer = nil })
				if err := p.store.ResendEmail(p.Context(), noticeOfAlice, unknown); err != nil {
					p.Fatal(err)
				}
				p.runner.Wake()
				pass(time.Minute)
				p.toEach("office@example.com", ownAddress)
			})
		})
	}
}

// TestTheBuyersEmailWaitsForStripe: an outage delays it, but not the account's e-mail.
func TestTheBuyersEmailWaitsForStripe(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		down := true
		p.typed = func() (email string, err error) {
			p.locked(func() {
				if down {
					err = &lockstep.UpstreamError{Provider: "stripe", Op: "read the buyer's address", Status: 503}
				}
			})
			return "office@example.com", err
		}
		p.mark(alice.Key())
		pass(time.Hour)
		p.toEach(ownAddress)
		p.locked(func() { down = false })
		pass(time.Hour)
		p.toEach("office@example.com", ownAddress)
	})
}

// TestADeletedAccountsBuyerGetsNoEmail: nor does the account.
func TestADeletedAccountsBuyerGetsNoEmail(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.typed = typing("office@example.com")
		p.gone = true
		p.mark(alice.Key())
		pass(time.Hour)
		p.toEach()
		p.buyersMail(lockstep.EmailSkipped, "the account is deleted")
	})
}
