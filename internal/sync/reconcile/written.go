package reconcile

import (
	"context"

	"github.com/lockstep-dev/lockstep"
)

// WrittenTo says where changed access was written.
type WrittenTo string

// The places, in the order in which a run writes them.
const (
	ToDatabase WrittenTo = "database"
	ToMetadata WrittenTo = "metadata"
)

// commit saves what was decided, and notes it if it changes who has access to what.
func (as *Accounts) commit(ctx context.Context, d *draft, plan decided) error {
	if err := as.drafts().commit(ctx, d, plan); err != nil {
		return err
	}
	if as.AccessWritten == nil || d.found.UpdatedAt.Equal(d.was.UpdatedAt) { // nothing was saved
		return nil
	}
	if changed(as.Catalog.Access(d.found, plan.at), as.Catalog.Access(d.now, plan.at)) {
		as.AccessWritten(ctx, d.claim.Key, ToDatabase)
	}
	return nil
}

// changed reports whether an app would answer differently.
func changed(was, now lockstep.Access) bool {
	return was.Active != now.Active || was.Plan != now.Plan || was.Status != now.Status
}

// noteMetadata notes a write of metadata that says who has access to what.
func (as *Accounts) noteMetadata(ctx context.Context, d *draft, p *projection) {
	if _, refused := d.now.Problem(lockstep.StepMetadata); refused || as.AccessWritten == nil {
		return
	}
	for _, key := range []string{as.Keys.Status, as.Keys.Plan} {
		if _, has := p.change[key]; has {
			as.AccessWritten(ctx, d.claim.Key, ToMetadata)
			return
		}
	}
}
