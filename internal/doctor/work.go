package doctor

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ingest"
)

var (
	brakeOn = problem("brake_on", failure,
		"the brake holds these accounts: their billing continues until you decide",
		"run lockstep deletions list, then lockstep deletions approve or discard")
	deletionRefused = problem("deletion_refused", failure,
		"deleted users may still be billed",
		"run lockstep deletions list, end the billing at Stripe, then run lockstep deletions approve")
	workFailed = problem("work_failed", warning,
		"these accounts may be out of sync, and Lockstep does not retry by itself",
		"read why: lockstep work list --status failed; then run lockstep work retry --failed")
	workParked = problem("work_parked", warning,
		"these customers or payments belong to no known account",
		"read why: lockstep work list --status parked; then run lockstep link, or lockstep work drop")
	slow = problem("queue_slow", warning,
		"changes of access are late", "look at lockstep_queue_due and at provider_paused on /healthz (docs/observability.md)")
	paymentParked = problem("payment_parked", failure,
		"someone may have paid and has no access", "run lockstep events list --status parked, then lockstep link")
	paymentWaiting = problem("payment_waiting", failure,
		"someone may have paid and has no access", "check that lockstep serve runs, and read why: lockstep work list")
	stepsRefused = problem("steps_refused", warning,
		"a provider refused a step of these accounts' syncs; the other steps ran", "GET /v1/problems lists them; lockstep explain ACCOUNT says what to do")
	storeUnread = problem("work_unread", warning, "what waits for you is unknown", "check the database")
)

const (
	// mostCounted is how many keys are counted.
	mostCounted = 10_000
	// waitsLong is how long something may wait.
	waitsLong = 5 * time.Minute
)

// deletions looks for deletions that wait for an operator.
func deletions(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	tally, err := in.Store.DeletionTally(ctx)
	if err != nil {
		return []lockstep.Finding{storeUnread.found("%v", err)}
	}
	if n := tally[lockstep.DeletionHeld]; n > 0 {
		found = append(found, brakeOn.found("the brake holds %s", plural(int(n), "deletion")))
	}
	if n := tally[lockstep.DeletionRefused]; n > 0 {
		found = append(found, deletionRefused.found("Stripe refused to end the billing of %s", plural(int(n), "deleted account")))
	}
	return orFine(found, "none is held or refused")
}

// work counts dead letters: what failed or has no account.
func work(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	backlog, err := in.Store.Backlog(ctx, mostCounted)
	if err != nil {
		return []lockstep.Finding{storeUnread.found("%v", err)}
	}
	count := map[lockstep.Disposition]int{}
	for _, w := range backlog {
		count[w.Disposition]++
	}
	if n := count[lockstep.Failed]; n > 0 {
		found = append(found, workFailed.found("%s failed", plural(n, "key")))
	}
	if n := count[lockstep.Parked]; n > 0 {
		found = append(found, workParked.found("%s parked", plural(n, "key")))
	}
	return orFine(found, "nothing failed or parked")
}

// payments looks for events that may grant access and are not processed.
func payments(ctx context.Context, in *Installation) (found []lockstep.Finding) {
	measured, is := in.Store.(lockstep.Measured)
	if !is {
		return []lockstep.Finding{skipped("the store does not measure itself")}
	}
	m, err := measured.Measure(ctx, ingest.Granting())
	if err != nil {
		return []lockstep.Finding{storeUnread.found("%v", err)}
	}
	if n := m.Granting[lockstep.EventParked].Count; n > 0 {
		found = append(found, paymentParked.found("%s about payments belong to no known account", plural(int(n), "event")))
	}
	if age := max(m.Granting[lockstep.EventPending].Age, m.Granting[lockstep.EventFailed].Age); age > waitsLong {
		found = append(found, paymentWaiting.found("an event about a payment waits since %s", moment(time.Now().Add(-age))))
	}
	var oldest time.Duration
	for _, due := range m.Due {
		oldest = max(oldest, due.Age)
	}
	if oldest > waitsLong {
		found = append(found, slow.found("due work waits since %s", moment(time.Now().Add(-oldest))))
	}
	return orFine(found, "no event about a payment waits")
}

// refusedSteps counts the accounts with a step that a provider refused.
func refusedSteps(ctx context.Context, in *Installation) []lockstep.Finding {
	const most = 100
	troubled, err := in.Store.Troubled(ctx, lockstep.Account{}, most)
	switch {
	case err != nil:
		return []lockstep.Finding{storeUnread.found("%v", err)}
	case len(troubled) == most:
		return []lockstep.Finding{stepsRefused.found("at least %d accounts", most)}
	case len(troubled) > 0:
		return []lockstep.Finding{stepsRefused.found("%s", plural(len(troubled), "account"))}
	}
	return []lockstep.Finding{fine("none")}
}
