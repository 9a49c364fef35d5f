package schedule_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-dev/lockstep/simulator/schedule"
)

func TestTimersRunInOrderAndAtTheirOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		world := schedule.New(1)
		var trail []string
		start := time.Now().UTC()
		world.Handle("note", func(id string) {
			trail = append(trail, fmt.Sprintf("%s at %s", id, world.Now().Sub(start)))
			if id == "again" {
				world.At(world.Now().Add(time.Minute), "note", "from again")
			}
		})
		world.Change(func() {
			world.At(start.Add(3*time.Minute), "note", "late")
			world.At(start.Add(time.Minute), "note", "again")
			world.At(start.Add(3*time.Minute), "note", "late too")
		})
		world.Advance(time.Hour)
		want := []string{"again at 1m0s", "from again at 2m0s", "late at 3m0s", "late too at 3m0s"}
		if diff := cmp.Diff(want, trail); diff != "" {
			t.Errorf("trail (-want +got):\n%s", diff)
		}
		world.Advance(-time.Hour)
		world.View(func() {
			if got := world.Now().Sub(start); got != time.Hour {
				t.Errorf("the clock is at %s, want 1 h: it does not go back", got)
			}
		})
	})
}

func TestEveryoneSeesWhatTimeHasDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		world, ran := schedule.New(1), 0
		world.Handle("note", func(string) { ran++ })
		world.Change(func() { world.At(world.Now().Add(time.Second), "note", "x") })
		time.Sleep(time.Second)
		world.View(func() {
			if ran != 1 {
				t.Error("a view came before the timer that was due")
			}
		})
	})
}

func TestIdentifiersFollowFromTheSeedAndTheirOwnPrefix(t *testing.T) {
	t.Parallel()
	ids := func(seed uint64, disturb bool) (ids []string) {
		world := schedule.New(seed)
		world.Change(func() {
			for range 3 {
				if disturb {
					world.NewID("evt_", 14)
				}
				ids = append(ids, world.NewID("cus_", 14))
			}
		})
		return ids
	}
	if diff := cmp.Diff(ids(1, false), ids(1, true)); diff != "" {
		t.Errorf("other prefixes change the ids:\n%s", diff)
	}
	if ids(1, false)[0] == ids(2, false)[0] || ids(1, false)[0] == ids(1, false)[1] {
		t.Error("ids repeat")
	}
}
