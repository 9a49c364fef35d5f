package lockstep

import (
	"encoding/json"
	"errors"
)

// ProjectionKeys are the keys of the directory's public metadata that are ours.
// An empty name leaves that part out.
type ProjectionKeys struct {
	CustomerID     string
	SubscriptionID string
	Status         string
	Plan           string
	Billing        string
}

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
// An organization's customer, subscription and status also stand in the metadata
// of the user who bought it, for applications that read only users, unless that
// user has access of their own.
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
		if s.ID == access.SubscriptionID {
			status = subscriptionStatus(s)
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
	return p
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
