package checkout

import (
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Stripe's bounds of an adjustable quantity and of the number of lines.
const (
	maxAdjustable = 999999
	maxLines      = 100
)

// readLines reads line_items. Their prices must fit the mode.
func (s *Checkout) readLines(c *api.Call, mode string) (lines []state.SessionLine, currency string) {
	var items []billing.Chosen
	for _, sent := range c.List("line_items") {
		sent.Only("price", "price_data", "quantity", "adjustable_quantity", "metadata")
		line := state.SessionLine{Quantity: sent.Integer("quantity", 0), Metadata: sent.Metadata(nil)}
		switch {
		case !sent.Has("quantity"):
			sent.Fail(api.Malformed("parameter_missing", sent.Name("quantity"), "Quantity is required. Add `quantity` to `%s`.",
				sent.Prefix))
		case line.Quantity < 1:
			sent.Fail(api.Malformed("parameter_invalid_integer", sent.Name("quantity"),
				"This value must be greater than or equal to 1."))
		}
		readAdjustable(sent, &line)
		price := s.Billing.ReadChosenPrice(sent)
		if price == nil {
			return nil, ""
		}
		if product := s.State.Products.Get(price.Product); !product.Active && !sent.Has("price_data") {
			sent.Fail(api.Invalid(sent.Name("price"), "Price `%s` is not available to be purchased because its product is not active.", price.ID))
		}
		line.Price = price.ID
		lines, items = append(lines, line), append(items, billing.Chosen{Price: price, Quantity: line.Quantity})
	}
	checkLines(c.Params, mode, items)
	s.Billing.CheckTogether(c.Params, "line_items", items, false)
	if len(items) > 0 {
		currency = items[0].Price.Currency
	}
	if slices.ContainsFunc(items, func(item billing.Chosen) bool { return item.Price.Currency != currency }) {
		c.Fail(api.Invalid("line_items", "All line items of a session must have the same currency."))
	}
	if asked := c.Text("currency"); asked != "" && len(items) > 0 && asked != currency {
		c.Fail(api.Invalid("currency", "The prices of this session are not in %s.", asked))
	}
	return lines, currency
}

func readAdjustable(sent api.Params, line *state.SessionLine) {
	adjustable := sent.Sub("adjustable_quantity").Only("enabled", "minimum", "maximum")
	if adjustable.At == nil {
		return
	}
	adjustable.Required("enabled")
	line.Adjustable = adjustable.Boolean("enabled", false)
	line.Minimum, line.Maximum = adjustable.Integer("minimum", 0), adjustable.Integer("maximum", 99)
	if line.Minimum < 0 || line.Maximum < 1 || line.Maximum > maxAdjustable || line.Minimum > line.Maximum {
		adjustable.Fail(api.Invalid(sent.Name("adjustable_quantity"), "minimum and maximum must be in order, and at most %d.",
			maxAdjustable))
	}
	if line.Adjustable && (line.Quantity < line.Minimum || line.Quantity > line.Maximum) {
		adjustable.Fail(api.Invalid(sent.Name("quantity"), "The quantity must be between the adjustable minimum and maximum."))
	}
}

func checkLines(p api.Params, mode string, items []billing.Chosen) {
	recurring := slices.ContainsFunc(items, func(item billing.Chosen) bool { return item.Price.Recurring() })
	switch {
	case mode == "setup" && len(items) > 0:
		p.Fail(api.Invalid("line_items", "You can not pass `line_items` in `setup` mode."))
	case mode == "setup":
	case len(items) == 0:
		p.Fail(api.MissingParam("line_items"))
	case len(items) > maxLines:
		p.Fail(api.Invalid("line_items", "A session can have up to %d line items.", maxLines))
	case mode == "subscription" && !recurring:
		p.Fail(api.Invalid("line_items", "You must provide at least one recurring price in `subscription` mode when using prices."))
	case mode == "payment" && recurring:
		p.Fail(api.Invalid("line_items", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices."))
	}
}

// SetQuantity changes the adjustable quantity of a line, as the buyer does on
// the page.
func (s *Checkout) SetQuantity(session *state.CheckoutSession, lineID string, quantity int64) *api.Error {
	at := slices.IndexFunc(session.Lines, func(line state.SessionLine) bool { return line.ID == lineID })
	switch {
	case session.Status != "open":
		return errNotOpen(session)
	case at < 0 || !session.Lines[at].Adjustable:
		return api.Invalid("quantity", "The quantity of this line cannot be changed.")
	case quantity < session.Lines[at].Minimum || quantity > session.Lines[at].Maximum:
		return api.Invalid("quantity", "The quantity must be between %d and %d.", session.Lines[at].Minimum,
			session.Lines[at].Maximum)
	}
	session.Lines[at].Quantity = quantity
	return nil
}
