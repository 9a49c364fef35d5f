package version

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Versions shows an account's objects in each API version.
type Versions struct{ *account.Account }

// APIVersion is the version whose shapes the show methods make, and the
// account's unless its configuration says another.
const APIVersion = "2026-08-26.dahlia"

// All are the API versions that the simulator speaks, oldest first. Stripe
// names a version by its day and, since 2024-09-30, its major release; within a
// major release nothing breaks. Older ones are refused: their shapes are not
// written.
var All = []string{
	"2023-10-16", "2024-04-10", "2024-06-20",
	"2024-09-30.acacia", "2024-10-28.acacia", "2024-11-20.acacia", "2024-12-18.acacia", "2025-01-27.acacia",
	"2025-02-24.acacia",
	"2025-03-31.basil", "2025-04-30.basil", "2025-05-28.basil", "2025-06-30.basil", "2025-07-30.basil", "2025-08-27.basil",
	"2025-09-30.clover", "2025-10-29.clover", "2025-11-17.clover", "2025-12-15.clover", "2026-01-28.clover",
	"2026-02-25.clover",
	"2026-03-25.dahlia", "2026-04-22.dahlia", "2026-05-27.dahlia", "2026-06-24.dahlia", "2026-07-29.dahlia",
	"2026-08-26.dahlia",
	"2026-09-30.endive", "2026-10-28.endive",
}

// Speaks says whether the simulator knows an API version.
func Speaks(version string) bool { return slices.Contains(All, version) }

// VersionOf returns the API version that a request speaks: the one it names, or
// the account's.
func (s *Versions) VersionOf(request *wire.Request) (string, *api.Error) {
	version := strings.Join(request.Header.Values("Stripe-Version"), ", ")
	switch {
	case version == "":
		return s.Version, nil
	case !Speaks(version):
		return "", api.Malformed("", "", "Invalid Stripe API version: %s", version)
	}
	return version, nil
}

// changes turn objects of one shape into another, by what their object field says.
type changes map[string]func(*Versions, api.Object)

// release is a version with breaking changes. Everything is shown in the shape
// of APIVersion first; older shapes are reached from there one release at a
// time, and newer ones likewise.
type release struct {
	Since string
	// undo makes the shape before the release, for releases up to APIVersion.
	undo changes
	// apply makes the shape of the release, for later ones.
	apply changes
}

// releases are the breaking ones, newest first.
var releases = []release{Endive, dahlia, clover, Basil}

// InVersion returns an object as a version shows it. The object itself does not change.
func (s *Versions) InVersion(version string, shown api.Object) api.Object {
	var steps []changes
	for _, r := range releases {
		switch {
		case r.Since > APIVersion && version >= r.Since:
			steps = append(steps, r.apply)
		case r.Since <= APIVersion && version < r.Since:
			steps = append(steps, r.undo)
		}
	}
	if len(steps) == 0 {
		return shown
	}
	copied := DeepCopy(shown).(api.Object)
	for _, step := range steps {
		s.walk(copied, step)
	}
	return copied
}

// walk applies one release's changes to an object and all that is in it,
// outermost first.
func (s *Versions) walk(value any, step changes) {
	switch held := value.(type) {
	case api.Object:
		if kind, ok := held["object"].(string); ok && step[kind] != nil {
			step[kind](s, held)
		}
		for _, inner := range held {
			s.walk(inner, step)
		}
	case []any:
		for _, inner := range held {
			s.walk(inner, step)
		}
	}
}

// DeepCopy copies hashes and arrays; what else an object holds never changes.
func DeepCopy(value any) any {
	switch held := value.(type) {
	case api.Object:
		copied := make(api.Object, len(held))
		for name, inner := range held {
			copied[name] = DeepCopy(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(held))
		for i, inner := range held {
			copied[i] = DeepCopy(inner)
		}
		return copied
	}
	return value
}

// InVersionWithPrevious returns an event's object and its previous_attributes as
// a version shows them: what was is put together again, shown in that version,
// and compared there.
func (s *Versions) InVersionWithPrevious(version string, about, previously api.Object) (api.Object, api.Object) {
	shown := s.InVersion(version, about)
	if previously == nil {
		return shown, nil
	}
	before, _ := GoBack(about, previously).(api.Object)
	return shown, api.Previous(s.InVersion(version, before), shown)
}

// GoBack undoes what previous recorded.
func GoBack(now, was any) any {
	differences, nested := was.(api.Object)
	if !nested {
		return was
	}
	switch held := now.(type) {
	case api.Object:
		before := DeepCopy(held).(api.Object)
		for name, old := range differences {
			before[name] = GoBack(before[name], old)
		}
		return before
	case map[string]string:
		before := api.Shown(held)
		for name, old := range differences {
			if text, had := old.(string); had {
				before[name] = text
			} else {
				delete(before, name)
			}
		}
		return before
	}
	return was
}

// Decoded reads an object that was stored as bytes.
func Decoded(raw json.RawMessage) api.Object {
	if len(raw) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil
	}
	fields, _ := asObject(value).(api.Object)
	return fields
}

func asObject(value any) any {
	switch held := value.(type) {
	case map[string]any:
		fields := make(api.Object, len(held))
		for name, inner := range held {
			fields[name] = asObject(inner)
		}
		return fields
	case []any:
		for i, inner := range held {
			held[i] = asObject(inner)
		}
	}
	return value
}
