package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var backfillKey = lockstep.Key{Kind: lockstep.KeySweep, ID: lockstep.BackfillSweep}

// began is when the listed objects were created.
var began = time.Unix(1_700_000_000, 0).UTC()

// stage stores a page under a claim of the backfill's key.
func (w *world) stage(claim lockstep.Claim, cursor string, page lockstep.BackfillPage) {
	w.Helper()
	w.ok(w.Stage(w.Context(), claim, cursor, page))
}

// is fails the test when err is not target.
func (w *world) is(err, target error) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("%v, want %v", err, target)
	}
}

func subscriptionOf(customer string) lockstep.Subscription {
	return lockstep.Subscription{ID: "sub_" + customer, CustomerID: customer, Status: "active", CreatedAt: began,
		Items:    []lockstep.Item{{ID: "si", PriceID: "price", Quantity: 1, PeriodEnd: began.Add(365 * 24 * time.Hour)}},
		Metadata: map[string]string{"userId": alice.ID}}
}

var backfills = map[string]func(*world){
	"a backfill begins once, and automatically only if no service has run": func(w *world) {
		begin := func(was, next string, fresh, want bool) {
			w.Helper()
			begun, err := w.BeginBackfill(w.Context(), was, next, fresh)
			w.ok(err)
			equal(w, "begun", begun, want)
		}
		begin("", "1", true, true)
		begin("", "2", true, false)
		begin("1", "2", false, true)
		w.done(w.claim(backfillKey))
		w.mark(lockstep.Key{Kind: lockstep.KeySweep, ID: "events"}, 0, lockstep.Normal)
		begin("2", "3", true, false)
		begin("2", "3", false, true)
		cursor, err := w.Cursor(w.Context(), lockstep.BackfillSweep)
		w.ok(err)
		equal(w, "cursor", cursor, "3")
	},
	"a customer is read with all its listed objects": func(w *world) {
		w.save(lockstep.Record{Account: bob})
		w.ok(w.Link(w.Context(), w.hold(cus2), lockstep.Identity{Account: bob}, cus2.ID, lockstep.Proven))
		w.ok(w.Assign(w.Context(), customerKey("cus_3"), acme))
		claim := w.holdAmong(backfillKey)
		w.stage(claim, "1", lockstep.BackfillPage{
			Customers: []lockstep.Customer{{ID: cus1.ID, Email: "a@example.com"}, {ID: cus2.ID, CreatedAt: began},
				{ID: "cus_3"}},
			Identities: []lockstep.Identity{{Account: alice, Metadata: map[string]any{"a": "b"},
				CustomerIDs: []string{cus1.ID, "cus_unlisted"}}}})
		w.stage(claim, "2", lockstep.BackfillPage{Subscriptions: []lockstep.Subscription{subscriptionOf(cus1.ID),
			subscriptionOf("cus_unlisted")},
			Checkouts: []lockstep.Checkout{{ID: "cs_1", CustomerID: cus2.ID, Mode: "payment", Reference: alice.ID},
				{ID: "cs_guest", Mode: "payment"}}})
		cursor, err := w.Cursor(w.Context(), lockstep.BackfillSweep)
		w.ok(err)
		equal(w, "cursor", cursor, "2")
		want := []lockstep.StagedCustomer{
			{Customer: lockstep.Customer{ID: cus1.ID, Email: "a@example.com"},
				Subscriptions: []lockstep.Subscription{subscriptionOf(cus1.ID)}, Named: []lockstep.Account{alice}},
			{Customer: lockstep.Customer{ID: cus2.ID, CreatedAt: began},
				Checkouts: []lockstep.Checkout{{ID: "cs_1", Mode: "payment", Reference: alice.ID}},
				Link:      lockstep.Link{CustomerID: cus2.ID, Account: bob, Trust: lockstep.Proven}},
			{Customer: lockstep.Customer{ID: "cus_3"}, Assigned: true, Assignment: acme},
		}
		page, err := w.StagedCustomers(w.Context(), "", 10)
		w.ok(err)
		equal(w, "customers", page, want)
		page, err = w.StagedCustomers(w.Context(), cus1.ID, 1)
		w.ok(err)
		equal(w, "a page", page, want[1:2])
		payments, err := w.StagedPayments(w.Context(), "", 10)
		w.ok(err)
		equal(w, "payments", payments, []lockstep.StagedPayment{{CheckoutID: "cs_1", Named: alice}, {CheckoutID: "cs_guest"}})
	},
	"identities are found by id, slug and verified address": func(w *world) {
		claim := w.hold(backfillKey)
		ada := lockstep.Identity{Account: alice, Email: "a@example.com", EmailVerified: true,
			VerifiedEmails: []string{"a@example.com"}, UpdatedAt: 7, ExternalID: "42"}
		w.stage(claim, "1", lockstep.BackfillPage{
			Identities: []lockstep.Identity{ada, {Account: bob, Email: "b@example.com"},
				{Account: acme, Slug: "acme", Email: "a@example.com", EmailVerified: true}},
			Customers: []lockstep.Customer{{ID: cus1.ID, Email: "a@example.com"}, {ID: cus2.ID}}})
		identity, err := w.StagedIdentity(w.Context(), alice)
		w.ok(err)
		equal(w, "identity", identity, ada)
		account, err := w.StagedSlug(w.Context(), "acme")
		w.ok(err)
		equal(w, "slug", account, acme)
		_, err = w.StagedSlug(w.Context(), "")
		w.is(err, lockstep.ErrNotFound)
		account, err = w.StagedExternal(w.Context(), lockstep.User, "42")
		w.ok(err)
		equal(w, "external id", account, alice)
		for kind, id := range map[lockstep.Kind]string{lockstep.Organization: "42", lockstep.User: ""} {
			_, err = w.StagedExternal(w.Context(), kind, id)
			w.is(err, lockstep.ErrNotFound)
		}
		for email, want := range map[string][]lockstep.Account{"a@example.com": {alice}, "b@example.com": nil, "": nil} {
			users, customers, err := w.StagedEmail(w.Context(), email)
			w.ok(err)
			equal(w, "users of "+email, users, want)
			equal(w, "customers of "+email, customers, len(want))
		}
	},
	"adopted customers are linked in their order, with their subscriptions": func(w *world) {
		claim := w.hold(backfillKey)
		ada := lockstep.Identity{Account: alice, Email: "a@example.com", Name: "Ada", UpdatedAt: 7}
		w.stage(claim, "1", lockstep.BackfillPage{Identities: []lockstep.Identity{ada},
			Customers:     []lockstep.Customer{{ID: cus1.ID}, {ID: cus2.ID, Email: "x@example.com"}, {ID: "cus_3"}},
			Subscriptions: []lockstep.Subscription{subscriptionOf(cus2.ID)}})
		w.ok(w.Conclude(w.Context(), claim, "2", []lockstep.Conclusion{
			{CustomerID: cus1.ID, Outcome: lockstep.BackfillLinked, Account: alice, Trust: lockstep.Proven, Rank: 2},
			{CustomerID: cus2.ID, Outcome: lockstep.BackfillLinked, Account: alice, Trust: lockstep.Proven},
			{CustomerID: "cus_3", Outcome: lockstep.BackfillUnlinked}}))
		adoptions, err := w.Concluded(w.Context(), lockstep.Conclusion{}, 10)
		w.ok(err)
		if len(adoptions) != 2 || adoptions[0].CustomerID != cus2.ID || len(adoptions[0].Subscriptions) != 1 ||
			adoptions[1].CustomerID != cus1.ID {
			w.Fatalf("adoptions: %+v", adoptions)
		}
		equal(w, "identity", adoptions[0].Identity, ada)
		rest, err := w.Concluded(w.Context(), adoptions[0].Conclusion, 10)
		w.ok(err)
		equal(w, "what is left", rest, adoptions[1:])
		for i := range adoptions {
			adoptions[i].Scope = lockstep.ScopeIdentity
		}
		for range 2 { // a repetition changes nothing
			w.ok(w.Adopt(w.Context(), claim, "3", adoptions, []lockstep.Mark{{Key: checkoutKey("cs_1")}}))
		}
		r, err := w.Account(w.Context(), alice)
		w.ok(err)
		equal(w, "primary customer", r.CustomerID, cus2.ID)
		equal(w, "what the customer was given", r.CustomerEmail, "x@example.com")
		equal(w, "further customers", r.Further, []lockstep.Link{{CustomerID: cus1.ID, Account: alice,
			Trust: lockstep.Proven}})
		equal(w, "subscriptions", len(r.Subscriptions), 1)
		work, err := w.Work(w.Context(), alice.Key())
		w.ok(err)
		equal(w, "scope", work.Scope, lockstep.ScopeIdentity)
		equal(w, "priority", work.Priority, lockstep.Background)
		if _, err := w.Work(w.Context(), checkoutKey("cs_1")); err != nil {
			w.Errorf("the payment is not marked: %v", err)
		}
	},
	"a customer of another account is marked instead of adopted": func(w *world) {
		w.save(lockstep.Record{Account: bob})
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: bob}, cus1.ID, lockstep.Proven))
		adoption := lockstep.Adoption{Customer: lockstep.Customer{ID: cus1.ID}, Identity: lockstep.Identity{Account: alice},
			Conclusion: lockstep.Conclusion{CustomerID: cus1.ID, Account: alice, Trust: lockstep.Proven}}
		w.ok(w.Adopt(w.Context(), w.holdAmong(backfillKey), "1", []lockstep.Adoption{adoption}, nil))
		owner, err := w.AccountOfCustomer(w.Context(), cus1.ID)
		w.ok(err)
		equal(w, "account", owner, bob)
	},
	"a list does not overwrite what an account's run has read since": func(w *world) {
		w.save(lockstep.Record{Account: alice, CustomerID: cus1.ID})
		w.link(alice, cus2.ID, lockstep.Claimed)
		w.drain()
		known := w.account(alice)
		known.CustomerEmail = "new@example.com"
		for _, customer := range []string{cus1.ID, cus2.ID} {
			ended := subscriptionOf(customer)
			ended.Status, ended.EndedAt, ended.PlanNamed, ended.Metadata = "canceled", began, "team", nil
			known.Subscriptions = append(known.Subscriptions, ended)
		}
		w.save(known)
		known = w.account(alice)
		var adoptions []lockstep.Adoption
		for _, customer := range []string{cus1.ID, cus2.ID} {
			adoptions = append(adoptions, lockstep.Adoption{Customer: lockstep.Customer{ID: customer, Email: "old@example.com"},
				Identity:      lockstep.Identity{Account: alice},
				Conclusion:    lockstep.Conclusion{CustomerID: customer, Account: alice, Trust: lockstep.Proven},
				Subscriptions: []lockstep.Subscription{subscriptionOf(customer)}})
		}
		w.ok(w.Adopt(w.Context(), w.holdAmong(backfillKey), "1", adoptions, nil))
		r := w.account(alice)
		equal(w, "subscriptions", r.Subscriptions, known.Subscriptions)
		equal(w, "what the customer was given", r.CustomerEmail, "new@example.com")
		equal(w, "customers", w.customers(alice), []string{cus1.ID, cus2.ID + " proven"})
	},
	"an account belongs to the instance that listed it": func(w *world) {
		w.move("ins_2")
		var adoptions []lockstep.Adoption
		for n, account := range []lockstep.Account{alice, bob} {
			id := fmt.Sprint("cus_", n)
			adoptions = append(adoptions, lockstep.Adoption{Customer: lockstep.Customer{ID: id},
				Identity: lockstep.Identity{Account: account}, Generation: int64(n),
				Conclusion: lockstep.Conclusion{CustomerID: id, Account: account, Trust: lockstep.Proven}})
		}
		w.ok(w.Adopt(w.Context(), w.holdAmong(backfillKey), "1", adoptions, nil))
		equal(w, "listed by the former instance", w.account(alice).InstanceGeneration, int64(0))
		equal(w, "listed by the accepted instance", w.account(bob).InstanceGeneration, int64(1))
	},
	"claims of unlinked customers outlive the listed data": func(w *world) {
		claim := w.hold(backfillKey)
		w.stage(claim, "1", lockstep.BackfillPage{Identities: []lockstep.Identity{{Account: alice,
			CustomerIDs: []string{"cus_9"}, ExternalID: "42"}},
			Customers: []lockstep.Customer{{ID: cus1.ID}, {ID: cus2.ID}},
			Checkouts: []lockstep.Checkout{{ID: "cs_1", CustomerID: cus1.ID, Mode: "payment"}}})
		w.ok(w.Conclude(w.Context(), claim, "2", []lockstep.Conclusion{
			{CustomerID: cus1.ID, Outcome: lockstep.BackfillAmbiguous, Claims: []lockstep.Account{alice, bob}},
			{CustomerID: cus2.ID, Outcome: lockstep.BackfillUnlinked, Claims: []lockstep.Account{acme}}}))
		for more := true; more; {
			var err error
			more, err = w.Unstage(w.Context(), claim, 1)
			w.ok(err)
		}
		page, err := w.StagedCustomers(w.Context(), "", 10)
		w.ok(err)
		equal(w, "customers", len(page), 0)
		_, err = w.StagedIdentity(w.Context(), alice)
		w.is(err, lockstep.ErrNotFound)
		_, err = w.StagedExternal(w.Context(), lockstep.User, "42")
		w.is(err, lockstep.ErrNotFound)
		look := func(a lockstep.Account, customers []string, contested bool) {
			w.Helper()
			got, is, err := w.ClaimsOf(w.Context(), a)
			w.ok(err)
			equal(w, "customers that "+a.String()+" could have", got, customers)
			equal(w, fmt.Sprint(a, " is contested"), is, contested)
		}
		look(alice, []string{cus1.ID}, true)
		look(bob, []string{cus1.ID}, true)
		look(acme, []string{cus2.ID}, false)
		w.done(claim)
		w.ok(w.Link(w.Context(), w.hold(cus1), lockstep.Identity{Account: alice}, cus1.ID, lockstep.Proven))
		look(bob, nil, false)
	},
	"a lost claim stages nothing": func(w *world) {
		claim := w.hold(backfillKey)
		w.ok(w.Finish(w.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}))
		w.is(w.Stage(w.Context(), claim, "1", lockstep.BackfillPage{Customers: []lockstep.Customer{{ID: cus1.ID}}}),
			lockstep.ErrLeaseLost)
		w.is(w.Conclude(w.Context(), claim, "1", nil), lockstep.ErrLeaseLost)
		w.is(w.Adopt(w.Context(), claim, "1", nil, nil), lockstep.ErrLeaseLost)
		_, err := w.Unstage(w.Context(), claim, 1)
		w.is(err, lockstep.ErrLeaseLost)
		cursor, err := w.Cursor(w.Context(), lockstep.BackfillSweep)
		w.ok(err)
		equal(w, "cursor", cursor, "")
	},
}

// holdAmong marks a key and claims it, among other due keys.
func (w *world) holdAmong(key lockstep.Key) lockstep.Claim {
	w.Helper()
	w.mark(key, 0, lockstep.Normal)
	return w.among(key)
}
