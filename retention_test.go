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
		"retention.ids: 816h0m0s is too short, because Stripe can resend an event for 30 days; use at least 840h0m0s": {
			IDs: 34 * day},
		"retention.bodies: use at most 9600h0m0s": {
			Bodies: 401 * day},
		"retention.bodies: use at most 9600h0m0s,": {
			Bodies: -1},
		"retention.bodies: bodies cannot outlive ids; raise retention.ids": {
			Bodies: 50 * day, IDs: 40 * day},
		"retention.bodies: bodies cannot outlive ids": {
			Bodies: 36 * day, IDs: 35 * day},
		"because Stripe can resend an event for 30 days; use at least 840h0m": {
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
