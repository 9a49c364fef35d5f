package drift

import (
	"regexp"
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// priceName matches what a price and its product are called.
var priceName = regexp.MustCompile(`^(.*\.items\[[^\]]*\])\.(lookup_key|keys|product_id|product_plan|bought_as|sibling_keys)$`)

// PriceName reports whether a field is one of the names of an item's price, and returns the item.
func PriceName(field string) (item string, is bool) {
	found := priceName.FindStringSubmatch(field)
	if found == nil {
		return "", false
	}
	return found[1], true
}

// Found returns the places in which a run found something to change. The names of prices do not count: no
// event is about an account when a price changes.
func Found(was, now lockstep.Record, metadata bool) (places []lockstep.DriftPlace) {
	for _, d := range Records(was, now) {
		if _, is := PriceName(d.Field); !is && !slices.Contains(places, d.Where) {
			places = append(places, d.Where)
		}
	}
	if metadata {
		places = append(places, lockstep.DriftIdentity)
	}
	return places
}
