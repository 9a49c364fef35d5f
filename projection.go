package lockstep

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
)

// ProjectionKeys are the keys of the directory's public metadata that Lockstep writes. An empty name
// omits that part.
type ProjectionKeys struct {
	CustomerID     string
	SubscriptionID string
	Status         string
	Plan           string
	Billing        string

	// Budget is the most bytes of JSON that all parts take together; 0 means
	// DefaultProjectionBudget. [ProjectionKeys.Project] says what it omits.
	Budget int
}

// DefaultProjectionBudget is 1000 bytes. It leaves room in a session token: Clerk allows 1.2 KB of
// custom claims, because browsers limit cookies to 4 KB.
const DefaultProjectionBudget = 1000

// The limits of a budget. The parts that are never omitted need about 256 bytes. Clerk allows 8 KB of
// metadata, including the app's own.
const (
	leastBudget = 256
	mostBudget  = 7168
)

// DefaultProjectionKeys are the names that existing apps read.
var DefaultProjectionKeys = ProjectionKeys{
	CustomerID:     "stripeCustomerId",
	SubscriptionID: "stripeSubscriptionId",
	Status:         "subscriptionStatus",
	Plan:           "plan",
	Billing:        "billing",
}

// Validate rejects a budget out of range and duplicate keys.
func (k ProjectionKeys) Validate() error {
	if k.Budget != 0 && (k.Budget < leastBudget || k.Budget > mostBudget) {
		return fmt.Errorf("projection_budget: %d bytes is out of range; use %d to %d", k.Budget, leastBudget, mostBudget)
	}
	seen := map[string]bool{}
	for _, name := range k.Names() {
		if name != "" && seen[name] {
			return fmt.Errorf("metadata_keys: two parts use the key %q; give each its own", name)
		}
		seen[name] = true
	}
	return nil
}

// Names returns the keys; an omitted part has an empty name.
func (k ProjectionKeys) Names() []string {
	return []string{k.CustomerID, k.SubscriptionID, k.Status, k.Plan, k.Billing}
}

// Project returns the values that the directory's metadata should have under our keys; nil means that
// the key should be absent. Values have the types that encoding/json decodes, so they compare with
// the directory's response.
//
// The subscription of a claimed customer is omitted, because another person may own it.
//
// The user who bought an organization's subscription gets its customer, subscription and status in
// their own metadata, unless they have access of their own. Apps that read only users need this.
//
// If the result exceeds the budget, Project removes features from the end of their order, then limits
// from the end of theirs, and sets "more": true. The API has the full lists. Ids, status and plan
// always stay.
func (k ProjectionKeys) Project(r Record, access Access) map[string]any {
	p := map[string]any{}
	set := func(key string, value any) {
		if key == "" {
			return
		}
		if s, isString := value.(string); isString && s == "" {
			value = nil
		}
		p[key] = value
	}
	customer, subscription, status := r.CustomerID, access.SubscriptionID, "inactive"
	if r.CustomerDeleted {
		customer = ""
	}
	for _, s := range r.Subscriptions {
		if s.ID != access.SubscriptionID {
			continue
		}
		status = subscriptionStatus(s)
		if r.Claims(s.CustomerID) {
			subscription = ""
		}
	}
	if !access.Active {
		for _, paid := range r.PaysFor {
			if !paid.Subscription.Ended() || subscription == "" {
				customer, subscription, status = paid.CustomerID, paid.Subscription.ID, subscriptionStatus(paid.Subscription)
				break
			}
		}
	}
	set(k.CustomerID, customer)
	set(k.SubscriptionID, subscription)
	set(k.Status, status)
	set(k.Plan, access.Plan)
	set(k.Billing, compact(access))
	k.cut(p)
	return p
}

// cut shortens the billing object to the budget.
func (k ProjectionKeys) cut(p map[string]any) {
	billing, _ := p[k.Billing].(map[string]any)
	budget := cmp.Or(k.Budget, DefaultProjectionBudget)
	if billing == nil || size(p) <= budget {
		return
	}
	billing["more"] = true
	features, _ := billing["features"].([]any)
	keep := sort.Search(len(features), func(n int) bool { // the smallest number that is too many
		billing["features"] = features[:n+1]
		return size(p) > budget
	})
	if billing["features"] = features[:keep]; keep == 0 {
		delete(billing, "features")
	}
	limits, _ := billing["limits"].(map[string]any)
	names := slices.Sorted(maps.Keys(limits))
	for len(names) > 0 && size(p) > budget {
		delete(limits, names[len(names)-1])
		names = names[:len(names)-1]
	}
	if len(names) == 0 {
		delete(billing, "limits")
	}
}

// size returns the bytes of JSON that metadata takes. Keys with a nil value take none.
func size(p map[string]any) int {
	held := maps.Clone(p)
	maps.DeleteFunc(held, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(held)
	if err != nil {
		panic("lockstep: metadata does not marshal: " + err.Error()) // only strings, numbers and booleans
	}
	return len(text)
}

// subscriptionStatus returns the value that existing apps read: active, cancelled or inactive.
func subscriptionStatus(s Subscription) string {
	switch {
	case s.Status == "active" || s.Status == "trialing":
		return "active"
	case s.Ended():
		return "cancelled"
	}
	return "inactive"
}

// compact returns access as one small object; nil if the account never bought anything.
func compact(a Access) any {
	if len(a.Reasons) == 0 {
		return nil
	}
	b := map[string]any{"active": a.Active, "status": a.Status}
	if a.Active {
		if len(a.Features) > 0 {
			b["features"] = a.Features
		}
		if len(a.Limits) > 0 {
			b["limits"] = a.Limits
		}
		if a.Seats > 0 {
			b["seats"] = a.Seats
		}
		if a.Until != nil {
			b["until"] = a.Until.Unix()
		}
		if a.Ending {
			b["ending"] = true
		}
	}
	return normalize(b)
}

// normalize converts v to the types that encoding/json decodes.
func normalize(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic("lockstep: access does not marshal: " + err.Error()) // only strings, numbers and booleans
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		panic("lockstep: access does not unmarshal: " + err.Error())
	}
	return out
}
