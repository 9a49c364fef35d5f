package reconcile

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/lockstep-dev/lockstep"
)

// Clerk keeps 8 KB of public metadata, which the app fills too. If there is no room for all of ours,
// the most important goes first:
//
//  1. status and plan; our other keys that are out of date are removed, which also makes room, and
//     if that is not enough, all our other keys;
//  2. the subscription's id, then the customer's;
//  3. the billing object without its features and limits, which the API has.
//
// Each is one write, until one is refused. None of this is retried until the app's metadata or ours
// changes.

// mergeLess writes as much as there is room for, after the directory refused the whole change. It
// returns what the metadata holds of ours then.
func (m metadata) mergeLess(ctx context.Context, d *draft, p *projection, cause error) (map[string]any, error) {
	s := squeeze{m, d, map[string]any{}}
	for key := range p.want {
		s.held[key] = p.have[key]
	}
	stale, alone := p.essentials(m.keys, s.held)
	room, err := s.merge(ctx, stale)
	if err == nil && !room {
		room, err = s.merge(ctx, alone)
	}
	for _, part := range p.further(m.keys) {
		if err != nil || !room {
			break
		}
		room, err = s.merge(ctx, part)
	}
	if err != nil {
		return nil, err
	}
	return s.held, d.refused(ctx, lockstep.StepMetadata, p.fullness(patch(s.held, p.want)), cause)
}

// squeeze writes metadata in parts.
type squeeze struct {
	metadata metadata
	d        *draft
	held     map[string]any // what the metadata holds of ours
}

// merge writes a part, and reports whether there was room for it.
func (s squeeze) merge(ctx context.Context, part map[string]any) (room bool, err error) {
	change := patch(s.held, part)
	if len(change) == 0 {
		return true, nil
	}
	s.d.now.PacedUntil, s.d.paced = s.d.now.PacedUntil.Add(writeEvery), true
	err = s.metadata.directory.MergeMetadata(ctx, s.d.account, change)
	if _, refused := refusal(err); refused {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write metadata: %w", err)
	}
	maps.Copy(s.held, part)
	return true, nil
}

// essentials returns status and plan: with the removal of our other keys that are out of date, and
// with the removal of all our other keys. A billing object that lacks only its features and limits
// is not out of date.
func (p *projection) essentials(keys lockstep.ProjectionKeys, held map[string]any) (stale, alone map[string]any) {
	stale, alone = map[string]any{}, map[string]any{}
	for key := range p.want {
		_, changed := p.change[key]
		if less := p.lessBilling(keys); key == keys.Billing && less != nil && reflect.DeepEqual(held[key], less) {
			changed = false
		}
		switch {
		case key == keys.Status, key == keys.Plan:
			stale[key], alone[key] = p.want[key], p.want[key]
		case changed:
			stale[key], alone[key] = nil, nil
		default:
			alone[key] = nil
		}
	}
	return stale, alone
}

// further returns the parts to add while there is room, the most important first.
func (p *projection) further(keys lockstep.ProjectionKeys) (parts []map[string]any) {
	for _, key := range []string{keys.SubscriptionID, keys.CustomerID} {
		if value, wanted := p.want[key]; wanted {
			parts = append(parts, map[string]any{key: value})
		}
	}
	if less := p.lessBilling(keys); less != nil {
		parts = append(parts, map[string]any{keys.Billing: less})
	}
	return parts
}

// lessBilling returns the billing object without its features and limits; nil if there is none.
func (p *projection) lessBilling(keys lockstep.ProjectionKeys) any {
	billing, is := p.want[keys.Billing].(map[string]any)
	if !is {
		return nil
	}
	less := maps.Clone(billing)
	delete(less, "features")
	delete(less, "limits")
	less["more"] = true
	return less
}
