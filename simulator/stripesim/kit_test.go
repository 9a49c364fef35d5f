package stripesim_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulator in a bubble, with this package's test helpers.
type bench struct{ *simharness.Bench }

func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	inConfiguredBubble(t, func(*simulator.Config) {}, f)
}

func inConfiguredBubble(t *testing.T, change func(*simulator.Config), f func(t *testing.T, b *bench)) {
	t.Helper()
	simharness.InBubble(t, change, func(t *testing.T, b *simharness.Bench) { f(t, &bench{b}) })
}

func newBench(t *testing.T, seed uint64) *bench {
	t.Helper()
	return &bench{simharness.New(t, seed)}
}

func onLoopback(t *testing.T) *bench {
	t.Helper()
	return &bench{simharness.OnLoopback(t)}
}
