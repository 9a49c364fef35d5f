package lockstep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// Step is one step of an account's run.
type Step string

// The steps that can have a problem.
const (
	StepCustomer      Step = "customer"       // create or find the Stripe customer
	StepCustomerEmail Step = "customer_email" // write the address to the customer
	StepCustomerName  Step = "customer_name"  // write the name to the customer
	StepBilling       Step = "billing"        // read the billing state
	StepSeats         Step = "seats"          // change the quantity of a subscription
	StepMembers       Step = "members"        // check that the organization has members
	StepMetadata      Step = "metadata"       // write the identity's metadata
	StepMemberLimit   Step = "member_limit"   // limit an organization's members
	StepDeletion      Step = "deletion"       // end a deleted account's billing
)

// Steps lists all steps.
var Steps = []Step{StepCustomer, StepCustomerEmail, StepCustomerName, StepBilling, StepSeats, StepMembers,
	StepMetadata, StepMemberLimit, StepDeletion}

// Problem is a failed step that a retry cannot fix, usually because a provider refused it. It stays with
// the account until the step succeeds or is no longer needed. The other steps continue.
type Problem struct {
	Step   Step      `json:"step"`
	Code   string    `json:"code"`             // the provider's error code, or one of ours
	Reason string    `json:"reason"`           // safe to show: without personal data or secrets
	Digest string    `json:"digest,omitempty"` // of the refused value: only another value is tried
	Since  time.Time `json:"since"`
}

// Problem returns the problem of a step, if any.
func (r Record) Problem(step Step) (Problem, bool) {
	at := slices.IndexFunc(r.Problems, func(p Problem) bool { return p.Step == step })
	if at < 0 {
		return Problem{}, false
	}
	return r.Problems[at], true
}

// SetProblem replaces the problem of a step. If the same problem is already recorded, it changes nothing,
// so the time and the wording stay.
func (r *Record) SetProblem(p Problem) {
	known, found := r.Problem(p.Step)
	if found && known.Code == p.Code && known.Digest == p.Digest {
		return
	}
	p.Since = p.Since.UTC().Truncate(time.Millisecond)
	r.ClearProblem(p.Step)
	r.Problems = append(slices.Clone(r.Problems), p) // copies of the record share the old slice
	slices.SortFunc(r.Problems, func(a, b Problem) int { return a.Since.Compare(b.Since) })
}

// ClearProblem removes the problem of a step. Copies of the record keep theirs.
func (r *Record) ClearProblem(step Step) {
	if _, found := r.Problem(step); !found {
		return
	}
	r.Problems = slices.DeleteFunc(slices.Clone(r.Problems), func(p Problem) bool { return p.Step == step })
	if len(r.Problems) == 0 {
		r.Problems = nil
	}
}

// Troubled is an account with problems.
type Troubled struct {
	Account  Account
	Problems []Problem
}

// DigestOf returns a digest that identifies a refused value without revealing it.
func DigestOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("lockstep: a value to digest does not marshal: " + err.Error()) // strings, numbers, booleans and maps of them
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
