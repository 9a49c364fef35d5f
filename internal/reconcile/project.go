package reconcile

import (
	"context"
	"fmt"
	"reflect"

	"github.com/lockstep-dev/lockstep"
)

// project writes our keys of the directory's metadata, if they differ from what
// stands there: as observed in this run, else as we last wrote it. So the echo of
// our own write (user.updated) writes nothing.
func (r *run) project(ctx context.Context, access lockstep.Access) error {
	want := r.Keys.Project(r.now, access)
	have := r.now.Projected
	if r.identity != nil {
		have = r.identity.Metadata
	}
	if change := patch(have, want); len(change) > 0 {
		if err := r.Directory.MergeMetadata(ctx, r.account, change); err != nil {
			return fmt.Errorf("write metadata: %w", err)
		}
	}
	if reflect.DeepEqual(want, r.now.Projected) {
		return nil
	}
	if err := r.Store.SaveProjected(ctx, r.claim, r.account, want); err != nil {
		return fmt.Errorf("record metadata: %w", err)
	}
	r.now.Projected = want
	return nil
}

// patch is what to merge into have so that it holds want under want's keys. The
// merge is deep: what an object of ours no longer has must be removed by a nil.
func patch(have, want map[string]any) map[string]any {
	change := map[string]any{}
	for key, value := range want {
		if reflect.DeepEqual(have[key], value) {
			continue
		}
		wantObject, isObject := value.(map[string]any)
		haveObject, wasObject := have[key].(map[string]any)
		if isObject && wasObject {
			inner := patch(haveObject, wantObject)
			for k := range haveObject {
				if _, kept := wantObject[k]; !kept {
					inner[k] = nil
				}
			}
			value = inner
		}
		change[key] = value
	}
	return change
}
