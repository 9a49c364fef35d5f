package stripesim

import (
	"maps"
	"slices"
)

// Stripe's bounds of an adjustable quantity, and of the number of lines.
const (
	maxAdjustable = 999999
	maxLines      = 100
)

// readLines reads line_items, whose prices must fit the mode.
func (s *Stripe) readLines(c *call, mode string) (lines []SessionLine, currency string) {
	var items []chosen
	for _, sent := range c.list("line_items") {
		sent.only("price", "price_data", "quantity", "adjustable_quantity", "metadata")
		line := SessionLine{Quantity: sent.integer("quantity", 0), Metadata: sent.metadata(nil)}
		switch {
		case !sent.has("quantity"):
			sent.fail(malformed("parameter_missing", sent.name("quantity"), "Quantity is required. Add `quantity` to `%s`.",
				sent.prefix))
		case line.Quantity < 1:
			sent.fail(malformed("parameter_invalid_integer", sent.name("quantity"),
				"This value must be greater than or equal to 1."))
		}
		readAdjustable(sent, &line)
		price := s.readChosenPrice(sent)
		if price == nil {
			return nil, ""
		}
		if product := s.state.Products.Get(price.Product); !product.Active && !sent.has("price_data") {
			sent.fail(invalid(sent.name("price"), "Price `%s` is not available to be purchased because its product is not active.", price.ID))
		}
		line.Price = price.ID
		lines, items = append(lines, line), append(items, chosen{price: price, quantity: line.Quantity})
	}
	checkLines(c.params, mode, items)
	s.checkTogether(c.params, "line_items", items, false)
	if len(items) > 0 {
		currency = items[0].price.Currency
	}
	if slices.ContainsFunc(items, func(item chosen) bool { return item.price.Currency != currency }) {
		c.fail(invalid("line_items", "All line items of a session must have the same currency."))
	}
	if asked := c.text("currency"); asked != "" && len(items) > 0 && asked != currency {
		c.fail(invalid("currency", "The prices of this session are not in %s.", asked))
	}
	return lines, currency
}

func readAdjustable(sent params, line *SessionLine) {
	adjustable := sent.sub("adjustable_quantity").only("enabled", "minimum", "maximum")
	if adjustable.at == nil {
		return
	}
	adjustable.required("enabled")
	line.Adjustable = adjustable.boolean("enabled", false)
	line.Minimum, line.Maximum = adjustable.integer("minimum", 0), adjustable.integer("maximum", 99)
	if line.Minimum < 0 || line.Maximum < 1 || line.Maximum > maxAdjustable || line.Minimum > line.Maximum {
		adjustable.fail(invalid(sent.name("adjustable_quantity"), "minimum and maximum must be in order, and at most %d.",
			maxAdjustable))
	}
	if line.Adjustable && (line.Quantity < line.Minimum || line.Quantity > line.Maximum) {
		adjustable.fail(invalid(sent.name("quantity"), "The quantity must be between the adjustable minimum and maximum."))
	}
}

func checkLines(p params, mode string, items []chosen) {
	recurring := slices.ContainsFunc(items, func(item chosen) bool { return item.price.recurring() })
	switch {
	case mode == "setup" && len(items) > 0:
		p.fail(invalid("line_items", "You can not pass `line_items` in `setup` mode."))
	case mode == "setup":
	case len(items) == 0:
		p.fail(missingParam("line_items"))
	case len(items) > maxLines:
		p.fail(invalid("line_items", "A session can have up to %d line items.", maxLines))
	case mode == "subscription" && !recurring:
		p.fail(invalid("line_items", "You must provide at least one recurring price in `subscription` mode when using prices."))
	case mode == "payment" && recurring:
		p.fail(invalid("line_items", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices."))
	}
}

// setQuantity is what a buyer does who changes an adjustable quantity on the page.
func (s *Stripe) setQuantity(session *CheckoutSession, lineID string, quantity int64) *Error {
	at := slices.IndexFunc(session.Lines, func(line SessionLine) bool { return line.ID == lineID })
	switch {
	case session.Status != "open":
		return errNotOpen(session)
	case at < 0 || !session.Lines[at].Adjustable:
		return invalid("quantity", "The quantity of this line cannot be changed.")
	case quantity < session.Lines[at].Minimum || quantity > session.Lines[at].Maximum:
		return invalid("quantity", "The quantity must be between %d and %d.", session.Lines[at].Minimum,
			session.Lines[at].Maximum)
	}
	session.Lines[at].Quantity = quantity
	return nil
}

// SetCheckoutQuantity changes the adjustable quantity of a line, as the buyer does
// on the hosted page. line counts from 0.
func (s *Stripe) SetCheckoutQuantity(sessionID string, line int, quantity int64) error {
	var failure *Error
	s.change(sessionID, func() {
		var session *CheckoutSession
		if session, failure = s.payable(sessionID); failure != nil {
			return
		}
		if line < 0 || line >= len(session.Lines) {
			failure = invalid("line", "The session has no line %d.", line)
			return
		}
		failure = s.setQuantity(session, session.Lines[line].ID, quantity)
	})
	if failure != nil {
		return failure
	}
	return nil
}

func cloneLines(lines []SessionLine) []SessionLine {
	copied := slices.Clone(lines)
	for i := range copied {
		copied[i].Metadata = maps.Clone(copied[i].Metadata)
	}
	return copied
}
