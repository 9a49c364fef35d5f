package main

// mutation is one way to break the code.
type mutation struct {
	what   string // what the mutated code does; the first column of the table
	file   string
	before string // a fragment that is in the file exactly once
	after  string
}

// mutations are shortcuts that people take, and bugs that others have shipped.
var mutations = []mutation{
	{"answer 200 although the event could not be stored",
		"internal/sync/ingest/endpoint.go",
		`reply(w, http.StatusServiceUnavailable, ` + "`" + `{"status":"error","code":"not_stored"}` + "`" + `)`,
		`reply(w, http.StatusOK, ` + "`" + `{"status":"success"}` + "`" + `)`},
	{"drop the dedupe of notices: a redelivered event notifies twice",
		"notice.go",
		`return Notice{ID: string(kind) + ":" + object, Kind`,
		`return Notice{ID: string(kind) + ":" + object + now.String(), Kind`},
	{"drop the dedupe of customers: use a new idempotency key for each attempt",
		"internal/sync/reconcile/creation.go",
		`Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key})`,
		`Email: intent.Email, Name: intent.Name, IdempotencyKey: intent.Key + fmt.Sprint(time.Now().UnixNano())})`},
	{"list subscriptions before sessions: a payment in between is in neither list",
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
	{"grant access on an expired license",
		"access.go",
		`return !gift.ends.IsZero() && !now.Before(gift.ends)`,
		`return !gift.ends.IsZero() && !now.Before(gift.ends) && false`},
	{"lock out a past-due customer while Stripe still retries",
		"access.go",
		`		g.reason.Grants, g.reason.Why = true, "payment failed, Stripe is trying again"`,
		`		g.reason.Grants, g.reason.Why = false, "payment failed, Stripe is trying again"`},
	{"grant the features of one purchase only instead of all",
		"access.go",
		`		if !g.reason.Grants {
			continue
		}`,
		`		if !g.reason.Grants || len(ends) > 0 {
			continue
		}`},
	{"resend an e-mail whose delivery is uncertain",
		"internal/sync/reconcile/email.go",
		`		mail.State, mail.Reason = lockstep.EmailUnknown, "the run that was handing it over ended before it was accepted"
		return Result{}, m.end(ctx, claim, mail)`,
		`		return Result{}, m.send(ctx, claim, n, mail)`},
	{"start checkouts without the purchase lock: two tabs get two",
		"internal/store/sqlstore/purchase.go",
		`where purchases.lease_until <= $6`,
		`where purchases.lease_until <= $6 + 1000000000`},
	{"write metadata before the database",
		"internal/sync/reconcile/write.go",
		`	if err := as.commit(ctx, d, plan); err != nil {
		return Result{}, err
	}
	if err := as.effects(ctx, d, plan); err != nil {
		return plan.look, err
	}`,
		`	if err := as.effects(ctx, d, plan); err != nil {
		return plan.look, err
	}
	if err := as.commit(ctx, d, plan); err != nil {
		return Result{}, err
	}`},
	{"write without checking the lease token: a late run overwrites a newer one",
		"internal/store/sqlstore/fence.go",
		`	answer := askOne(ctx, t, scanNumber, HoldsLease, claim.Key.String(), claim.Token)`,
		`	answer := askOne(ctx, t, scanNumber, "select 1 from work where key = $1", claim.Key.String())`},
	{"finish marks that arrived during the run",
		"internal/store/sqlstore/finish.go",
		`	done_generation = claimed_generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = 0, disposition = 'done'`,
		`	done_generation = generation,
	lease_token = '', lease_until = 0, claimed_scope = 0,
	attempts = 0, disposition = 'done'`},
	{"forget the scope of a failed run",
		"internal/store/sqlstore/finish.go",
		`scope = scope | claimed_scope, claimed_scope = 0,`,
		`claimed_scope = 0,`},
	{"delete because an event says so, without asking the directory",
		"internal/sync/reconcile/identity.go",
		`	identity, err := i.directory.Identity(ctx, d.account)
`,
		`	identity, err := i.directory.Identity(ctx, d.account)
	if d.scope.Has(lockstep.ScopeDeleted) {
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
	{"skip the gap scan: a lost event stays lost",
		"internal/sync/sweep/events.go",
		`	taken, err := s.Take(ctx, lockstep.Scanned, hints...)`,
		`	taken, err := s.Take(ctx, lockstep.Scanned, hints[:0]...)`},
	{"skip the directory sweep: a lost user.deleted stays lost",
		"internal/sync/sweep/directory.go",
		`	at.Page, at.Missing = next, next == ""`,
		`	at.Page, at.Missing, marks = next, next == "", nil`},
	{"ignore accounts that the directory no longer lists",
		"internal/sync/sweep/directory.go",
		`Scope: lockstep.ScopeIdentity | lockstep.ScopeMissing,`,
		`Scope: lockstep.ScopeIdentity,`},
	{"merge metadata without removing stale keys",
		"internal/sync/reconcile/project.go",
		`inner[k] = nil`,
		`_ = k`},
	{"delete the user's data but keep charging the card",
		"internal/sync/reconcile/end.go",
		`		if l.Trust == lockstep.Claimed {`,
		`		if l.Trust != lockstep.Claimed {`},
	{"make a customer with only a claimed link the primary one",
		"internal/store/sqlstore/link.go",
		`	case trust == lockstep.Claimed:
		return t.addClaimed(ctx, account, customerID)
`,
		``},
	{"ignore further customers for access and licenses",
		"links.go",
		`		if !l.Deleted {`,
		`		if false {`},
	{"keep access after a refund",
		"billing.go",
		`	case c.Refunded:`,
		`	case c.Refunded && c.Amount < 0:`},
	{"link a payment without checking who owns its customer",
		"internal/sync/ownership/ladder.go",
		`		{present(e.Link), lockstep.Proven},
`,
		``},
	{"treat an unpaid delayed payment as paid",
		"billing.go",
		`	case c.PaymentStatus == "unpaid":`,
		`	case c.PaymentStatus == "never":`},
	{"end access when a subscription is only set to end later",
		"access.go",
		`	if g.reason.Grants && s.Ending() {`,
		`	if g.reason.Grants && s.Ending() {
		g.reason.Grants = false`},
	{"overwrite details that someone edited at Stripe",
		"internal/sync/reconcile/details.go",
		`sameText(current, *f.handled)`,
		`sameText(current, current)`},
	{"end the run when Stripe refuses an e-mail address",
		"internal/sync/reconcile/draft.go",
		`	if !is {
		return err
	}`,
		`	if !is || step == lockstep.StepCustomerEmail {
		return err
	}`},
	{"create customers before listing the existing business",
		"internal/sync/backfill/hold.go",
		`	return at.Holds(), nil`,
		`	return false, nil`},
	{"forget a price's lookup key when it moves to a new price",
		"pricename.go",
		`	i.Keys, i.SiblingKeys = keys, was.SiblingKeys`,
		`	i.Keys, i.SiblingKeys = nil, nil`},
}
