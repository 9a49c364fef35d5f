package stripesim

import "slices"

// PortalFlow leads a customer straight to one action of the portal.
type PortalFlow struct {
	Type         string           `json:"type"`
	Subscription string           `json:"subscription"` // "" for customer_update and payment_method_update
	Items        []PortalFlowItem `json:"items"`        // of subscription_update_confirm
	After        string           `json:"after"`        // hosted_confirmation, portal_homepage, redirect
	Message      string           `json:"message"`      // of hosted_confirmation
	ReturnURL    string           `json:"return_url"`   // of redirect
	Done         bool             `json:"done"`
}

// PortalFlowItem is what an item is to become.
type PortalFlowItem struct {
	ID       string `json:"id"`
	Price    string `json:"price"`
	Quantity int64  `json:"quantity"`
}

// readFlow reads flow_data. Retention offers are refused: the portal makes none.
func (s *Stripe) readFlow(p params, customer *Customer, configuration *PortalConfiguration) *PortalFlow {
	p.only("type", "after_completion", "subscription_cancel", "subscription_update", "subscription_update_confirm")
	p.required("type")
	flow := &PortalFlow{Type: p.enum("type", "", "customer_update", "payment_method_update", "subscription_cancel",
		"subscription_update", "subscription_update_confirm")}
	readAfterCompletion(p, flow)
	for _, kind := range []string{"subscription_cancel", "subscription_update", "subscription_update_confirm"} {
		switch {
		case p.has(kind) && kind != flow.Type:
			p.fail(invalid(p.name(kind), "You can only pass `%s` when `flow_data[type]` is `%s`.", p.name(kind), kind))
		case kind == flow.Type && !p.has(kind):
			p.fail(missingParam(p.name(kind)))
		}
	}
	if p.failed() != nil {
		return nil
	}
	features, own := configuration.Features, p.sub(flow.Type)
	switch flow.Type {
	case "customer_update":
		refuseDisabled(p, features.CustomerUpdate, "customer", "customer update")
	case "payment_method_update":
		refuseDisabled(p, features.PaymentMethodUpdate, "payment method", "payment method update")
	case "subscription_cancel":
		own.only("subscription", "retention")
		if own.has("retention") {
			p.fail(malformed("", own.name("retention"), "Retention offers are not simulated."))
		}
		refuseDisabled(p, features.Cancel.Enabled, "subscription", "subscription cancel")
		if sub := s.readFlowSubscription(own, customer, flow); sub != nil && !sub.CancelAt.IsZero() {
			p.fail(invalid(own.name("subscription"), "The subscription `%s` is already set to be canceled.", sub.ID))
		}
	case "subscription_update":
		own.only("subscription")
		refuseDisabled(p, features.Update.Enabled, "subscription", "subscription update")
		s.readFlowSubscription(own, customer, flow)
	case "subscription_update_confirm":
		own.only("subscription", "items", "discounts")
		refuseDisabled(p, features.Update.Enabled, "subscription", "subscription update")
		if sub := s.readFlowSubscription(own, customer, flow); sub != nil {
			s.readFlowItems(own, sub, features.Update, flow)
		}
	}
	return flow
}

func refuseDisabled(p params, enabled bool, subject, feature string) {
	if !enabled {
		p.fail(invalid(p.name("type"), "This %s cannot be updated because the %s feature in the portal configuration is disabled.", subject, feature))
	}
}

// readAfterCompletion reads what follows when the flow is done; the portal's
// own page when nothing is said.
func readAfterCompletion(p params, flow *PortalFlow) {
	flow.After = "portal_homepage"
	if !p.has("after_completion") {
		return
	}
	after := p.sub("after_completion").only("type", "hosted_confirmation", "redirect")
	after.required("type")
	flow.After = after.enum("type", "", "hosted_confirmation", "portal_homepage", "redirect")
	flow.Message = after.sub("hosted_confirmation").only("custom_message").text("custom_message")
	if len([]rune(flow.Message)) > 500 {
		p.fail(invalid(after.sub("hosted_confirmation").name("custom_message"), "The message can have up to 500 characters."))
	}
	redirect := after.sub("redirect").only("return_url")
	flow.ReturnURL = redirect.address("return_url", "")
	if flow.After == "redirect" {
		redirect.required("return_url")
	}
}

func (s *Stripe) readFlowSubscription(p params, customer *Customer, flow *PortalFlow) *Subscription {
	flow.Subscription = p.required("subscription")
	sub := s.state.Subscriptions.Get(flow.Subscription)
	switch {
	case sub == nil || sub.Customer != customer.ID:
		p.fail(noSuch("subscription", flow.Subscription, p.name("subscription")))
		return nil
	case !sub.live():
		p.fail(invalid(p.name("subscription"), "The subscription `%s` is %s and cannot be changed in the portal.", sub.ID,
			sub.Status))
	}
	return sub
}

// readFlowItems reads the one item that a confirmation can be about.
func (s *Stripe) readFlowItems(p params, sub *Subscription, update PortalUpdate, flow *PortalFlow) {
	items := p.list("items")
	if len(items) != 1 {
		p.fail(invalid(p.name("items"), "You must pass exactly one item to update."))
		return
	}
	sent := items[0].only("id", "price", "quantity")
	id := sent.required("id")
	at := slices.IndexFunc(sub.Items, func(item SubscriptionItem) bool { return item.ID == id })
	if at < 0 {
		p.fail(noSuch("subscription_item", id, sent.name("id")))
		return
	}
	item := PortalFlowItem{ID: id, Price: sent.text("price"), Quantity: sent.integer("quantity", sub.Items[at].Quantity)}
	if item.Price == "" {
		item.Price = sub.Items[at].Price
	}
	if failure := s.refusePortalChange(update, sub, item); failure != nil {
		failure.Param = sent.prefix
		p.fail(failure)
	}
	flow.Items = []PortalFlowItem{item}
	if p.has("discounts") {
		p.fail(malformed("", p.name("discounts"), "Discounts of a confirmed update are not simulated."))
	}
}

func (f *PortalFlow) show() any {
	if f == nil {
		return nil
	}
	shown := object{"type": f.Type, "customer_update": nil, "subscription_cancel": nil, "subscription_update": nil,
		"subscription_update_confirm": nil}
	after := object{"type": f.After, "hosted_confirmation": nil, "redirect": nil}
	switch f.After {
	case "hosted_confirmation":
		after["hosted_confirmation"] = object{"custom_message": orNull(f.Message)}
	case "redirect":
		after["redirect"] = object{"return_url": f.ReturnURL}
	}
	shown["after_completion"] = after
	switch f.Type {
	case "customer_update":
		shown["customer_update"] = object{}
	case "subscription_cancel":
		shown["subscription_cancel"] = object{"retention": nil, "subscription": f.Subscription}
	case "subscription_update":
		shown["subscription_update"] = object{"subscription": f.Subscription}
	case "subscription_update_confirm":
		items := make([]any, len(f.Items))
		for i, item := range f.Items {
			items[i] = object{"id": item.ID, "price": item.Price, "quantity": item.Quantity}
		}
		shown["subscription_update_confirm"] = object{"discounts": nil, "items": items, "subscription": f.Subscription}
	}
	return shown
}
