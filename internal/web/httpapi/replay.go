package httpapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// namedSubjects is the most events that the audit log names one by one.
const namedSubjects = 20

type replayInput struct {
	Body struct {
		Events     []string `json:"events" minItems:"1" maxItems:"200" example:"evt_1" doc:"Ids of events, or SOURCE/ID: stripe/evt_1"`
		Background bool     `json:"background,omitempty" doc:"Everything else goes first; for many events"`
	}
}

func (in *replayInput) subjects() (all []audit.Subject) {
	if len(in.Body.Events) > namedSubjects {
		return []audit.Subject{{Name: fmt.Sprintf("%d events", len(in.Body.Events))}}
	}
	for _, id := range in.Body.Events {
		all = append(all, audit.Object("event", id))
	}
	return all
}

// refs returns the events that the request names.
func (in *replayInput) refs() (refs []lockstep.EventRef) {
	for _, text := range in.Body.Events {
		ref := lockstep.EventRef{ID: text}
		if source, id, has := strings.Cut(text, "/"); has {
			ref = lockstep.EventRef{Source: lockstep.Source(source), ID: id}
		}
		refs = append(refs, ref)
	}
	return refs
}

type replayOutput struct {
	Body struct {
		Replayed int      `json:"replayed" doc:"How many events marked a key"`
		Reopened int      `json:"reopened" doc:"How many of them had been parked, failed or dropped, or were pending: they are pending now"`
		Ignored  int      `json:"ignored" doc:"How many have no key, because their type changes nothing: they marked nothing"`
		Keys     []string `json:"keys" doc:"The keys that were marked"`
		Unknown  []string `json:"unknown" doc:"What is not stored; nothing was changed about it"`
	}
}

// replay marks the keys of events again. It applies no event: the workers look at the current state.
func (a *API) replay(ctx context.Context, in *replayInput, trail *audit.Trail) (*replayOutput, error) {
	priority := lockstep.Normal
	if in.Body.Background {
		priority = lockstep.Background
	}
	refs := in.refs()
	replayed, err := a.Store.Replay(ctx, lockstep.ReplayRequest{Events: refs, Priority: priority, Scope: a.Operations.scope})
	if err != nil {
		return nil, a.problem(ctx, "replay events", err)
	}
	if len(replayed) == 0 {
		return nil, huma.Error404NotFound("events: none of them is stored; they did not arrive, or their retention has ended")
	}
	out := &replayOutput{}
	out.Body.Unknown = unknownEvents(refs, replayed)
	statuses := map[lockstep.Key]audit.Facts{}
	for _, r := range replayed {
		if r.Key.IsZero() {
			out.Body.Ignored++
			continue
		}
		out.Body.Replayed++
		if r.Reopened {
			out.Body.Reopened++
		}
		if statuses[r.Key] == nil {
			statuses[r.Key] = audit.Facts{}
		}
		before, _ := statuses[r.Key][string(r.Event.Status)].(int)
		statuses[r.Key][string(r.Event.Status)] = before + 1
	}
	out.Body.Keys = recordReplay(trail, statuses)
	a.Wake()
	a.Log.WarnContext(ctx, "events replayed by an operator", "events", out.Body.Replayed, "keys", len(out.Body.Keys))
	return out, nil
}

// recordReplay notes for each key how many of its events had which status. It returns the keys.
func recordReplay(trail *audit.Trail, statuses map[lockstep.Key]audit.Facts) []string {
	keys := []string{}
	for key := range maps.Keys(statuses) {
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	for _, text := range keys {
		key, err := lockstep.ParseKey(text)
		if err == nil {
			trail.Done(keySubject(text), audit.Facts{"events": statuses[key]}, audit.Facts{"status": lockstep.WorkPending})
		}
	}
	return keys
}

// unknownEvents returns the requested events that are not stored.
func unknownEvents(refs []lockstep.EventRef, replayed []lockstep.Replayed) []string {
	unknown := []string{}
	for _, ref := range refs {
		if !slices.ContainsFunc(replayed, func(r lockstep.Replayed) bool {
			return r.Event.ID == ref.ID && (ref.Source == "" || ref.Source == r.Event.Source)
		}) {
			unknown = append(unknown, ref.ID)
		}
	}
	return unknown
}
