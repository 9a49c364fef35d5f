package billing

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/catalog"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Chosen is a price and its quantity.
type Chosen struct {
	Price    *state.Price
	Quantity int64
	metadata map[string]string
}

// ReadChosenPrice reads price, or price_data for an inline price.
func (s *Billing) ReadChosenPrice(sent api.Params) *state.Price {
	if sent.Has("price_data") {
		data := sent.Sub("price_data").Only("currency", "product", "product_data", "recurring", "tax_behavior",
			"unit_amount", "unit_amount_decimal")
		price, inline := s.Catalog.ReadPrice(data), state.Product{}
		if price.Product == "" {
			inline = catalog.ReadInlineProduct(data, "product_data")
		}
		if sent.Failed() != nil {
			return nil
		}
		price.Active = false // Stripe keeps inline prices inactive
		return s.Catalog.AddPriceOf(price, inline)
	}
	id := sent.Required("price")
	price := s.State.Prices.Get(id)
	switch {
	case id == "":
	case price == nil:
		sent.Fail(api.NoSuch("price", id, sent.Name("price")))
	case !price.Active:
		sent.Fail(InactivePrice(sent.Name("price")))
	}
	return price
}

// InactivePrice returns the error for a price that is not active.
func InactivePrice(param string) *api.Error {
	return api.Invalid(param, "The price specified is inactive. This field only accepts active prices.")
}

// readSubscriptionItems reads the items of a new subscription.
func (s *Billing) readSubscriptionItems(p api.Params, field string, flexible bool) []Chosen {
	var items []Chosen
	for _, sent := range p.List(field) {
		sent.Only("price", "price_data", "quantity", "metadata")
		price := s.ReadChosenPrice(sent)
		if price == nil {
			return nil
		}
		items = append(items, Chosen{Price: price, Quantity: readQuantity(sent, 1), metadata: sent.Metadata(nil)})
	}
	if len(items) == 0 {
		p.Fail(api.MissingParam(p.Name(field)))
	}
	s.checkRecurring(p, field, items)
	s.CheckTogether(p, field, items, flexible)
	return items
}

func readQuantity(sent api.Params, fallback int64) int64 {
	quantity := sent.Integer("quantity", fallback)
	if quantity < 0 {
		sent.Fail(api.Malformed("parameter_invalid_integer", sent.Name("quantity"),
			"This value must be greater than or equal to 0."))
	}
	return quantity
}

func (s *Billing) checkRecurring(p api.Params, field string, items []Chosen) {
	if slices.ContainsFunc(items, func(item Chosen) bool { return !item.Price.Recurring() }) {
		p.Fail(api.Invalid(p.Name(field), "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."))
	}
}

// CheckTogether refuses recurring prices that cannot share a subscription:
// several currencies, the same price twice, or different intervals. In flexible
// billing mode intervals may differ if each is a multiple of the shortest.
func (s *Billing) CheckTogether(p api.Params, field string, items []Chosen, flexible bool) {
	recurring := slices.DeleteFunc(slices.Clone(items), func(item Chosen) bool { return !item.Price.Recurring() })
	if len(recurring) == 0 {
		return
	}
	if len(recurring) > 20 {
		p.Fail(api.Invalid(p.Name(field), "A subscription can have up to 20 items."))
	}
	shortest := slices.MinFunc(recurring, func(a, b Chosen) int { return int(a.Price.Length() - b.Price.Length()) }).Price
	for _, item := range recurring {
		switch {
		case item.Price.Currency != shortest.Currency:
			p.Fail(api.Invalid(p.Name(field), "All prices on a subscription must have the same currency."))
		case item.Price.Length() == shortest.Length() && item.Price.Monthly() == shortest.Monthly():
		case !flexible:
			p.Fail(api.Invalid(p.Name(field), "Items with different billing intervals require billing_mode[type]=flexible, which the simulator's checkout does not support."))
		case item.Price.Monthly() != shortest.Monthly() || item.Price.Length()%shortest.Length() != 0:
			p.Fail(api.Invalid(p.Name(field), "The intervals of the items must be multiples of the shortest one."))
		}
	}
}
