package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// Clerk accepts ten writes of one user's or organization's metadata in ten seconds, and the app may
// make some of them. So we use half: five at once, then one every two seconds. A delayed write is
// not lost: the next run writes what is true by then.
const (
	writeEvery = 2 * time.Second
	writeBurst = 5
)

// pace reserves the next write of an account's metadata, or says how long until one is allowed.
// until is the record's, see [lockstep.Record]. A clock far ahead of ours may have written it, so
// it counts only up to the end of a burst.
func pace(until, now time.Time) (next time.Time, wait time.Duration) {
	const ahead = (writeBurst - 1) * writeEvery
	if until.Before(now) {
		until = now
	}
	if furthest := now.Add(ahead + writeEvery); until.After(furthest) {
		until = furthest
	}
	if wait := until.Sub(now) - ahead; wait > 0 {
		return until, wait
	}
	return until.Add(writeEvery), 0
}

// projection is what to write into the directory's metadata.
type projection struct {
	want   map[string]any // our keys
	have   map[string]any // what the metadata holds, as far as we know
	change map[string]any // what differs; empty: nothing is written
	room   string         // identifies the app's own keys; "?" if this run has not read them
	wait   time.Duration  // until a write is allowed
	same   bool           // the directory refused the same change before
}

// project decides which of our keys differ from what the directory's metadata holds: as read in
// this run, else as we last wrote it. So the echo of our own write (user.updated) writes nothing. A
// change that was refused is not retried until it or the app's own metadata differs.
func (r rules) project(now lockstep.Record, o observed, access lockstep.Access) *projection {
	p := &projection{want: r.keys.Project(now, access), have: now.Projected, room: "?"}
	if o.identity != nil {
		p.have, p.room = o.identity.Metadata, r.roomIn(o.identity.Metadata)
	}
	p.change = patch(p.have, p.want)
	known, found := now.Problem(lockstep.StepMetadata)
	switch {
	case found && len(p.change) > 0 && p.stillFull(known.Digest):
		return &projection{want: now.Projected, same: true}
	case o.held && !access.Active:
		return &projection{want: now.Projected}
	case o.held:
		r.spare(p)
	}
	return p
}

// pace has the projection wait for its turn, and returns until when the record's turns are taken.
func (p *projection) pace(until, at time.Time) time.Time {
	if len(p.change) > 0 {
		until, p.wait = pace(until, at)
	}
	return until
}

// roomIn identifies the app's own keys in metadata.
func (r rules) roomIn(metadata map[string]any) string {
	theirs := maps.Clone(metadata)
	maps.DeleteFunc(theirs, func(key string, _ any) bool { return slices.Contains(r.keys.Names(), key) })
	return lockstep.DigestOf(theirs)
}

// fullness identifies a change that was refused, and the app's own keys at that time.
func (p *projection) fullness(change map[string]any) string {
	return lockstep.DigestOf(change) + "." + p.room
}

// stillFull reports whether the change is the one that was refused with a digest, and the app's own
// keys, if this run has read them, are the same.
func (p *projection) stillFull(digest string) bool {
	refused, room, _ := strings.Cut(digest, ".")
	now, roomNow, _ := strings.Cut(p.fullness(p.change), ".")
	return refused == now && (roomNow == "?" || roomNow == room)
}

// spare takes from a held account's projection what would remove or lower something: what would be
// removed, and a status that is not active.
func (r rules) spare(p *projection) {
	for key, value := range p.want {
		if value == nil || key == r.keys.Status && value != "active" {
			delete(p.want, key)
			delete(p.change, key)
		}
	}
}

// patch returns what to merge into have so that it holds want under want's keys. The merge is deep:
// a nil removes what an object of ours no longer has.
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

// metadataStore is the store as [metadata] uses it.
type metadataStore interface {
	SaveProjected(ctx context.Context, claim lockstep.Claim, account lockstep.Account, projected map[string]any) error
}

// metadata writes projections into the directory.
type metadata struct {
	store     metadataStore
	directory interface {
		MergeMetadata(ctx context.Context, account lockstep.Account, metadata map[string]any) error
	}
	keys lockstep.ProjectionKeys
}

func (as *Accounts) metadata() metadata { return metadata{as.Store, as.Providers.Directory, as.Keys} }

// write writes a projection, and records what the metadata holds of ours then.
func (m metadata) write(ctx context.Context, d *draft, p *projection) error {
	if p.wait > 0 {
		return &lockstep.DelayError{Reason: "the metadata was just written too often", After: p.wait, Untried: true}
	}
	held := p.want
	switch {
	case p.same:
		known, _ := d.now.Problem(lockstep.StepMetadata)
		d.fail(lockstep.StepMetadata, known.Reason)
	case len(p.change) == 0:
		d.now.ClearProblem(lockstep.StepMetadata)
	default:
		var err error
		if held, err = m.merge(ctx, d, p); err != nil {
			return err
		}
	}
	if reflect.DeepEqual(held, d.now.Projected) {
		return nil
	}
	if err := m.store.SaveProjected(ctx, d.claim, d.account, held); err != nil {
		return fmt.Errorf("record metadata: %w", err)
	}
	d.now.Projected, d.was.Projected = held, held
	d.facts.Write(database, "projection", 1)
	return nil
}

// merge merges the change, or as much of it as the directory accepts. It returns what the metadata
// holds of ours then.
func (m metadata) merge(ctx context.Context, d *draft, p *projection) (held map[string]any, err error) {
	err = m.directory.MergeMetadata(ctx, d.account, p.change)
	if err == nil {
		d.merged = true
		d.now.ClearProblem(lockstep.StepMetadata)
		return p.want, nil
	}
	missing := errors.Is(err, lockstep.ErrNotFound)
	_, refused := refusal(err)
	err = fmt.Errorf("write metadata: %w", err)
	switch {
	case missing: // the account is gone; its deletion follows
		return d.now.Projected, d.refused(ctx, lockstep.StepMetadata, "", err)
	case refused:
		return m.mergeLess(ctx, d, p, err)
	}
	return nil, err
}
