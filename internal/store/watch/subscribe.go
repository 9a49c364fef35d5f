package watch

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// waiter is one who waits for an account's changes.
type waiter struct{ told chan struct{} }

// Subscribe returns a channel that receives after the account's record has changed,
// at the latest Config.Poll after the commit, whichever process made it. Several
// changes that nobody has received yet are one, and now and then there is none: look
// at the account, also once after having subscribed. The channel is never closed.
// Call cancel when done; calling it again does nothing.
func (w *Watch) Subscribe(account lockstep.Account) (changed <-chan struct{}, cancel func()) {
	me := &waiter{told: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[account] == nil {
		w.waiting[account] = map[*waiter]struct{}{}
	}
	w.waiting[account][me] = struct{}{}
	if w.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		w.stop = stop
		go w.keepLooking(ctx)
	}
	return me.told, func() { w.unsubscribe(account, me) }
}

func (w *Watch) unsubscribe(account lockstep.Account, who *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiting[account], who)
	if len(w.waiting[account]) == 0 {
		delete(w.waiting, account)
	}
	if len(w.waiting) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// keepLooking looks for changes until nobody waits any more. What a failed look
// has missed, the next that succeeds finds.
func (w *Watch) keepLooking(ctx context.Context) {
	ticker := time.NewTicker(w.config.Poll)
	defer ticker.Stop()
	for {
		w.look(ctx)
		select {
		case <-ticker.C:
		case <-w.hurry:
		case <-ctx.Done():
			return
		}
	}
}

// tell never blocks: who has not received the last change yet knows enough.
func tell(waiters map[*waiter]struct{}) {
	for w := range waiters {
		select {
		case w.told <- struct{}{}:
		default:
		}
	}
}
