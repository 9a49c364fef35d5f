package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// lasting are the steps that leave an account out of step when they are refused: the run
// then ends as failed, though its other steps were done. A refusal of any other step is
// only recorded.
var lasting = map[lockstep.Step]bool{lockstep.StepCustomer: true, lockstep.StepBilling: true,
	lockstep.StepMetadata:    true,
	lockstep.StepMemberLimit: true, lockstep.StepDeletion: true}

// refusal returns the provider's refusal in err: an answer that the same request would get
// again.
func refusal(err error) (*lockstep.UpstreamError, bool) {
	var refused *lockstep.UpstreamError
	return refused, errors.As(err, &refused) && refused.Rejected()
}

// refused records that a provider refused a step, and returns nil so that the run goes on. It
// returns any other error unchanged. digest identifies the refused value; it may be empty.
func (r *run) refused(step lockstep.Step, digest string, err error) error {
	upstream, is := refusal(err)
	if !is {
		return err
	}
	r.refuse(step, digest, upstream, upstream.Error())
	return nil
}

// refuse records a refusal with a reason that may say more than the provider did.
func (r *run) refuse(step lockstep.Step, digest string, upstream *lockstep.UpstreamError, reason string) {
	known, _ := r.was.Problem(step)
	code := cmp.Or(upstream.Code, "status_"+strconv.Itoa(upstream.Status))
	r.now.SetProblem(lockstep.Problem{Step: step, Code: code, Reason: reason, Digest: digest, Since: time.Now()})
	if known.Code != code || known.Digest != digest {
		r.Log.Warn("a provider refused a step; the others go on", "account", r.account.String(), "step", string(step),
			"reason", reason)
	}
	if lasting[step] {
		r.failures = append(r.failures, fmt.Errorf("%s: %s", step, reason))
	}
}

// repeats reports whether a retry is about to repeat what was refused before. Only the first
// try of a run repeats it: an operator may have fixed the cause since.
func (r *run) repeats(step lockstep.Step, digest string) bool {
	p, found := r.now.Problem(step)
	if !found || p.Digest != digest || r.claim.Attempt <= 1 {
		return false
	}
	if lasting[step] {
		r.failures = append(r.failures, fmt.Errorf("%s: %s", step, p.Reason))
	}
	return true
}

// conclude is the end of a run: it stores problems that no earlier write of the run stored,
// and fails the run when a lasting step was refused.
func (r *run) conclude(ctx context.Context, result Result, err error) (Result, error) {
	if r.known && !errors.Is(err, lockstep.ErrLeaseLost) &&
		(!reflect.DeepEqual(r.now.Problems, r.was.Problems) || r.overdrawn) {
		record := r.was
		record.Problems, record.PacedUntil, record.UpdatedAt = r.now.Problems, r.now.PacedUntil, time.Now()
		if save := r.Store.Save(ctx, r.claim, lockstep.AccountUpdate{Record: record}); save != nil {
			return Result{}, errors.Join(err, fmt.Errorf("save problems: %w", save))
		}
	}
	if err == nil && len(r.failures) > 0 {
		err = lockstep.Terminal(errors.Join(r.failures...))
	}
	return result, err
}
