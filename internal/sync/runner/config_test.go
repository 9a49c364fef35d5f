package runner

import "testing"

// Half of the slots stay free for interactive work, however many renewals are due.
func TestHalfOfTheSlotsAreReservedForInteractiveWork(t *testing.T) {
	t.Parallel()
	for slots, want := range map[int][2]int{0: {32, 16}, 1: {1, 0}, 5: {5, 2}} {
		if c := (Config{Slots: slots}).withDefaults(); c.Slots != want[0] || c.Reserved != want[1] {
			t.Errorf("of %d slots, %d are reserved; want %d and %d", c.Slots, c.Reserved, want[0], want[1])
		}
	}
}
