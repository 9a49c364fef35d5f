package stripesim

import "slices"

// chosen is a price and how many of it.
type chosen struct {
	price    *Price
	quantity int64
	metadata map[string]string
}

func (s *Stripe) readChosenPrice(sent params) *Price {
	if sent.has("price_data") {
		data := sent.sub("price_data").only("currency", "product", "product_data", "recurring", "tax_behavior",
			"unit_amount", "unit_amount_decimal")
		price, inline := s.readPrice(data), Product{}
		if price.Product == "" {
			inline = readInlineProduct(data, "product_data")
		}
		if sent.failed() != nil {
			return nil
		}
		price.Active = false // Stripe keeps inline prices inactive
		return s.addPriceOf(price, inline)
	}
	id := sent.required("price")
	price := s.state.Prices.Get(id)
	switch {
	case id == "":
	case price == nil:
		sent.fail(noSuch("price", id, sent.name("price")))
	case !price.Active:
		sent.fail(inactivePrice(sent.name("price")))
	}
	return price
}

func inactivePrice(param string) *Error {
	return invalid(param, "The price specified is inactive. This field only accepts active prices.")
}

// readSubscriptionItems reads the items of a new subscription.
func (s *Stripe) readSubscriptionItems(p params, field string, flexible bool) []chosen {
	var items []chosen
	for _, sent := range p.list(field) {
		sent.only("price", "price_data", "quantity", "metadata")
		price := s.readChosenPrice(sent)
		if price == nil {
			return nil
		}
		items = append(items, chosen{price: price, quantity: readQuantity(sent, 1), metadata: sent.metadata(nil)})
	}
	if len(items) == 0 {
		p.fail(missingParam(p.name(field)))
	}
	s.checkRecurring(p, field, items)
	s.checkTogether(p, field, items, flexible)
	return items
}

func readQuantity(sent params, fallback int64) int64 {
	quantity := sent.integer("quantity", fallback)
	if quantity < 0 {
		sent.fail(malformed("parameter_invalid_integer", sent.name("quantity"),
			"This value must be greater than or equal to 0."))
	}
	return quantity
}

func (s *Stripe) checkRecurring(p params, field string, items []chosen) {
	if slices.ContainsFunc(items, func(item chosen) bool { return !item.price.recurring() }) {
		p.fail(invalid(p.name(field), "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."))
	}
}

// checkTogether refuses recurring prices that cannot be in one subscription:
// other currencies, twice the same price, and other intervals unless the billing
// mode is flexible. There, each must be a multiple of the shortest.
func (s *Stripe) checkTogether(p params, field string, items []chosen, flexible bool) {
	recurring := slices.DeleteFunc(slices.Clone(items), func(item chosen) bool { return !item.price.recurring() })
	if len(recurring) == 0 {
		return
	}
	if len(recurring) > 20 {
		p.fail(invalid(p.name(field), "A subscription can have up to 20 items."))
	}
	shortest := slices.MinFunc(recurring, func(a, b chosen) int { return int(a.price.length() - b.price.length()) }).price
	for _, item := range recurring {
		switch {
		case item.price.Currency != shortest.Currency:
			p.fail(invalid(p.name(field), "All prices on a subscription must have the same currency."))
		case item.price.length() == shortest.length() && item.price.monthly() == shortest.monthly():
		case !flexible:
			p.fail(invalid(p.name(field), "Items with different billing intervals need a subscription with billing_mode[type]=flexible, and the simulator's checkout does not take them."))
		case item.price.monthly() != shortest.monthly() || item.price.length()%shortest.length() != 0:
			p.fail(invalid(p.name(field), "The intervals of the items must be multiples of the shortest one."))
		}
	}
}

// monthly says whether an interval is counted in months, not in days.
func (p *Price) monthly() bool { return p.Interval == "month" || p.Interval == "year" }

// length is an interval in days; months count 30, which compares them with each other.
func (p *Price) length() int64 {
	return map[string]int64{"day": 1, "week": 7, "month": 30, "year": 360}[p.Interval] * p.count()
}
