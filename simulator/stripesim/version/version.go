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

// APIVersion is the version of the shapes that package account shows, and the
// default version of an account.
const APIVersion = "2026-08-26.dahlia"

// All lists the supported API versions, oldest first. A version is named by its
// date and, since 2024-09-30, its major release. Only major releases contain
// breaking changes. Older versions are refused, because their shapes are not
// implemented.
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

// Speaks reports whether the simulator supports an API version.
func Speaks(version string) bool { return slices.Contains(All, version) }

// VersionOf returns the API version of a request: the one it names, or the
// account's.
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

// changes maps a type of object to a function that changes its shape in place.
type changes map[string]func(*Versions, api.Object)

// release is a version with breaking changes. Objects are first shown in the
// shape of APIVersion. Older shapes are reached from there one release at a
// time, and so are newer ones.
type release struct {
	Since string
	// undo restores the shape before the release. It is set for releases up to
	// APIVersion.
	undo changes
	// apply makes the shape of the release. It is set for later releases.
	apply changes
}

// releases lists the breaking releases, newest first.
var releases = []release{Endive, dahlia, clover, Basil}

// InVersion returns an object in the shape of a version. It does not change the
// original.
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

// walk applies the changes of one release to an object and everything in it,
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

// DeepCopy copies objects and arrays. Other values never change, so they are
// shared.
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

// InVersionWithPrevious returns an event's object and its previous_attributes
// in the shape of a version. It restores the object before the change, converts
// both, and compares them.
func (s *Versions) InVersionWithPrevious(version string, about, previously api.Object) (api.Object, api.Object) {
	shown := s.InVersion(version, about)
	if previously == nil {
		return shown, nil
	}
	before, _ := GoBack(about, previously).(api.Object)
	return shown, api.Previous(s.InVersion(version, before), shown)
}

// GoBack undoes the changes recorded in previous_attributes.
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

// Decoded decodes a stored object.
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
