package storetest

import (
	"errors"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

var forget = map[string]func(*world){
	"forgetting a deleted account blanks all bodies about it, its customers and payments, and no others": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID, CustomerDeleted: true})
		w.save(lockstep.Record{Account: alice, CustomerID: cus2.ID})
		w.take(0)
		claim := w.hold(checkoutKey("cs_1"))
		w.ok(w.SaveLicense(w.Context(), claim, lockstep.License{ID: "cs_1", Account: alice, PaymentID: "pi_1",
			Status: lockstep.LicenseActive}, nil))
		w.done(claim)
		payment := lockstep.Key{Kind: lockstep.KeyPayment, ID: "pi_1"}
		for id, body := range map[string]string{"msg_1": `{"data":{"user_id":"user_alice","to":"a@example.com"}}`,
			"msg_2": `{"data":{"user_id":"user_bob"}}`, "evt_8": `{"customer":"cus_1"}`,
			"evt_9":  `{"customer":null,"payment_intent":"pi_1","billing_details":{"email":"a@example.com"}}`,
			"evt_10": `{"payment_intent":"pi_2"}`,
			"evt_11": `{"lines":[` + strings.Repeat(`{"payment_intent":"pi_2"},`, 500) + `{"payment_intent":"pi_1"}]}`} {
			source := lockstep.Clerk
			if strings.HasPrefix(id, "evt_") {
				source = lockstep.Stripe
			}
			_, err := w.Receive(w.Context(), []lockstep.Delivery{{Event: lockstep.Event{Source: source, ID: id,
				Type: "session.created", Body: []byte(body)}}})
			w.ok(err)
		}
		for id, key := range map[string]lockstep.Key{"evt_1": alice.Key(), "evt_2": cus1, "evt_3": cus2,
			"evt_4": checkoutKey("cs_1"), "evt_5": payment, "evt_6": bob.Key(), "evt_7": checkoutKey("cs_2")} {
			w.deliver(id, key)
		}
		if _, err := w.Forget(w.Context(), alice); !errors.Is(err, lockstep.ErrInUse) {
			w.Errorf("who is not deleted: %v, want ErrInUse", err)
		}
		w.mark(alice.Key(), lockstep.ScopeDeleted, lockstep.Normal)
		claim = w.among(alice.Key())
		w.ok(w.Save(w.Context(), claim, lockstep.AccountUpdate{Record: lockstep.Record{Account: alice, CustomerID: cus2.ID,
			State: lockstep.AccountDeleted}}))
		n, err := w.Forget(w.Context(), alice)
		w.ok(err)
		equal(w, "forgotten", n, 9)
		for id, want := range map[string]bool{"evt_1": true, "evt_2": true, "evt_3": true, "evt_4": true, "evt_5": true,
			"evt_6": false, "evt_7": false,
			"msg_1": true, "msg_2": false, "evt_8": true, "evt_9": true, "evt_10": false, "evt_11": true} {
			equal(w, "body of "+id+" is blank", string(w.event(id).Body) == "{}", want)
		}
		again, err := w.Forget(w.Context(), alice)
		w.ok(err)
		equal(w, "forgotten again", again, 0)
		if _, err := w.Forget(w.Context(), acme); !errors.Is(err, lockstep.ErrNotFound) {
			w.Errorf("who is not there: %v, want ErrNotFound", err)
		}
	},
}
