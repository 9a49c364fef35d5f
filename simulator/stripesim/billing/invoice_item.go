package billing

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const itemParams = "discounts amount description discountable metadata period price_data pricing quantity unit_amount_decimal"

// Refused, because they would change amounts: tax_rates, quantity_decimal.
// tax_behavior and tax_code have no effect, as there are no taxes.
func (s *Billing) invoiceItemRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/invoiceitems", itemParams+" customer currency invoice subscription tax_behavior tax_code",
			s.createInvoiceItem),
		api.Op(http.MethodGet, "/v1/invoiceitems", "customer invoice pending created"+api.Paging, s.listInvoiceItems),
		api.Op(http.MethodGet, "/v1/invoiceitems/{}", "", s.retrieveInvoiceItem),
		api.Op(http.MethodPost, "/v1/invoiceitems/{}", itemParams+" tax_behavior tax_code", s.updateInvoiceItem),
		api.Op(http.MethodDelete, "/v1/invoiceitems/{}", "", s.deleteInvoiceItem),
	}
}

func (s *Billing) createInvoiceItem(c *api.Call) (api.Object, error) {
	customerID := c.Required("customer")
	item := &state.InvoiceItem{Quantity: 1, Currency: c.Text("currency"), Discountable: true, PeriodStart: s.Now(),
		PeriodEnd: s.Now(), Invoice: c.Text("invoice"), Subscription: c.Text("subscription")}
	s.readInvoiceItem(c.Params, item)
	grants := s.Discounts.ReadDiscounts(c.Params, nil, "coupon", "promotion_code")
	if !c.Has("amount") && item.Price == "" && !c.Has("unit_amount_decimal") {
		c.Fail(api.MissingParam("amount"))
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.LiveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	item.Customer = customer.ID
	item.Currency = cmp.Or(item.Currency, customer.Currency, "usd")
	if failure := s.RefuseCurrency(customer, item.Currency); failure != nil {
		return nil, failure
	}
	invoice, failure := s.invoiceFor(item)
	if failure != nil {
		return nil, failure
	}
	if failure := s.Discounts.Admissible(grants, discounts.Purchase{Customer: customer, Currency: item.Currency,
		Amount: item.Amount}); failure != nil {
		return nil, failure
	}
	s.addInvoiceItem(item)
	s.Discounts.DiscountItem(item, grants)
	if invoice != nil {
		invoice.Lines = append(invoice.Lines, s.lineOf(item))
		s.Discounts.ApplyDiscounts(invoice)
	}
	s.Events.Emit("invoiceitem.created", s.ShowInvoiceItem(item), nil)
	return s.ShowInvoiceItem(item), nil
}

// invoiceFor returns the draft that an item names, or nil if it names none.
func (s *Billing) invoiceFor(item *state.InvoiceItem) (*state.Invoice, *api.Error) {
	if sub := s.State.Subscriptions.Get(item.Subscription); item.Subscription != "" &&
		(sub == nil || sub.Customer != item.Customer) {
		return nil, api.NoSuch("subscription", item.Subscription, "subscription")
	}
	if item.Invoice == "" {
		return nil, nil
	}
	invoice := s.State.Invoices.Get(item.Invoice)
	switch {
	case invoice == nil || invoice.Customer != item.Customer:
		return nil, api.NoSuch("invoice", item.Invoice, "invoice")
	case invoice.Status != "draft":
		return nil, api.InvalidCode("invoice_not_editable", "invoice", "This invoice is no longer editable: it is %s.",
			invoice.Status)
	case invoice.Currency != item.Currency:
		return nil, api.Invalid("currency", "The invoice is in %s; the item is in %s.", invoice.Currency, item.Currency)
	}
	return invoice, nil
}

// readInvoiceItem reads the parameters that creation and update share.
func (s *Billing) readInvoiceItem(p api.Params, item *state.InvoiceItem) {
	item.Description = p.TextOr("description", item.Description)
	item.Discountable = p.Boolean("discountable", item.Discountable)
	item.Metadata = p.Metadata(item.Metadata)
	item.Quantity = p.Integer("quantity", item.Quantity)
	if p.Has("period") {
		period := p.Sub("period").Only("start", "end")
		item.PeriodStart, item.PeriodEnd = period.Time("start"), period.Time("end")
		period.Required("start")
		period.Required("end")
	}
	switch {
	case p.Has("amount"):
		if p.Has("pricing") || p.Has("price_data") || p.Has("quantity") {
			p.Fail(api.Malformed("", "amount", "You may only specify one of these parameters: amount, pricing, price_data, quantity."))
		}
		item.Amount, item.Price = p.Integer("amount", 0), ""
	case p.Has("pricing") || p.Has("price_data"):
		if price := s.readOneTimePrice(p); price != nil {
			item.Price, item.Currency, item.Amount = price.ID, price.Currency, price.Amount*item.Quantity
		}
	case p.Has("unit_amount_decimal"):
		item.Amount = p.WholeDecimal("unit_amount_decimal") * item.Quantity
	case p.Has("quantity") && item.Price != "":
		item.Amount = s.State.Prices.Get(item.Price).Amount * item.Quantity
	}
}

// readOneTimePrice reads pricing[price], price or price_data of a one-time
// charge.
func (s *Billing) readOneTimePrice(p api.Params) *state.Price {
	from := p
	if p.Has("pricing") {
		from = p.Sub("pricing").Only("price")
	}
	price := s.ReadChosenPrice(from)
	if price != nil && price.Recurring() {
		p.Fail(api.Invalid(from.Name("price"), "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`."))
		return nil
	}
	return price
}

// addInvoiceItem stores an item without an event.
func (s *Billing) addInvoiceItem(item *state.InvoiceItem) *state.InvoiceItem {
	item.ID, item.Created = s.World.NewID("ii_1", 23), s.Now()
	return s.State.InvoiceItems.Add(item)
}

// pendingItems returns a customer's items that are not on an invoice, newest
// first, as an invoice lists them.
func (s *Billing) pendingItems(customer string, match func(*state.InvoiceItem) bool) []*state.InvoiceItem {
	pending := slices.DeleteFunc(s.State.InvoiceItems.Of(customer),
		func(item *state.InvoiceItem) bool { return item.Invoice != "" || !match(item) })
	slices.Reverse(pending)
	return pending
}

// includeItems puts items on an invoice before its other lines. The invoice is not
// stored yet. Items in another currency stay pending.
func (s *Billing) includeItems(invoice *state.Invoice, items []*state.InvoiceItem) {
	var lines []state.InvoiceLine
	for _, item := range items {
		if item.Currency == invoice.Currency {
			lines = append(lines, s.lineOf(item))
		}
	}
	invoice.Lines = append(lines, invoice.Lines...)
}

// markBilled marks the items on an invoice as no longer pending.
func (s *Billing) markBilled(invoice *state.Invoice) {
	for _, line := range invoice.Lines {
		if item := s.State.InvoiceItems.Get(line.InvoiceItem); item != nil {
			item.Invoice = invoice.ID
		}
	}
}

func (s *Billing) lineOf(item *state.InvoiceItem) state.InvoiceLine {
	return state.InvoiceLine{ID: s.World.NewID("il_1", 23), Price: item.Price, Quantity: item.Quantity,
		Amount: item.Amount, Item: item.Item, InvoiceItem: item.ID, Discounts: item.Discounts, Proration: item.Proration,
		Description: item.Description, Metadata: item.Metadata, PeriodStart: item.PeriodStart, PeriodEnd: item.PeriodEnd}
}

func (s *Billing) retrieveInvoiceItem(c *api.Call) (api.Object, error) {
	if item := s.State.InvoiceItems.Get(c.Path[0]); item != nil {
		return s.ShowInvoiceItem(item), nil
	}
	return nil, api.NoSuch("invoiceitem", c.Path[0], "id")
}

func (s *Billing) listInvoiceItems(c *api.Call) (api.Object, error) {
	customer, invoice, pending, within := c.Text("customer"), c.Text("invoice"), c.Boolean("pending", false),
		api.CreatedFilter(c)
	candidates := s.State.InvoiceItems.Newest()
	if customer != "" {
		candidates = api.NewestOf(s.State.InvoiceItems.Of(customer))
	}
	return api.Paginate(c, candidates, func(item *state.InvoiceItem) bool {
		return s.Listed(c, item.Customer, "") && (invoice == "" || item.Invoice == invoice) &&
			(!c.Has("pending") || (item.Invoice == "") == pending) && within(item.Created)
	}, s.ShowInvoiceItem)
}

// editableItem returns an item, and the draft it is on, if any.
func (s *Billing) editableItem(id string) (*state.InvoiceItem, *state.Invoice, *api.Error) {
	item := s.State.InvoiceItems.Get(id)
	if item == nil {
		return nil, nil, api.NoSuch("invoiceitem", id, "id")
	}
	invoice := s.State.Invoices.Get(item.Invoice)
	if invoice != nil && invoice.Status != "draft" {
		return nil, nil, api.InvalidCode("invoice_not_editable", "",
			"This invoice item is attached to an invoice that is no longer editable.")
	}
	return item, invoice, nil
}

func (s *Billing) updateInvoiceItem(c *api.Call) (api.Object, error) {
	item, invoice, failure := s.editableItem(c.Path[0])
	if failure != nil {
		return nil, failure
	}
	changed := *item
	s.readInvoiceItem(c.Params, &changed)
	grants := s.Discounts.ReadDiscounts(c.Params, item.Discounts, "coupon", "promotion_code", "discount")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	in := discounts.Purchase{Customer: s.State.Customers.Get(item.Customer), Currency: changed.Currency,
		Amount: changed.Amount}
	if failure := s.Discounts.Admissible(grants, in); failure != nil {
		return nil, failure
	}
	*item = changed
	if c.Has("discounts") {
		s.Discounts.DiscountItem(item, grants)
	}
	if invoice != nil {
		for n := range invoice.Lines {
			if line := &invoice.Lines[n]; line.InvoiceItem == item.ID {
				id := line.ID
				*line = s.lineOf(item)
				line.ID = id
			}
		}
		s.Discounts.ApplyDiscounts(invoice)
	}
	// Stripe no longer sends invoiceitem.updated.
	return s.ShowInvoiceItem(item), nil
}

func (s *Billing) deleteInvoiceItem(c *api.Call) (api.Object, error) {
	item, invoice, failure := s.editableItem(c.Path[0])
	if failure != nil {
		return nil, failure
	}
	if invoice != nil {
		invoice.Lines = slices.DeleteFunc(invoice.Lines,
			func(line state.InvoiceLine) bool { return line.InvoiceItem == item.ID })
		s.Discounts.ApplyDiscounts(invoice)
	}
	s.Events.Emit("invoiceitem.deleted", s.ShowInvoiceItem(item), nil)
	s.State.InvoiceItems.Remove(item.ID)
	return api.Object{"id": item.ID, "object": "invoiceitem", "deleted": true}, nil
}
