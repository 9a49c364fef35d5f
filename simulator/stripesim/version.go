package stripesim

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// versions are the API versions that the simulator speaks, oldest first. Stripe
// names a version by its day and, since 2024-09-30, its major release; within a
// major release nothing breaks. Older ones are refused: their shapes are not
// written.
var versions = []string{
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
func Speaks(version string) bool { return slices.Contains(versions, version) }

// versionOf returns the API version that a request speaks: the one it names, or
// the account's.
func (s *Stripe) versionOf(request *wire.Request) (string, *Error) {
	version := strings.Join(request.Header.Values("Stripe-Version"), ", ")
	switch {
	case version == "":
		return s.version, nil
	case !Speaks(version):
		return "", malformed("", "", "Invalid Stripe API version: %s", version)
	}
	return version, nil
}

// changes turn objects of one shape into another, by what their object field says.
type changes map[string]func(*Stripe, object)

// release is a version with breaking changes. Everything is shown in the shape
// of APIVersion first; older shapes are reached from there one release at a
// time, and newer ones likewise.
type release struct {
	since string
	// undo makes the shape before the release, for releases up to APIVersion.
	undo changes
	// apply makes the shape of the release, for later ones.
	apply changes
}

// releases are the breaking ones, newest first.
var releases = []release{endive, dahlia, clover, basil}

// inVersion returns an object as a version shows it. The object itself does not change.
func (s *Stripe) inVersion(version string, shown object) object {
	var steps []changes
	for _, r := range releases {
		switch {
		case r.since > APIVersion && version >= r.since:
			steps = append(steps, r.apply)
		case r.since <= APIVersion && version < r.since:
			steps = append(steps, r.undo)
		}
	}
	if len(steps) == 0 {
		return shown
	}
	copied := deepCopy(shown).(object)
	for _, step := range steps {
		s.walk(copied, step)
	}
	return copied
}

// walk applies one release's changes to an object and all that is in it,
// outermost first.
func (s *Stripe) walk(value any, step changes) {
	switch held := value.(type) {
	case object:
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

// deepCopy copies hashes and arrays; what else an object holds never changes.
func deepCopy(value any) any {
	switch held := value.(type) {
	case object:
		copied := make(object, len(held))
		for name, inner := range held {
			copied[name] = deepCopy(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(held))
		for i, inner := range held {
			copied[i] = deepCopy(inner)
		}
		return copied
	}
	return value
}

// inVersionWithPrevious returns an event's object and its previous_attributes as
// a version shows them: what was is put together again, shown in that version,
// and compared there.
func (s *Stripe) inVersionWithPrevious(version string, about, previously object) (object, object) {
	shown := s.inVersion(version, about)
	if previously == nil {
		return shown, nil
	}
	before, _ := goBack(about, previously).(object)
	return shown, previous(s.inVersion(version, before), shown)
}

// goBack undoes what previous recorded.
func goBack(now, was any) any {
	differences, nested := was.(object)
	if !nested {
		return was
	}
	switch held := now.(type) {
	case object:
		before := deepCopy(held).(object)
		for name, old := range differences {
			before[name] = goBack(before[name], old)
		}
		return before
	case map[string]string:
		before := shown(held)
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

// before says whether the request speaks an API version older than a date.
func (c *call) before(date string) bool { return c.version < date }

// inner returns the hash at a path of hashes, or nil.
func (o object) inner(names ...string) object {
	for _, name := range names {
		o, _ = o[name].(object)
	}
	return o
}

// text returns a field that is a text, or "".
func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

// elements returns what a list object holds.
func (o object) elements() []any {
	data, _ := o["data"].([]any)
	return data
}

// decoded reads an object that was stored as bytes.
func decoded(raw json.RawMessage) object {
	if len(raw) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil
	}
	fields, _ := asObject(value).(object)
	return fields
}

func asObject(value any) any {
	switch held := value.(type) {
	case map[string]any:
		fields := make(object, len(held))
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
