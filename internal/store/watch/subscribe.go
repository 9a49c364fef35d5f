package watch

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// subscriber waits for changes of an account.
type subscriber struct{ changed chan struct{} }

// Subscribe returns a channel that receives after the account's record has changed, at most Config.Poll
// after the commit of any process. Changes that were not received yet are merged into one, and sometimes
// there is no change behind a signal. So read the record after each signal, and once after subscribing.
// The channel is never closed. Call cancel when done; calling it again does nothing.
func (w *Watch) Subscribe(account lockstep.Account) (changed <-chan struct{}, cancel func()) {
	me := &subscriber{changed: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.subscribers[account] == nil {
		w.subscribers[account] = map[*subscriber]struct{}{}
	}
	w.subscribers[account][me] = struct{}{}
	if w.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		w.stop = stop
		go w.keepPolling(ctx)
	}
	return me.changed, func() { w.unsubscribe(account, me) }
}

func (w *Watch) unsubscribe(account lockstep.Account, who *subscriber) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.subscribers[account], who)
	if len(w.subscribers[account]) == 0 {
		delete(w.subscribers, account)
	}
	if len(w.subscribers) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// keepPolling polls for changes until ctx ends. After a failed poll, the next one finds what it missed.
func (w *Watch) keepPolling(ctx context.Context) {
	ticker := time.NewTicker(w.config.Poll)
	defer ticker.Stop()
	for {
		w.poll(ctx)
		select {
		case <-ticker.C:
		case <-w.hurry:
		case <-ctx.Done():
			return
		}
	}
}

// notify signals subscribers without blocking. One that has not received the last signal needs no other.
func notify(subscribers map[*subscriber]struct{}) {
	for s := range subscribers {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}
