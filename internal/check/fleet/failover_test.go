package fleet

import (
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// TestAStandbyTakesOver kills the primary under load. Its synchronous standby takes over, and the replicas find it by
// themselves.
func TestAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	for more := rounds(1); more(); {
		failover(t)
	}
}

func failover(t *testing.T) {
	primary := pgtest.Own(t, "synchronous_standby_names=s1", "synchronous_commit=on")
	standby, err := primary.Standby("s1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := standby.Remove(); err != nil {
			t.Error(err)
		}
	}()
	if err := primary.Exec("postgres", "create database lockstep template template0"); err != nil {
		t.Fatal(err)
	}
	f := newFleet(t, options{replicas: 3, database: primary.MultiHost(standby, "lockstep")})
	defer f.stop()
	processes := []int{f.all()[0].run(), f.all()[1].run(), f.all()[2].run()}
	business := f.begin(2, 2)
	f.more(100)
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	refused := f.balancer.so().refused
	f.until("deliveries are refused", func() bool { return f.balancer.so().refused > refused })
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	promoted := time.Now()
	f.more(100)
	business.end()
	ended := time.Now()
	f.atRest()
	f.report("failover to a synchronous standby")
	t.Logf("100 more deliveries %.1f s after the promotion; settled %.1f s after the last purchase",
		ended.Sub(promoted).Seconds(), time.Since(ended).Seconds())
	for i, r := range f.all() {
		if r.run() != processes[i] {
			t.Errorf("%s did not survive", r.name)
		}
	}
}
