package fleet

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A random replica is killed every second while business goes on.
func TestAReplicaIsKilledEverySecond(t *testing.T) {
	t.Parallel()
	f := newFleet(t, options{replicas: 3})
	business := f.begin(2, 2)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	kills := 0
	for more := rounds(4); more(); kills++ {
		<-second.C
		victim := f.all()[rand.IntN(3)]
		if err := victim.kill(); err != nil {
			t.Fatal(err)
		}
		if err := victim.start(); err != nil {
			t.Fatal(err)
		}
	}
	business.end()
	f.atRest()
	f.report("kill -9 every second")
	t.Logf("%d kills", kills)
	if c := f.balancer.so(); c.taken < 20 || len(f.sim.Users()) < 3 {
		t.Errorf("there was hardly any load: %+v, %d users", c, len(f.sim.Users()))
	}
}
