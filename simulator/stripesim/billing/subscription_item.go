package billing

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const itemBilling = " payment_behavior proration_behavior proration_date"

func (s *Billing) subscriptionItemRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/subscription_items", "subscription price price_data quantity metadata"+itemBilling,
			s.createItem),
		api.Op(http.MethodGet, "/v1/subscription_items", "subscription"+api.Paging, s.listItems),
		api.Op(http.MethodGet, "/v1/subscription_items/{}", "", s.retrieveItem),
		api.Op(http.MethodPost, "/v1/subscription_items/{}", "price price_data quantity metadata off_session"+itemBilling,
			s.updateItem),
		api.Op(http.MethodDelete, "/v1/subscription_items/{}", "clear_usage"+itemBilling, s.deleteItem),
	}
}

// indexItems registers a subscription's items by their ids.
func (s *Billing) indexItems(sub *state.Subscription) {
	if s.State.Items == nil {
		s.State.Items = map[string]string{}
	}
	for _, item := range sub.Items {
		s.State.Items[item.ID] = sub.ID
	}
}

// runningItem returns an item that can be changed.
func (s *Billing) runningItem(id string) (*state.Subscription, int, *api.Error) {
	sub, at := s.ItemOf(id)
	switch {
	case sub == nil || !sub.Live():
		return nil, 0, api.NoSuch("subscription_item", id, "id")
	case sub.Status == "incomplete":
		return nil, 0, api.Invalid("", "This subscription is incomplete: its items can be changed once its first invoice is paid.")
	}
	return sub, at, nil
}

func (s *Billing) createItem(c *api.Call) (api.Object, error) {
	id := c.Required("subscription")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	sub := s.State.Subscriptions.Get(id)
	if sub == nil || !sub.Live() || sub.Status == "incomplete" {
		return nil, api.NoSuch("subscription", id, "subscription")
	}
	to := s.readBilling(c.Params, sub)
	s.readItemChange(c.Params, &to.next, -1)
	s.checkItems(c.Params, &to.next)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	added := to.next.Items[len(to.next.Items)-1].ID
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return s.ShownItem(sub, added), nil
}

func (s *Billing) updateItem(c *api.Call) (api.Object, error) {
	sub, at, failure := s.runningItem(c.Path[0])
	if failure != nil {
		return nil, failure
	}
	to := s.readBilling(c.Params, sub)
	s.readItemChange(c.Params, &to.next, at)
	s.checkItems(c.Params, &to.next)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return s.ShownItem(sub, c.Path[0]), nil
}

func (s *Billing) deleteItem(c *api.Call) (api.Object, error) {
	sub, at, failure := s.runningItem(c.Path[0])
	if failure != nil {
		return nil, failure
	}
	to := s.readBilling(c.Params, sub)
	to.next.Items = slices.Delete(to.next.Items, at, at+1)
	s.checkItems(c.Params, &to.next)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return api.Object{"id": c.Path[0], "object": "subscription_item", "deleted": true}, nil
}

func (s *Billing) retrieveItem(c *api.Call) (api.Object, error) {
	sub, at := s.ItemOf(c.Path[0])
	if sub == nil {
		return nil, api.NoSuch("subscription_item", c.Path[0], "id")
	}
	return s.ShowItem(sub, &sub.Items[at]), nil
}

func (s *Billing) listItems(c *api.Call) (api.Object, error) {
	id := c.Required("subscription")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	sub := s.State.Subscriptions.Get(id)
	if sub == nil {
		return nil, api.NoSuch("subscription", id, "subscription")
	}
	items := make([]*state.SubscriptionItem, len(sub.Items))
	for i := range sub.Items {
		items[i] = &sub.Items[i]
	}
	return api.Paginate(c, api.NewestOf(items), func(*state.SubscriptionItem) bool { return true },
		func(item *state.SubscriptionItem) api.Object { return s.ShowItem(sub, item) })
}
