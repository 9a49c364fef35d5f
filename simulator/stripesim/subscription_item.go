package stripesim

import (
	"net/http"
	"slices"
)

const itemBilling = " payment_behavior proration_behavior proration_date"

func (s *Stripe) subscriptionItemRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/subscription_items", "subscription price price_data quantity metadata"+itemBilling,
			s.createItem),
		op(http.MethodGet, "/v1/subscription_items", "subscription"+paging, s.listItems),
		op(http.MethodGet, "/v1/subscription_items/{}", "", s.retrieveItem),
		op(http.MethodPost, "/v1/subscription_items/{}", "price price_data quantity metadata off_session"+itemBilling,
			s.updateItem),
		op(http.MethodDelete, "/v1/subscription_items/{}", "clear_usage"+itemBilling, s.deleteItem),
	}
}

// Key is the id.
func (i *SubscriptionItem) Key() string { return i.ID }

// indexItems makes a subscription's items known by their ids.
func (s *Stripe) indexItems(sub *Subscription) {
	if s.state.Items == nil {
		s.state.Items = map[string]string{}
	}
	for _, item := range sub.Items {
		s.state.Items[item.ID] = sub.ID
	}
}

// itemOf finds an item and its subscription.
func (s *Stripe) itemOf(id string) (*Subscription, int) {
	sub := s.state.Subscriptions.Get(s.state.Items[id])
	if sub == nil {
		return nil, -1
	}
	at := slices.IndexFunc(sub.Items, func(item SubscriptionItem) bool { return item.ID == id })
	if at < 0 {
		return nil, -1 // it was removed
	}
	return sub, at
}

// runningItem finds an item that can be changed.
func (s *Stripe) runningItem(id string) (*Subscription, int, *Error) {
	sub, at := s.itemOf(id)
	switch {
	case sub == nil || !sub.live():
		return nil, 0, noSuch("subscription_item", id, "id")
	case sub.Status == "incomplete":
		return nil, 0, invalid("", "This subscription is incomplete: its items can be changed once its first invoice is paid.")
	}
	return sub, at, nil
}

func (s *Stripe) createItem(c *call) (object, error) {
	id := c.required("subscription")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	sub := s.state.Subscriptions.Get(id)
	if sub == nil || !sub.live() || sub.Status == "incomplete" {
		return nil, noSuch("subscription", id, "subscription")
	}
	to := s.readBilling(c.params, sub)
	s.readItemChange(c.params, &to.next, -1)
	s.checkItems(c.params, &to.next)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	added := to.next.Items[len(to.next.Items)-1].ID
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return s.shownItem(sub, added), nil
}

func (s *Stripe) updateItem(c *call) (object, error) {
	sub, at, failure := s.runningItem(c.path[0])
	if failure != nil {
		return nil, failure
	}
	to := s.readBilling(c.params, sub)
	s.readItemChange(c.params, &to.next, at)
	s.checkItems(c.params, &to.next)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return s.shownItem(sub, c.path[0]), nil
}

// shownItem shows an item as it is after a change; one that waits for a payment
// as it will be.
func (s *Stripe) shownItem(sub *Subscription, id string) object {
	items := sub.Items
	if sub.PendingUpdate != nil {
		items = append(slices.Clone(items), sub.PendingUpdate.Items...)
	}
	at := slices.IndexFunc(items, func(item SubscriptionItem) bool { return item.ID == id })
	return s.showItem(sub, &items[at])
}

func (s *Stripe) deleteItem(c *call) (object, error) {
	sub, at, failure := s.runningItem(c.path[0])
	if failure != nil {
		return nil, failure
	}
	to := s.readBilling(c.params, sub)
	to.next.Items = slices.Delete(to.next.Items, at, at+1)
	s.checkItems(c.params, &to.next)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.alter(sub, to); failure != nil {
		return nil, failure
	}
	return object{"id": c.path[0], "object": "subscription_item", "deleted": true}, nil
}

func (s *Stripe) retrieveItem(c *call) (object, error) {
	sub, at := s.itemOf(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription_item", c.path[0], "id")
	}
	return s.showItem(sub, &sub.Items[at]), nil
}

func (s *Stripe) listItems(c *call) (object, error) {
	id := c.required("subscription")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	sub := s.state.Subscriptions.Get(id)
	if sub == nil {
		return nil, noSuch("subscription", id, "subscription")
	}
	items := make([]*SubscriptionItem, len(sub.Items))
	for i := range sub.Items {
		items[i] = &sub.Items[i]
	}
	return paginate(c, newestOf(items), func(*SubscriptionItem) bool { return true },
		func(item *SubscriptionItem) object { return s.showItem(sub, item) })
}
