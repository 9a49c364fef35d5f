package lockstep_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

func TestCustomerDetailsFitStripe(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 500) + "@example.com"
	for name, c := range map[string]struct{ email, name, wantEmail, wantName string }{
		"as they are":             {"ada@example.com", "Ada", "ada@example.com", "Ada"},
		"space around":            {" ada@example.com ", " Ada\n", "ada@example.com", "Ada"},
		"nothing":                 {"", "", "", ""},
		"256 characters":          {"", strings.Repeat("ü", 256), "", strings.Repeat("ü", 256)},
		"257 characters":          {"", strings.Repeat("ü", 257), "", strings.Repeat("ü", 256)},
		"a cut after a space":     {"", strings.Repeat("a", 255) + " b", "", strings.Repeat("a", 255)},
		"an address of 512":       {long, "", long, ""},
		"an address of 513":       {"b" + long, "Ada", "", "Ada"},
		"bytes of an address":     {strings.Repeat("ü", 256) + "@x", "", "", ""},
		"a name of emoji is kept": {"", strings.Repeat("🦊", 300), "", strings.Repeat("🦊", 256)},
	} {
		got := lockstep.NewCustomerDetails(c.email, c.name)
		if want := (lockstep.CustomerDetails{Email: c.wantEmail, Name: c.wantName}); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestTrialAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"Ada@Example.com": "ada@example.com",
		"ada+1@example.com": "ada@example.com", "ada+1+2@example.com": "ada@example.com",
		"+1@example.com": "+1@example.com", "no address": "no address", "": ""} {
		if got := lockstep.TrialAddress(address); got != want {
			t.Errorf("%q is compared as %q, want %q", address, got, want)
		}
	}
}

func TestProblemsOfARecord(t *testing.T) {
	t.Parallel()
	var r lockstep.Record
	r.SetProblem(lockstep.Problem{Step: lockstep.StepSeats, Code: "a"})
	before := r
	r.SetProblem(lockstep.Problem{Step: lockstep.StepMetadata, Code: "b"})
	r.SetProblem(lockstep.Problem{Step: lockstep.StepSeats, Code: "a", Reason: "in other words"})
	r.SetProblem(lockstep.Problem{Step: lockstep.StepMetadata, Code: "c"})
	if len(r.Problems) != 2 || len(before.Problems) != 1 || before.Problems[0].Code != "a" {
		t.Errorf("%+v, before %+v", r.Problems, before.Problems)
	}
	if p, _ := r.Problem(lockstep.StepSeats); p.Reason != "" {
		t.Errorf("a known problem was reworded: %+v", p)
	}
	if p, _ := r.Problem(lockstep.StepMetadata); p.Code != "c" {
		t.Errorf("a problem was not replaced: %+v", p)
	}
	r.ClearProblem(lockstep.StepSeats)
	r.ClearProblem(lockstep.StepMetadata)
	if r.Problems != nil || len(before.Problems) != 1 {
		t.Errorf("%+v, before %+v", r.Problems, before.Problems)
	}
}
