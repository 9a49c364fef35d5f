package reconcile

import (
	"context"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// AccessWrites says when a run wrote changed access; zero: it did not.
type AccessWrites struct {
	Database time.Time // the API answers with it
	Metadata time.Time // the directory's metadata has it
}

// commit saves what was decided, and notes when, if it changes who has access to what.
func (as *Accounts) commit(ctx context.Context, d *draft, plan decided) error {
	if err := as.drafts().commit(ctx, d, plan); err != nil {
		return err
	}
	saved := !d.found.UpdatedAt.Equal(d.was.UpdatedAt)
	if saved && changed(as.Catalog.Access(d.found, plan.at), as.Catalog.Access(d.now, plan.at)) {
		d.written.Database = time.Now()
	}
	return nil
}

// changed reports whether an app would answer differently.
func changed(was, now lockstep.Access) bool {
	return was.Active != now.Active || was.Plan != now.Plan || was.Status != now.Status
}

// noteMetadata notes when metadata was written that says who has access to what.
func (as *Accounts) noteMetadata(d *draft, p *projection) {
	if _, refused := d.now.Problem(lockstep.StepMetadata); refused {
		return
	}
	for _, key := range []string{as.Keys.Status, as.Keys.Plan} {
		if _, has := p.change[key]; has {
			d.written.Metadata = time.Now()
			return
		}
	}
}

// reportWrites reports the writes of changed access. It comes after them, because the report may read the
// database, and before the run's events are settled, because it reads those.
func (as *Accounts) reportWrites(ctx context.Context, d *draft) {
	if as.AccessWritten != nil && d.written != (AccessWrites{}) {
		as.AccessWritten(ctx, d.claim.Key, d.written)
	}
}
