package main

// breakage is one way to break the code.
type breakage struct {
	what   string // as a reader of the table would say it
	file   string
	before string
	after  string
}

// breakages are the shortcuts that people take, and the faults that were shipped
// elsewhere.
var breakages = []breakage{
	{"answer 200 although the event could not be stored",
		"internal/sync/ingest/endpoint.go",
		`reply(w, http.StatusServiceUnavailable, ` + "`" + `{"status":"error","code":"not_stored"}` + "`" + `)`,
		`reply(w, http.StatusOK, ` + "`" + `{"status":"success"}` + "`" + `)`},
	{"drop the dedupe of notices: a redelivered event tells twice",
		"notice.go",
		`return Notice{ID: string(kind) + ":" + object, Kind`,
		`return Notice{ID: string(kind) + ":" + object + now.String(), Kind`},
	{"drop the dedupe of customers: a new idempotency key for every try",
		"internal/sync/reconcile/customer.go",
		`Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key})`,
		`Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key + fmt.Sprint(time.Now().UnixNano())})`},
	{"look at the subscriptions before the sessions: what is paid in between is seen in neither",
		"internal/web/checkouts/look.go",
		`	if has.Checkouts, err = p.Stripe.Checkouts(ctx, p.customerID); err != nil {
		return err
	}
	has.Subscriptions, err = p.Stripe.Subscriptions(ctx, p.customerID)
	return err`,
		`	if has.Subscriptions, err = p.Stripe.Subscriptions(ctx, p.customerID); err != nil {
		return err
	}
	has.Checkouts, err = p.Stripe.Checkouts(ctx, p.customerID)
	return err`},
	{"a license that runs out goes on",
		"access.go",
		`if gift.ends.IsZero() || now.Before(gift.ends) {`,
		`if gift.ends.IsZero() || now.Before(gift.ends) || true {`},
	{"who is past due is locked out though Stripe tries on",
		"access.go",
		`		g.reason.Grants, g.reason.Why = true, "payment failed, Stripe is trying again"`,
		`		g.reason.Grants, g.reason.Why = false, "payment failed, Stripe is trying again"`},
	{"what adds up does not: the features of one thing only",
		"access.go",
		`		if !g.reason.Grants {
			continue
		}`,
		`		if !g.reason.Grants || len(ends) > 0 {
			continue
		}`},
	{"send a letter again of which nobody knows whether it was sent",
		"internal/sync/reconcile/email.go",
		`		mail.State, mail.Reason = lockstep.EmailUnknown, "the run that was handing it over ended before it was accepted"
		return Result{}, m.end(ctx, claim, mail)`,
		`		return Result{}, m.send(ctx, claim, n, mail)`},
	{"begin checkouts without a turn: two tabs get two",
		"internal/store/sqlstore/purchase.go",
		`where purchases.lease_until <= $6`,
		`where purchases.lease_until <= $6 + 1000000000`},
	{"swap the order of effects: metadata before the database",
		"internal/sync/reconcile/account.go",
		`	if err := r.save(ctx, access, at); err != nil {
		return Result{}, err
	}
	if err := r.effects(ctx, access, projected, at); err != nil {
		return r.nextLook(access, at), err
	}`,
		`	if err := r.effects(ctx, access, projected, at); err != nil {
		return r.nextLook(access, at), err
	}
	if err := r.save(ctx, access, at); err != nil {
		return Result{}, err
	}`},
	{"write without the token: whoever is late writes over somebody else's run",
		"internal/store/sqlstore/fence.go",
		`	answer := askOne(ctx, t, scanNumber, HoldsLease, claim.Key.String(), claim.Token)`,
		`	answer := askOne(ctx, t, scanNumber, "select 1 from work where key = $1", claim.Key.String())`},
	{"finish what was marked meanwhile too",
		"internal/store/sqlstore/finish.go",
		`	done_generation = claimed_generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = 0, disposition = 'done'`,
		`	done_generation = generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = 0, disposition = 'done'`},
	{"forget what a failed run was to look at",
		"internal/store/sqlstore/finish.go",
		`scope = scope | claimed_scope, claimed_scope = 0,`,
		`claimed_scope = 0,`},
	{"believe the event: take a deletion from it without asking the directory",
		"internal/sync/reconcile/account.go",
		`	identity, err := r.Directory.Identity(ctx, r.account)
`,
		`	identity, err := r.Directory.Identity(ctx, r.account)
	if r.scope.Has(lockstep.ScopeDeleted) {
		err = lockstep.ErrNotFound
	}
	if err != nil {
		err = lockstep.ErrNotFound
	}
`},
	{"treat a proxy's 404 page as the provider's answer",
		"errors.go",
		`return target == ErrNotFound && (`,
		`return target == ErrNotFound && (e.Status == 0 || `},
	{"give up when a provider fails",
		"errors.go",
		`	case 400, 402, 404, 405, 413, 422:`,
		`	case 400, 402, 404, 405, 413, 422, 429, 500, 502, 503:`},
	{"no gap scan: a lost event stays lost",
		"internal/sync/reconcile/sweep_events.go",
		`	taken, err := s.Take(ctx, lockstep.Scanned, hints...)`,
		`	taken, err := s.Take(ctx, lockstep.Scanned, hints[:0]...)`},
	{"no list of the directory: a lost user.deleted stays lost",
		"internal/sync/reconcile/sweep_directory.go",
		`	at.Page, at.Missing = next, next == ""`,
		`	at.Page, at.Missing, marks = next, next == "", nil`},
	{"nobody looks for accounts that the directory no longer lists",
		"internal/sync/reconcile/sweep_directory.go",
		`Scope: lockstep.ScopeIdentity | lockstep.ScopeMissing,`,
		`Scope: lockstep.ScopeIdentity,`},
	{"merge metadata without removing what is no longer there",
		"internal/sync/reconcile/project.go",
		`inner[k] = nil`,
		`_ = k`},
	{"delete the user's data and let the card be charged",
		"internal/sync/reconcile/end.go",
		`		if l.Trust == lockstep.Claimed {`,
		`		if l.Trust != lockstep.Claimed {`},
	{"a customer that a reference alone links becomes the primary one",
		"internal/store/sqlstore/link.go",
		`	case trust == lockstep.Claimed:
		return t.addClaimed(ctx, account, customerID)
`,
		``},
	{"access and licenses forget the customers beside the primary one",
		"links.go",
		`		if !l.Deleted {`,
		`		if false {`},
	{"a refund takes nothing away",
		"billing.go",
		`	case c.Refunded:`,
		`	case c.Refunded && c.Amount < 0:`},
	{"a payment links without asking whose the customer is",
		"internal/sync/reconcile/ladder.go",
		`		{present(e.link), lockstep.Proven},
`,
		``},
	{"unpaid is paid: fulfil a delayed payment at once",
		"billing.go",
		`	case c.PaymentStatus == "unpaid":`,
		`	case c.PaymentStatus == "never":`},
	{"access ends when the subscription is only going to end",
		"access.go",
		`	if g.reason.Grants && s.Ending() {`,
		`	if g.reason.Grants && s.Ending() {
		g.reason.Grants = false`},
	{"write over what somebody edited at Stripe",
		"internal/sync/reconcile/details.go",
		`sameText(current, *f.handled)`,
		`sameText(current, current)`},
	{"an address that Stripe refuses ends the run",
		"internal/sync/reconcile/problems.go",
		`	if !is {
		return err
	}`,
		`	if !is || step == lockstep.StepCustomerEmail {
		return err
	}`},
	{"create customers before the existing business was listed",
		"internal/sync/reconcile/hold.go",
		`	return at.Holds(), nil`,
		`	return false, nil`},
	{"forget what a price was called before it was raised",
		"pricename.go",
		`	i.Keys, i.SiblingKeys = keys, was.SiblingKeys`,
		`	i.Keys, i.SiblingKeys = nil, nil`},
}
