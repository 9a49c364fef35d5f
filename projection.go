package lockstep

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
)

// ProjectionKeys are the keys of the directory's public metadata that are ours.
// An empty name leaves that part out.
type ProjectionKeys struct {
	CustomerID     string
	SubscriptionID string
	Status         string
	Plan           string
	Billing        string

	// Budget is how many bytes of JSON they take together at most; 0 means
	// DefaultProjectionBudget. See [ProjectionKeys.Project] for what is left out.
	Budget int
}

// DefaultProjectionBudget leaves room in a session token, whose custom claims may take
// 1.2 KB in all (Clerk: a cookie of 4 KB).
const DefaultProjectionBudget = 1000

// Limits of a budget: what is never left out needs about so much, and metadata may take
// 8 KB together with the application's own.
const (
	leastBudget = 256
	mostBudget  = 7168
)

// DefaultProjectionKeys are the names that existing applications read.
var DefaultProjectionKeys = ProjectionKeys{
	CustomerID:     "stripeCustomerId",
	SubscriptionID: "stripeSubscriptionId",
	Status:         "subscriptionStatus",
	Plan:           "plan",
	Billing:        "billing",
}

// Validate reports keys that are the same.
func (k ProjectionKeys) Validate() error {
	if k.Budget != 0 && (k.Budget < leastBudget || k.Budget > mostBudget) {
		return fmt.Errorf("projection: a budget of %d bytes is not between %d and %d", k.Budget, leastBudget, mostBudget)
	}
	seen := map[string]bool{}
	for _, name := range k.names() {
		if name != "" && seen[name] {
			return errors.New("projection: two parts share the metadata key " + name)
		}
		seen[name] = true
	}
	return nil
}

func (k ProjectionKeys) names() []string {
	return []string{k.CustomerID, k.SubscriptionID, k.Status, k.Plan, k.Billing}
}

// Project returns what the directory's metadata should hold under our keys; nil
// values mean that the key should not be there. The values are as encoding/json
// decodes them, so that they compare with what the directory answers.
//
// The subscription of a claimed customer is not shown: somebody else may own it.
//
// An organization's customer, subscription and status also stand in the metadata
// of the user who bought it, for applications that read only users, unless that
// user has access of their own.
//
// What takes more than the budget is cut, the same way each time: first the features,
// from the end of their order, then the limits by name, from the end. "more": true then
// says that something was left out; the API has all. Ids, status and plan are never cut.
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

// cut leaves out of the billing object what is above the budget.
func (k ProjectionKeys) cut(p map[string]any) {
	billing, _ := p[k.Billing].(map[string]any)
	budget := cmp.Or(k.Budget, DefaultProjectionBudget)
	if billing == nil || size(p) <= budget {
		return
	}
	billing["more"] = true
	features, _ := billing["features"].([]any)
	keep := sort.Search(len(features), func(n int) bool { // the first number that is too many
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

// size is how many bytes of JSON metadata takes; keys that are to be removed take none.
func size(p map[string]any) int {
	held := maps.Clone(p)
	maps.DeleteFunc(held, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(held)
	if err != nil {
		panic("lockstep: metadata does not marshal: " + err.Error()) // only strings, numbers and booleans
	}
	return len(text)
}

// subscriptionStatus is the three-valued word that existing applications read.
func subscriptionStatus(s Subscription) string {
	switch {
	case s.Status == "active" || s.Status == "trialing":
		return "active"
	case s.Ended():
		return "cancelled"
	}
	return "inactive"
}

// compact is the rest of access as one small object; nil when there is none to tell.
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

// normalize gives v the types that encoding/json decodes into.
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
