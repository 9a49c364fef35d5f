package portal

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// readFlow reads flow_data. It refuses retention offers, because the portal
// makes none.
func (s *Portal) readFlow(p api.Params, customer *state.Customer,
	configuration *state.PortalConfiguration) *state.PortalFlow {
	p.Only("type", "after_completion", "subscription_cancel", "subscription_update", "subscription_update_confirm")
	p.Required("type")
	flow := &state.PortalFlow{Type: p.Enum("type", "", "customer_update", "payment_method_update", "subscription_cancel",
		"subscription_update", "subscription_update_confirm")}
	readAfterCompletion(p, flow)
	requireOwnData(p, flow.Type)
	if p.Failed() != nil {
		return nil
	}
	s.readFlowAction(p, customer, configuration.Features, flow)
	return flow
}

// requireOwnData refuses a flow without the hash named after its type, or with
// that of another type.
func requireOwnData(p api.Params, flow string) {
	for _, kind := range []string{"subscription_cancel", "subscription_update", "subscription_update_confirm"} {
		switch {
		case p.Has(kind) && kind != flow:
			p.Fail(api.Invalid(p.Name(kind), "You can only pass `%s` when `flow_data[type]` is `%s`.", p.Name(kind), kind))
		case kind == flow && !p.Has(kind):
			p.Fail(api.MissingParam(p.Name(kind)))
		}
	}
}

// readFlowAction reads the hash named after the type of a flow. It refuses what
// the configuration does not enable.
func (s *Portal) readFlowAction(p api.Params, customer *state.Customer, features state.PortalFeatures,
	flow *state.PortalFlow) {
	own := p.Sub(flow.Type)
	switch flow.Type {
	case "customer_update":
		refuseDisabled(p, features.CustomerUpdate, "customer", "customer update")
	case "payment_method_update":
		refuseDisabled(p, features.PaymentMethodUpdate, "payment method", "payment method update")
	case "subscription_cancel":
		own.Only("subscription", "retention")
		if own.Has("retention") {
			p.Fail(api.Malformed("", own.Name("retention"), "Retention offers are not simulated."))
		}
		refuseDisabled(p, features.Cancel.Enabled, "subscription", "subscription cancel")
		if sub := s.readFlowSubscription(own, customer, flow); sub != nil && !sub.CancelAt.IsZero() {
			p.Fail(api.Invalid(own.Name("subscription"), "The subscription `%s` is already set to be canceled.", sub.ID))
		}
	case "subscription_update":
		own.Only("subscription")
		refuseDisabled(p, features.Update.Enabled, "subscription", "subscription update")
		s.readFlowSubscription(own, customer, flow)
	case "subscription_update_confirm":
		own.Only("subscription", "items", "discounts")
		refuseDisabled(p, features.Update.Enabled, "subscription", "subscription update")
		if sub := s.readFlowSubscription(own, customer, flow); sub != nil {
			s.readFlowItems(own, sub, features.Update, flow)
		}
	}
}

func refuseDisabled(p api.Params, enabled bool, subject, feature string) {
	if !enabled {
		p.Fail(api.Invalid(p.Name("type"), "This %s cannot be updated because the %s feature in the portal configuration is disabled.", subject, feature))
	}
}

// readAfterCompletion reads what follows the flow. The default is the portal's
// home page.
func readAfterCompletion(p api.Params, flow *state.PortalFlow) {
	flow.After = "portal_homepage"
	if !p.Has("after_completion") {
		return
	}
	after := p.Sub("after_completion").Only("type", "hosted_confirmation", "redirect")
	after.Required("type")
	flow.After = after.Enum("type", "", "hosted_confirmation", "portal_homepage", "redirect")
	flow.Message = after.Sub("hosted_confirmation").Only("custom_message").Text("custom_message")
	if len([]rune(flow.Message)) > 500 {
		p.Fail(api.Invalid(after.Sub("hosted_confirmation").Name("custom_message"), "The message can have up to 500 characters."))
	}
	redirect := after.Sub("redirect").Only("return_url")
	flow.ReturnURL = redirect.Address("return_url", "")
	if flow.After == "redirect" {
		redirect.Required("return_url")
	}
}

func (s *Portal) readFlowSubscription(p api.Params, customer *state.Customer,
	flow *state.PortalFlow) *state.Subscription {
	flow.Subscription = p.Required("subscription")
	sub := s.State.Subscriptions.Get(flow.Subscription)
	switch {
	case sub == nil || sub.Customer != customer.ID:
		p.Fail(api.NoSuch("subscription", flow.Subscription, p.Name("subscription")))
		return nil
	case !sub.Live():
		p.Fail(api.Invalid(p.Name("subscription"), "The subscription `%s` is %s and cannot be changed in the portal.", sub.ID,
			sub.Status))
	}
	return sub
}

// readFlowItems reads the only item that a confirmation can change.
func (s *Portal) readFlowItems(p api.Params, sub *state.Subscription, update state.PortalUpdate,
	flow *state.PortalFlow) {
	items := p.List("items")
	if len(items) != 1 {
		p.Fail(api.Invalid(p.Name("items"), "You must pass exactly one item to update."))
		return
	}
	sent := items[0].Only("id", "price", "quantity")
	id := sent.Required("id")
	at := slices.IndexFunc(sub.Items, func(item state.SubscriptionItem) bool { return item.ID == id })
	if at < 0 {
		p.Fail(api.NoSuch("subscription_item", id, sent.Name("id")))
		return
	}
	item := state.PortalFlowItem{ID: id, Price: sent.Text("price"),
		Quantity: sent.Integer("quantity", sub.Items[at].Quantity)}
	if item.Price == "" {
		item.Price = sub.Items[at].Price
	}
	if failure := s.RefuseChange(update, sub, item); failure != nil {
		failure.Param = sent.Prefix
		p.Fail(failure)
	}
	flow.Items = []state.PortalFlowItem{item}
	if p.Has("discounts") {
		p.Fail(api.Malformed("", p.Name("discounts"), "Discounts of a confirmed update are not simulated."))
	}
}
