package reconcile

import (
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// typing is what a buyer typed at checkout.
func typing(email string) func() (string, error) { return func() (string, error) { return email, nil } }

// toEach makes sure of who got a letter, each once, and that no two have one Message-ID.
func (p *postOffice) toEach(want ...string) {
	p.Helper()
	p.locked(func() {
		var got []string
		ids := map[string]bool{}
		for _, letter := range p.letters {
			got, ids[letter.ID] = append(got, letter.To), true
			if named := letter.Text == "Hello Alice Adams"; named != (letter.To == ownAddress) {
				p.Errorf("the letter to %s says %q", letter.To, letter.Text)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || len(ids) != len(got) {
			p.Errorf("letters went to %q with the ids %v, want %q", got, ids, want)
		}
	})
}

// buyersMail makes sure of what became of the letter to the buyer.
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
				// Once is enough, however often the keys are looked at.
				for _, kind := range []lockstep.KeyKind{lockstep.KeyNotice, lockstep.KeyEmail, lockstep.KeyBuyerEmail} {
					p.mark(lockstep.Key{Kind: kind, ID: noticeOfAlice})
				}
				pass(time.Hour)
				p.toEach(tt.to...)
			})
		})
	}
}

// TestACrashBetweenTheTwoLettersNeitherLosesNorRepeatsOne: a run dies while it hands the
// first or the second letter over. The other one arrives, once; of the one that may have
// been sent an operator decides.
func TestACrashBetweenTheTwoLettersNeitherLosesNorRepeatsOne(t *testing.T) {
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
						p.Errorf("the letter to %q is %s", to, mail.State)
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

// TestTheBuyersLetterWaitsForStripe: an outage delays it, and not the account's.
func TestTheBuyersLetterWaitsForStripe(t *testing.T) {
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

// TestADeletedAccountsBuyerIsNotWrittenTo either.
func TestADeletedAccountsBuyerIsNotWrittenTo(t *testing.T) {
	inOffice(t, func(p *postOffice) {
		p.typed = typing("office@example.com")
		p.gone = true
		p.mark(alice.Key())
		pass(time.Hour)
		p.toEach()
		p.buyersMail(lockstep.EmailSkipped, "the account is deleted")
	})
}
