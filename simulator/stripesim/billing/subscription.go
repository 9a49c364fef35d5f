package billing

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

// Accepted without effect: automatic_tax, default_source (there are no
// sources), invoice_settings, payment_settings except
// save_default_payment_method. Refused, because they would change what is
// billed: application_fee_percent, backdate_start_date, billing_schedules,
// billing_thresholds, default_tax_rates, on_behalf_of,
// pending_invoice_item_interval, transfer_data, trial_from_plan.
const subscriptionParams = "items discounts metadata trial_end trial_settings default_payment_method payment_behavior cancel_at cancel_at_period_end description" +
	" collection_method days_until_due off_session payment_settings proration_behavior add_invoice_items automatic_tax default_source invoice_settings"

func (s *Billing) subscriptionRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/subscriptions", subscriptionParams+" customer trial_period_days billing_cycle_anchor billing_cycle_anchor_config billing_mode currency", s.createSubscription),
		api.Op(http.MethodGet, "/v1/subscriptions", "customer status price created test_clock collection_method current_period_start current_period_end"+api.Paging, s.listSubscriptions),
		api.Op(http.MethodGet, "/v1/subscriptions/{}", "", s.retrieveSubscription),
		api.Op(http.MethodPost, "/v1/subscriptions/{}", subscriptionParams+" cancellation_details billing_cycle_anchor proration_date pause_collection", s.updateSubscription),
		api.Op(http.MethodDelete, "/v1/subscriptions/{}", "cancellation_details invoice_now prorate expand",
			s.removeSubscription),
		api.Op(http.MethodPost, "/v1/subscriptions/{}/resume", "billing_cycle_anchor proration_behavior proration_date",
			s.resumeSubscription),
		api.Op(http.MethodPost, "/v1/subscriptions/{}/migrate", "billing_mode", s.migrateSubscription),
		api.Op(http.MethodPost, "/v1/subscriptions/{}/pause", "", s.pauseSubscription).Since(version.Endive.Since),
	}
}

// ChangeSubscription applies a change and emits customer.subscription.updated
// if the object shows a difference.
func (s *Billing) ChangeSubscription(subscription *state.Subscription, change func()) {
	before := s.ShowSubscription(subscription)
	change()
	s.Events.EmitUpdate("customer.subscription.updated", before, s.ShowSubscription(subscription))
}

func (s *Billing) retrieveSubscription(c *api.Call) (api.Object, error) {
	if subscription := s.State.Subscriptions.Get(c.Path[0]); subscription != nil {
		return s.ShowSubscription(subscription), nil
	}
	return nil, api.NoSuch("subscription", c.Path[0], "id")
}

// listSubscriptions leaves out canceled subscriptions by default. The status
// "ended" means canceled or expired.
func (s *Billing) listSubscriptions(c *api.Call) (api.Object, error) {
	customer, price, clock, within := c.Text("customer"), c.Text("price"), c.Text("test_clock"), api.CreatedFilter(c)
	status := c.Enum("status", "", "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired",
		"trialing", "paused", "all", "ended")
	method := c.Enum("collection_method", "", "charge_automatically", "send_invoice")
	starts, ends := api.TimeFilter(c, "current_period_start"), api.TimeFilter(c, "current_period_end")
	if customer != "" && s.State.Customers.Get(customer) == nil {
		return nil, api.NoSuch("customer", customer, "customer")
	}
	candidates := s.State.Subscriptions.Newest()
	if customer != "" {
		candidates = api.NewestOf(s.State.Subscriptions.Of(customer))
	}
	return api.Paginate(c, candidates, func(sub *state.Subscription) bool {
		wanted := sub.Status == status
		switch status {
		case "":
			wanted = sub.Status != "canceled"
		case "all":
			wanted = true
		case "ended":
			wanted = !sub.Live()
		}
		return wanted && (customer == "" || sub.Customer == customer) && s.Listed(c, sub.Customer, clock) &&
			within(sub.Created) &&
			(method == "" || (sub.CollectionMethod == "send_invoice") == (method == "send_invoice")) &&
			slices.ContainsFunc(sub.Items, func(item state.SubscriptionItem) bool {
				return starts(item.PeriodStart) &&
					ends(item.PeriodEnd)
			}) &&
			(price == "" || slices.ContainsFunc(sub.Items,
				func(item state.SubscriptionItem) bool { return item.Price == price }))
	}, s.ShowSubscription)
}
