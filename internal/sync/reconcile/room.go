package reconcile

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// Clerk keeps 8 KB of public metadata, which the application fills too. When there is no room
// for all of ours, what counts most goes first:
//
//  1. status and plan; what else of ours is out of date is removed, which also makes room,
//     and if that is not enough, all else of ours;
//  2. the subscription's id, then the customer's;
//  3. the billing object without its features and limits, which the API has.
//
// Each is one write, until one is refused. Until the application's metadata or ours changes,
// none of this is tried again.

// projectLess writes as much as there is room for, after the whole was refused. It returns
// what the metadata now holds of ours.
func (r *run) projectLess(ctx context.Context, p projection, cause error) (held map[string]any, err error) {
	have := r.now.Projected
	if r.identity != nil {
		have = r.identity.Metadata
	}
	held = map[string]any{}
	for key := range p.want {
		held[key] = have[key]
	}
	// merge writes a part, and reports whether there was room for it.
	merge := func(part map[string]any) (bool, error) {
		change := patch(held, part)
		if len(change) == 0 {
			return true, nil
		}
		r.now.PacedUntil, r.overdrawn = r.now.PacedUntil.Add(writeEvery), true
		err := r.Directory.MergeMetadata(ctx, r.account, change)
		if _, refused := refusal(err); refused {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("write metadata: %w", err)
		}
		maps.Copy(held, part)
		return true, nil
	}
	stale, alone := r.essentials(p, held)
	room, err := merge(stale)
	if err == nil && !room {
		room, err = merge(alone)
	}
	for _, part := range r.further(p) {
		if err != nil || !room {
			break
		}
		room, err = merge(part)
	}
	if err != nil {
		return nil, err
	}
	return held, r.refused(lockstep.StepMetadata, r.fullness(patch(held, p.want)), cause)
}

// essentials are status and plan: without what else of ours is out of date, and alone. A
// billing object that lacks only its features and limits is not out of date.
func (r *run) essentials(p projection, held map[string]any) (stale, alone map[string]any) {
	stale, alone = map[string]any{}, map[string]any{}
	for key := range p.want {
		_, changed := p.change[key]
		if less := r.lessBilling(p); key == r.Keys.Billing && less != nil && reflect.DeepEqual(held[key], less) {
			changed = false
		}
		switch {
		case key == r.Keys.Status, key == r.Keys.Plan:
			stale[key], alone[key] = p.want[key], p.want[key]
		case changed:
			stale[key], alone[key] = nil, nil
		default:
			alone[key] = nil
		}
	}
	return stale, alone
}

// further are the parts to add while there is room, the most important first.
func (r *run) further(p projection) (parts []map[string]any) {
	for _, key := range []string{r.Keys.SubscriptionID, r.Keys.CustomerID} {
		if value, wanted := p.want[key]; wanted {
			parts = append(parts, map[string]any{key: value})
		}
	}
	if less := r.lessBilling(p); less != nil {
		parts = append(parts, map[string]any{r.Keys.Billing: less})
	}
	return parts
}

// lessBilling is the billing object without its features and limits; nil without a billing object.
func (r *run) lessBilling(p projection) any {
	billing, is := p.want[r.Keys.Billing].(map[string]any)
	if !is {
		return nil
	}
	less := maps.Clone(billing)
	delete(less, "features")
	delete(less, "limits")
	less["more"] = true
	return less
}

// fullness identifies a change that was refused, and what the application's own keys were
// then: "?" where this run did not look.
func (r *run) fullness(change map[string]any) string {
	room := "?"
	if r.identity != nil {
		theirs := maps.Clone(r.identity.Metadata)
		maps.DeleteFunc(theirs, func(key string, _ any) bool { return slices.Contains(r.Keys.Names(), key) })
		room = lockstep.DigestOf(theirs)
	}
	return lockstep.DigestOf(change) + "." + room
}

// stillFull reports whether a change is the one that was refused, and the room for it, as far
// as this run has looked, is what it was.
func (r *run) stillFull(digest string, change map[string]any) bool {
	refused, room, _ := strings.Cut(digest, ".")
	now, roomNow, _ := strings.Cut(r.fullness(change), ".")
	return refused == now && (roomNow == "?" || roomNow == room)
}
