package main

import (
	"context"
	"net/http"
	"slices"
	"time"
)

const (
	// mostKeys is how many keys one request marks or asks about.
	mostKeys = 100
	// openEvery is the pause between two questions for keys that have not run.
	openEvery = 500 * time.Millisecond
	// mostFixes is how often a fix starts over: a customer that was linked may bring more.
	mostFixes = 3
)

// fix syncs what differs, waits until that is done, and compares it again, until all agree.
func (v *verification) fix(ctx context.Context) error {
	until := time.Now().Add(v.command.Wait)
	for range mostFixes {
		found := v.differ
		if len(found) == 0 || time.Now().After(until) {
			return nil
		}
		if v.began = true; v.command.All {
			v.show.end()
		}
		if err := v.sync(ctx, found, until); err != nil {
			return err
		}
		v.differ = nil
		var accounts []string
		for _, c := range found {
			v.tally.remove(c)
			if !slices.Contains(accounts, c.Account) {
				accounts = append(accounts, c.Account)
			}
		}
		if err := v.named(ctx, accounts); err != nil {
			return err
		}
	}
	return nil
}

// sync marks the keys of the differences, and waits until they have run.
func (v *verification) sync(ctx context.Context, found []comparison, until time.Time) error {
	var keys []string
	for _, c := range found {
		for _, key := range c.Fix {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	for some := range slices.Chunk(keys, mostKeys) {
		// After a restore, all may mean every account: buyers go first.
		request := map[string]any{"keys": some, "background": v.command.All}
		if err := v.command.call(ctx, v.in, http.MethodPost, "/v1/verify/fix", request, nil); err != nil {
			return err
		}
	}
	return v.await(ctx, keys, until)
}

// openKey is a key that has not run.
type openKey struct{ Key, Disposition, Reason string }

// await waits until no key is open, or until a time. It prints the keys that are open then.
func (v *verification) await(ctx context.Context, keys []string, until time.Time) error {
	ticker := time.NewTicker(openEvery)
	defer ticker.Stop()
	for {
		open, err := v.open(ctx, keys)
		if err != nil {
			return err
		}
		v.show.at(backfillProgress{Phase: "syncing", Done: int64(len(keys) - len(open)), Total: int64(len(keys))})
		switch {
		case len(open) == 0:
			v.show.end()
			return nil
		case time.Now().After(until):
			v.show.end()
			for _, key := range open {
				v.in.log.Warn("not synced within --wait; Lockstep continues", "key", key.Key, "reason", key.Reason)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (v *verification) open(ctx context.Context, keys []string) (open []openKey, err error) {
	for some := range slices.Chunk(keys, mostKeys) {
		var page struct{ Data []openKey }
		if err := v.command.send(ctx, v.in, message{method: http.MethodPost, path: "/v1/verify/open",
			body: map[string]any{"keys": some}}, &page); err != nil {
			return nil, err
		}
		open = append(open, page.Data...)
	}
	return open, nil
}
