package doctor

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// TestACheckThatHangsDelaysNoOther: it becomes a finding at its limit, in its place in the order.
func TestACheckThatHangsDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		quick := func(context.Context, *Installation) []lockstep.Finding { return []lockstep.Finding{fine("quick")} }
		stuck := make(chan struct{})
		defer close(stuck)
		hangs := func(context.Context, *Installation) []lockstep.Finding {
			<-stuck
			return nil
		}
		var all []check
		for range atOnce {
			all = append(all, check{"hangs", local, hangs}, check{"quick", local, quick})
		}
		began, order := time.Now(), []string{}
		run(t.Context(), &Installation{}, all, func(f lockstep.Finding) { order = append(order, f.Check+" "+f.Code) })
		if took := time.Since(began); took != within {
			t.Errorf("it took %s, want %s", took, within)
		}
		if want := slices.Repeat([]string{"hangs check_unfinished", "quick "}, atOnce); !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
	})
}

func TestLocalChecksAskNoProvider(t *testing.T) {
	t.Parallel()
	found := Local(t.Context(), &Installation{Stripe: Stripe{Key: "sk_test_1"}, Clerk: &Clerk{Key: "sk_test_1"}})
	var checks []string
	for _, f := range found {
		checks = append(checks, f.Check)
	}
	if want := []string{"configuration", "secrets", "return origins", "database", "projection"}; !slices.Equal(checks, want) {
		t.Errorf("%q, want %q", checks, want)
	}
}

// TestWithoutAnythingEachCheckStillAnswers: an installation that could not even be read must not panic.
func TestWithoutAnythingEachCheckStillAnswers(t *testing.T) {
	t.Parallel()
	answered := 0
	Run(t.Context(), &Installation{Clerk: &Clerk{}}, func(f lockstep.Finding) {
		answered++
		if f.Level == lockstep.FindingFailure {
			t.Errorf("%+v", f)
		}
	})
	if answered < len(checks) {
		t.Errorf("%d findings of %d checks", answered, len(checks))
	}
}
