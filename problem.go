package lockstep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Step names what an account's run does at a provider.
type Step string

// The steps that can have a problem.
const (
	StepCustomer      Step = "customer"       // create or find the Stripe customer
	StepCustomerEmail Step = "customer_email" // write the address to the customer
	StepCustomerName  Step = "customer_name"  // write the name to the customer
	StepBilling       Step = "billing"        // read the billing state
	StepSeats         Step = "seats"          // change the quantity of a subscription
	StepMembers       Step = "members"        // the organization has no members
	StepMetadata      Step = "metadata"       // write the identity's metadata
	StepMemberLimit   Step = "member_limit"   // limit an organization's members
	StepDeletion      Step = "deletion"       // end a deleted account's billing
)

// Steps are all there are.
var Steps = []Step{StepCustomer, StepCustomerEmail, StepCustomerName, StepBilling, StepSeats, StepMembers,
	StepMetadata, StepMemberLimit, StepDeletion}

// Problem is a step that could not be done and that trying again will not mend: in most
// cases a provider refused it. It is kept with the account until the step succeeds or is no
// longer needed. The other steps of the run go on.
type Problem struct {
	Step   Step      `json:"step"`
	Code   string    `json:"code"`             // the provider's error code, or one of ours
	Reason string    `json:"reason"`           // safe to show: no personal data, no secret
	Digest string    `json:"digest,omitempty"` // of the refused value: a run tries another value, not this one
	Since  time.Time `json:"since"`
}

// Problem returns the problem of a step, and whether there is one.
func (r Record) Problem(step Step) (Problem, bool) {
	at := slices.IndexFunc(r.Problems, func(p Problem) bool { return p.Step == step })
	if at < 0 {
		return Problem{}, false
	}
	return r.Problems[at], true
}

// SetProblem records a problem in place of an earlier one of the same step. A problem that
// is already known keeps its time and its wording, so that recording it again changes nothing.
func (r *Record) SetProblem(p Problem) {
	known, found := r.Problem(p.Step)
	if found && known.Code == p.Code && known.Digest == p.Digest {
		return
	}
	p.Since = p.Since.UTC().Truncate(time.Millisecond)
	r.ClearProblem(p.Step)
	r.Problems = append(slices.Clone(r.Problems), p) // copies of the record keep theirs
	slices.SortFunc(r.Problems, func(a, b Problem) int { return a.Since.Compare(b.Since) })
}

// ClearProblem forgets the problem of a step. Copies of the record keep theirs.
func (r *Record) ClearProblem(step Step) {
	if _, found := r.Problem(step); !found {
		return
	}
	r.Problems = slices.DeleteFunc(slices.Clone(r.Problems), func(p Problem) bool { return p.Step == step })
	if len(r.Problems) == 0 {
		r.Problems = nil
	}
}

// Troubled is an account that has problems.
type Troubled struct {
	Account  Account
	Problems []Problem
}

// DigestOf identifies what was refused without holding it.
func DigestOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("lockstep: a value to digest does not marshal: " + err.Error()) // strings, numbers, booleans and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
