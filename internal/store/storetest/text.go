package storetest

import (
	"errors"

	"github.com/lockstep-dev/lockstep"
)

// texts checks that all databases treat invalid texts alike.
var texts = map[string]func(*world){
	"a NUL character and broken UTF-8 are replaced": func(w *world) {
		given := map[string]string{"Ada\x00": "Ada\uFFFD", "\xffAda": "\uFFFDAda", "a\tb\nc\x7f": "a\tb\nc\x7f",
			"Zoë \u202e": "Zoë \u202e"}
		for text, want := range given {
			w.deliver("evt_"+want, cus1)
			w.finish(w.claim(cus1), lockstep.Outcome{Disposition: lockstep.Failed, Reason: "server said " + text})
			work, err := w.Work(w.Context(), cus1)
			w.ok(err)
			equal(w, "reason", work.Reason, "server said "+want)
		}
		account := lockstep.Account{Kind: lockstep.User, ID: "1"}
		for text, want := range given {
			_, err := w.PutIdentity(w.Context(), lockstep.Identity{Account: account, Name: text})
			w.ok(err)
			identity, err := w.Identity(w.Context(), account)
			w.ok(err)
			equal(w, "name", identity.Name, want)
		}
	},
	"an id with a NUL character or broken UTF-8 is not found": func(w *world) {
		for _, id := range []string{"\x00", "n\x001", "\xff", "n\xc3"} {
			_, notice := w.Notice(w.Context(), id)
			_, mail := w.EmailDelivery(w.Context(), id, lockstep.ToAccount)
			_, account := w.Account(w.Context(), lockstep.Account{Kind: lockstep.User, ID: id})
			_, customer := w.AccountOfCustomer(w.Context(), id)
			_, work := w.Work(w.Context(), lockstep.Key{Kind: lockstep.KeyCustomer, ID: id})
			for what, err := range map[string]error{"notice": notice, "mail": mail, "account": account, "customer": customer,
				"work": work} {
				if !errors.Is(err, lockstep.ErrNotFound) {
					w.Errorf("%s %q: %v, want not found", what, id, err)
				}
			}
		}
	},
}
