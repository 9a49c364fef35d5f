package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// recorded runs do, and records it in the audit log. Without a database it runs all the same: setup is for the
// time before the first start too.
func (c *setupCommand) recorded(ctx context.Context, in *surroundings, t *setupTarget, r *setupReport,
	do func() error) (err error) {
	store, err := openExisting(ctx, t.database, t.file.Connections, in)
	if err != nil {
		r.Recorded = "not recorded: " + err.Error()
		return do()
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r.Recorded = "recorded"
	action := audit.Action{Actor: c.operator().Name, Name: "setup", Reason: c.Reason,
		Subjects: []audit.Subject{{Name: "stripe"}}}
	return (&audit.Recorder{Store: store, Log: in.log}).Do(ctx, action, func(trail *audit.Trail) error {
		before := r.Findings
		err := do()
		var fixed []string
		for _, f := range r.Findings {
			if f.Fixed {
				fixed = append(fixed, f.Subject+": "+f.Problem+"; "+f.Fix)
			}
		}
		after := audit.Facts{"fixed": fixed}
		if err != nil {
			after["failed"] = true
		}
		if err == nil || len(fixed) > 0 { // a failure does not stop the other changes
			trail.Done(action.Subjects[0], audit.Facts{"differences": len(before)}, after)
		}
		return err
	})
}

// openExisting opens the store, if its database exists and needs no migration. A setup by a newer program must not
// migrate the database under the service.
func openExisting(ctx context.Context, url string, connections int, in *surroundings) (lockstep.Store, error) {
	store, err := openStore(ctx, databaseURL{url, connections, true}, in.log)
	var pending *lockstep.MigrationsPendingError
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, &pending) && pending.Database == 0 {
		return nil, errNoDatabase
	}
	return store, err
}
