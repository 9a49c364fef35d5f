package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
)

// task says what a run is for. It does not change during the run.
type task struct {
	claim      lockstep.Claim
	account    lockstep.Account
	generation int64 // of the Clerk instance that this process serves
	incomplete bool  // the first start's backfill has not linked all customers yet
	began      time.Time
	log        *slog.Logger
}

// draft is the account's record during a run: as the database has it, and as the next save
// writes it. Only functions that take a *draft can change it; see the package comment.
type draft struct {
	task
	found  lockstep.Record // as the database had it when the run began
	was    lockstep.Record
	now    lockstep.Record
	stored bool           // the database has the account
	scope  lockstep.Scope // what the run still has to read
	marks  []lockstep.Mark
	failed []error // refused steps that leave the account out of sync
	// verified is the verified address, also after a deletion has blanked it; empty: none.
	verified string
	paced    bool // more metadata writes were made than the saved record has accounted for
	written  AccessWrites
	facts    lockstep.RunFacts
	merged   bool // the directory's metadata was changed
}

// newDraft returns the draft of a record, or of an account that the database does not know.
func newDraft(t task, was lockstep.Record, stored bool) *draft {
	d := &draft{task: t, was: was, stored: stored, scope: t.claim.Scope}
	if !stored {
		d.was = lockstep.Record{Account: t.account, State: lockstep.AccountActive, CreatedAt: t.began,
			InstanceGeneration: t.generation}
		d.scope |= lockstep.ScopeAll
	}
	if t.claim.Attempt > 1 {
		d.scope |= lockstep.ScopeIdentity
	}
	d.found, d.now, d.verified = d.was, d.was, verifiedAddress(d.was)
	return d
}

// former reports whether the account was last seen in a Clerk instance that was replaced. The
// new instance's directory does not know it, and that must not end its billing.
func (d *draft) former() bool { return d.stored && d.now.InstanceGeneration < d.generation }

// lasting are the steps that leave an account out of sync if they are refused: the run then
// ends as failed, although its other steps were done. For other steps, the refusal is only
// recorded.
var lasting = map[lockstep.Step]bool{lockstep.StepCustomer: true, lockstep.StepBilling: true,
	lockstep.StepMetadata: true, lockstep.StepMemberLimit: true, lockstep.StepDeletion: true}

// refusal returns the provider's refusal in err: an answer that a retry would get again.
func refusal(err error) (*lockstep.UpstreamError, bool) {
	var refused *lockstep.UpstreamError
	return refused, errors.As(err, &refused) && refused.Rejected()
}

// refused records that a provider refused a step and returns nil, so that the run continues.
// It returns any other error unchanged. digest identifies the refused value; it may be empty.
func (d *draft) refused(ctx context.Context, step lockstep.Step, digest string, err error) error {
	upstream, is := refusal(err)
	if !is {
		return err
	}
	d.refuse(ctx, step, digest, upstream, upstream.Error())
	return nil
}

// refuse records a refusal with a reason that may say more than the provider did.
func (d *draft) refuse(ctx context.Context, step lockstep.Step, digest string, upstream *lockstep.UpstreamError,
	reason string) {
	known, _ := d.was.Problem(step)
	code := cmp.Or(upstream.Code, "status_"+strconv.Itoa(upstream.Status))
	d.now.SetProblem(lockstep.Problem{Step: step, Code: code, Reason: reason, Digest: digest, Since: time.Now()})
	if known.Code != code || known.Digest != digest {
		d.log.WarnContext(ctx, "provider refused a step; the other steps continue", "account", d.account.String(),
			"step", string(step), "reason", reason)
	}
	d.fail(step, reason)
}

// fail has the run end as failed, if the step is a lasting one.
func (d *draft) fail(step lockstep.Step, reason string) {
	if lasting[step] {
		d.failed = append(d.failed, fmt.Errorf("%s: %s", step, reason))
	}
}

// repeats reports whether a retry is about to repeat what was refused before. The first
// attempt of a run does repeat it, because an operator may have fixed the cause.
func (d *draft) repeats(step lockstep.Step, digest string) bool {
	p, found := d.now.Problem(step)
	if !found || p.Digest != digest || d.claim.Attempt <= 1 {
		return false
	}
	d.fail(step, p.Reason)
	return true
}

// mark adds marks to the next save.
func (d *draft) mark(marks ...lockstep.Mark) { d.marks = append(d.marks, marks...) }

// draftStore is the store as [drafts] uses it.
type draftStore interface {
	Account(ctx context.Context, account lockstep.Account) (lockstep.Record, error)
	Save(ctx context.Context, claim lockstep.Claim, update lockstep.AccountUpdate) error
}

// drafts saves drafts.
type drafts struct {
	store     draftStore
	trialsPer lockstep.TrialRule
	catalog   lockstep.Catalog
	keys      lockstep.ProjectionKeys
}

func (as *Accounts) drafts() drafts {
	return drafts{as.Store, as.Policies.Customers.TrialsPer, as.Catalog, as.Keys}
}

// keep saves what is decided so far, because the rest of the run builds on it. It has no
// notices: the run has not decided yet.
func (s drafts) keep(ctx context.Context, d *draft) error { return s.save(ctx, d, nil, time.Now()) }

// save writes the draft with notices, and the marks that follow from what changed.
func (s drafts) save(ctx context.Context, d *draft, notices []lockstep.Notice, at time.Time) error {
	d.now.UpdatedAt = at
	trials, err := s.trialAddresses(ctx, d)
	if err != nil {
		return err
	}
	update := lockstep.AccountUpdate{Record: d.now, Notices: notices, TrialAddresses: trials,
		Marks: slices.Concat(d.marks, ownership.Payers(d.was, d.now), movers(d.was, d.now))}
	if err := s.store.Save(ctx, d.claim, update); err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	d.stored, d.was, d.marks = true, d.now, nil
	d.facts.Write(database, "account", 1)
	for _, n := range notices {
		d.facts.Write(database, "notice "+string(n.Kind), 1)
	}
	return nil
}

// standing concludes from a record.
func (s drafts) standing(r lockstep.Record, at time.Time) lockstep.Standing {
	return s.catalog.Standing(r, s.catalog.Access(r, at), s.keys, at)
}

// conclude ends a run: it saves problems that no earlier save has stored, and fails the run if
// a lasting step was refused.
func (s drafts) conclude(ctx context.Context, d *draft, result Result, err error) (Result, error) {
	unsaved := d.paced || !reflect.DeepEqual(d.now.Problems, d.was.Problems)
	if d.stored && unsaved && !errors.Is(err, lockstep.ErrLeaseLost) {
		record := d.was
		record.Problems, record.PacedUntil, record.UpdatedAt = d.now.Problems, d.now.PacedUntil, time.Now()
		if record.Standing.Status != "" { // a run has concluded, and the problems are part of that
			record.Standing = s.standing(record, time.Now())
		}
		if save := s.store.Save(ctx, d.claim, lockstep.AccountUpdate{Record: record}); save != nil {
			return Result{}, errors.Join(err, fmt.Errorf("save problems: %w", save))
		}
		d.facts.Write(database, "problems", 1)
	}
	if err == nil && len(d.failed) > 0 {
		err = lockstep.Terminal(errors.Join(d.failed...))
	}
	return result, err
}
