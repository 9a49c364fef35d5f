package lockstep_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestRetentionIsChecked(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for want, r := range map[string]lockstep.Retention{
		"ids of events are kept for 816h0m0s: Stripe can send an event again for 30 days; keep them for 840h0m0s at least": {
			IDs: 34 * day},
		"bodies of events are kept for at most 9600h0m0s": {
			Bodies: 401 * day},
		"bodies of events are kept for at most 9600h0m0s;": {
			Bodies: -1},
		"bodies of events cannot be kept for longer than their ids": {
			Bodies: 50 * day, IDs: 40 * day},
		"bodies of events cannot be kept for longer than": {
			Bodies: 36 * day, IDs: 35 * day},
		"Stripe can send an event again for 30 days; keep them for 840h0m": {
			Bodies: time.Hour, IDs: time.Hour},
	} {
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
	for _, good := range []lockstep.Retention{{}, {IDs: 35 * day}, {IDs: -1}, {Bodies: 400 * day},
		{Bodies: 400 * day, IDs: -1}, {Bodies: time.Hour}} {
		if err := good.Validate(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}
