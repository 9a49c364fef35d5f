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
		Unknown  []string `json:"unknown" doc:"Ids of events that are not stored; nothing was changed about them"`
	}
}

// replay marks the keys of events again. It applies no event: the workers look at the current state.
func (a *API) replay(ctx context.Context, in *replayInput, trail *audit.Trail) (*replayOutput, error) {
	priority := lockstep.Normal
	if in.Body.Background {
		priority = lockstep.Background
	}
	replayed, err := a.Store.Replay(ctx, lockstep.ReplayRequest{Events: in.refs(), Priority: priority,
		Scope: a.Operations.scope})
	if err != nil {
		return nil, a.problem(ctx, "replay events", err)
	}
	if len(replayed) == 0 {
		return nil, huma.Error404NotFound("events: none of them is stored; they did not arrive, or their retention has ended")
	}
	out := &replayOutput{}
	out.Body.Unknown = in.unknown(replayed)
	if len(in.Body.Events) <= namedSubjects {
		for _, id := range out.Body.Unknown {
			trail.Done(audit.Object("event", id), nil, audit.Facts{"stored": false})
		}
	}
	out.Body.Keys = recordReplay(trail, out.count(replayed))
	a.Wake()
	a.Log.WarnContext(ctx, "events replayed by an operator", "events", out.Body.Replayed, "keys", len(out.Body.Keys))
	return out, nil
}

// count counts the events. It returns how many each key has, by the status before.
func (out *replayOutput) count(replayed []lockstep.Replayed) map[lockstep.Key]map[lockstep.EventStatus]int {
	statuses := map[lockstep.Key]map[lockstep.EventStatus]int{}
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
			statuses[r.Key] = map[lockstep.EventStatus]int{}
		}
		statuses[r.Key][r.Event.Status]++
	}
	return statuses
}

// recordReplay notes for each key how many of its events had which status. It returns the keys.
func recordReplay(trail *audit.Trail, statuses map[lockstep.Key]map[lockstep.EventStatus]int) []string {
	keys := []string{}
	for _, key := range slices.SortedFunc(maps.Keys(statuses), func(a, b lockstep.Key) int {
		return strings.Compare(a.String(), b.String())
	}) {
		trail.Done(keySubject(key.String()), audit.Facts{"events": statuses[key]}, audit.Facts{"status": lockstep.WorkPending})
		keys = append(keys, key.String())
	}
	return keys
}

// unknown returns the requested events that are not stored, as the caller wrote them.
func (in *replayInput) unknown(replayed []lockstep.Replayed) []string {
	unknown := []string{}
	for i, ref := range in.refs() {
		if !slices.ContainsFunc(replayed, func(r lockstep.Replayed) bool {
			return r.Event.ID == ref.ID && (ref.Source == "" || ref.Source == r.Event.Source)
		}) {
			unknown = append(unknown, in.Body.Events[i])
		}
	}
	return unknown
}
