package token

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Permissions are a role's custom permissions as the claims fea, o.per and o.fpm
// hold them. Mapping has one number per feature. Its bits say which of the
// permissions the feature has, the lowest bit for the first.
type Permissions struct{ Features, Names, Mapping string }

// Pack packs permission keys such as org:feature:action. It leaves out keys of
// any other form.
func Pack(keys []string) Permissions {
	actions := map[string]bool{}
	granted := map[string]map[string]bool{} // by feature
	for _, key := range keys {
		parts := strings.Split(key, ":")
		if len(parts) != 3 {
			continue
		}
		actions[parts[2]] = true
		if granted[parts[1]] == nil {
			granted[parts[1]] = map[string]bool{}
		}
		granted[parts[1]][parts[2]] = true
	}
	names := slices.Sorted(maps.Keys(actions))
	var features, mapping []string
	for _, feature := range slices.Sorted(maps.Keys(granted)) {
		bits := 0
		for i, name := range names {
			if granted[feature][name] {
				bits |= 1 << i
			}
		}
		features, mapping = append(features, "o:"+feature), append(mapping, strconv.Itoa(bits))
	}
	return Permissions{Features: strings.Join(features, ","), Names: strings.Join(names, ","),
		Mapping: strings.Join(mapping, ",")}
}
