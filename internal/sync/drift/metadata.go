package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// Merged returns metadata after a change was merged into it, as the directory does it: deeply, and nil
// removes a key.
func Merged(have, change map[string]any) map[string]any {
	all := maps.Clone(have)
	if all == nil {
		all = map[string]any{}
	}
	for key, value := range change {
		inner, isObject := value.(map[string]any)
		old, wasObject := all[key].(map[string]any)
		switch {
		case value == nil:
			delete(all, key)
		case isObject && wasObject:
			all[key] = Merged(old, inner)
		case isObject:
			all[key] = Merged(nil, inner)
		default:
			all[key] = value
		}
	}
	return all
}

// Versions are the values of our keys in an account's metadata.
type Versions struct {
	Ours     map[string]any // as we last wrote them
	Theirs   map[string]any // as the directory has them
	Expected map[string]any // as a sync leaves them
}

// Metadata returns what differs in the directory, and which of our notes of it are out of date although
// the directory needs no change. names are our keys.
func Metadata(v Versions, names []string) []lockstep.Difference {
	var found []lockstep.Difference
	for _, name := range names {
		if name != "" {
			found = append(found, metadata("metadata."+name, v.Ours[name], v.Theirs[name], v.Expected[name])...)
		}
	}
	return found
}

// metadata compares a value; the members of an object one by one.
func metadata(path string, ours, theirs, expected any) (found []lockstep.Difference) {
	objects := [3]map[string]any{}
	all := true
	for i, value := range []any{ours, theirs, expected} {
		object, is := value.(map[string]any)
		objects[i], all = object, all && (is || value == nil)
	}
	if all && (ours != nil || theirs != nil || expected != nil) {
		for _, key := range members(objects[:]...) {
			found = append(found, metadata(path+"."+key, objects[0][key], objects[1][key], objects[2][key])...)
		}
		return found
	}
	d := lockstep.Difference{Where: lockstep.DriftIdentity, Field: path, Ours: show(ours), Theirs: show(theirs),
		Expected: show(expected)}
	switch {
	case !reflect.DeepEqual(theirs, expected):
	case !reflect.DeepEqual(ours, expected):
		d.Where = lockstep.DriftDatabase
	default:
		return nil
	}
	if d.Theirs != d.Ours && d.Theirs != d.Expected && !plain.MatchString(d.Theirs) {
		d.Theirs = lockstep.NotShown
	}
	return []lockstep.Difference{d}
}

// plain matches what cannot be personal. Someone may have written anything under our keys.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.-]{0,64}$`)

func members(objects ...map[string]any) []string {
	all := map[string]bool{}
	for _, o := range objects {
		for key := range o {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// show returns a value as text; empty: it is absent.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
