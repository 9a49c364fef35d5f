package stripesim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// InvoiceItem is an amount that waits for a customer's next invoice, or the
// origin of a line of one.
type InvoiceItem struct {
	ID           string            `json:"id"`
	Created      time.Time         `json:"created"`
	Customer     string            `json:"customer"`
	Subscription string            `json:"subscription"` // "" for any invoice of the customer
	Item         string            `json:"subscription_item"`
	Invoice      string            `json:"invoice"` // "" while it is pending
	Price        string            `json:"price"`
	Quantity     int64             `json:"quantity"`
	Amount       int64             `json:"amount"`
	Currency     string            `json:"currency"`
	Description  string            `json:"description"`
	Proration    bool              `json:"proration"`
	Discountable bool              `json:"discountable"`
	Discounts    []string          `json:"discounts"`
	PeriodStart  time.Time         `json:"period_start"`
	PeriodEnd    time.Time         `json:"period_end"`
	Metadata     map[string]string `json:"metadata"`
}

// Key is the id.
func (i *InvoiceItem) Key() string { return i.ID }

// Owner is the customer.
func (i *InvoiceItem) Owner() string { return i.Customer }

const itemParams = "discounts amount description discountable metadata period price_data pricing quantity unit_amount_decimal"

// Refused, because they would change amounts: tax_rates,
// quantity_decimal. tax_behavior and tax_code have no effect without taxes.
func (s *Stripe) invoiceItemRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/invoiceitems", itemParams+" customer currency invoice subscription tax_behavior tax_code",
			s.createInvoiceItem),
		op(http.MethodGet, "/v1/invoiceitems", "customer invoice pending created"+paging, s.listInvoiceItems),
		op(http.MethodGet, "/v1/invoiceitems/{}", "", s.retrieveInvoiceItem),
		op(http.MethodPost, "/v1/invoiceitems/{}", itemParams+" tax_behavior tax_code", s.updateInvoiceItem),
		op(http.MethodDelete, "/v1/invoiceitems/{}", "", s.deleteInvoiceItem),
	}
}

func (s *Stripe) createInvoiceItem(c *call) (object, error) {
	customerID := c.required("customer")
	item := &InvoiceItem{Quantity: 1, Currency: c.text("currency"), Discountable: true, PeriodStart: s.now(),
		PeriodEnd: s.now(),
		Invoice:   c.text("invoice"), Subscription: c.text("subscription")}
	s.readInvoiceItem(c.params, item)
	grants := s.readDiscounts(c.params, nil, "coupon", "promotion_code")
	if !c.has("amount") && item.Price == "" && !c.has("unit_amount_decimal") {
		c.fail(missingParam("amount"))
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	item.Customer = customer.ID
	item.Currency = cmp.Or(item.Currency, customer.Currency, "usd")
	if failure := s.refuseCurrency(customer, item.Currency); failure != nil {
		return nil, failure
	}
	invoice, failure := s.invoiceFor(item)
	if failure != nil {
		return nil, failure
	}
	if failure := s.admissible(grants, purchase{customer: customer, currency: item.Currency,
		amount: item.Amount}); failure != nil {
		return nil, failure
	}
	s.addInvoiceItem(item)
	s.discountItem(item, grants)
	if invoice != nil {
		invoice.Lines = append(invoice.Lines, s.lineOf(item))
		s.applyDiscounts(invoice)
	}
	s.emit("invoiceitem.created", s.showInvoiceItem(item), nil)
	return s.showInvoiceItem(item), nil
}

// invoiceFor finds the draft that an item names, nil when it names none.
func (s *Stripe) invoiceFor(item *InvoiceItem) (*Invoice, *Error) {
	if sub := s.state.Subscriptions.Get(item.Subscription); item.Subscription != "" &&
		(sub == nil || sub.Customer != item.Customer) {
		return nil, noSuch("subscription", item.Subscription, "subscription")
	}
	if item.Invoice == "" {
		return nil, nil
	}
	invoice := s.state.Invoices.Get(item.Invoice)
	switch {
	case invoice == nil || invoice.Customer != item.Customer:
		return nil, noSuch("invoice", item.Invoice, "invoice")
	case invoice.Status != "draft":
		return nil, invalidCode("invoice_not_editable", "invoice", "This invoice is no longer editable: it is %s.",
			invoice.Status)
	case invoice.Currency != item.Currency:
		return nil, invalid("currency", "The invoice is in %s; the item is in %s.", invoice.Currency, item.Currency)
	}
	return invoice, nil
}

// readInvoiceItem reads what creation and update have in common.
func (s *Stripe) readInvoiceItem(p params, item *InvoiceItem) {
	item.Description = p.textOr("description", item.Description)
	item.Discountable = p.boolean("discountable", item.Discountable)
	item.Metadata = p.metadata(item.Metadata)
	item.Quantity = p.integer("quantity", item.Quantity)
	if p.has("period") {
		period := p.sub("period").only("start", "end")
		item.PeriodStart, item.PeriodEnd = period.time("start"), period.time("end")
		period.required("start")
		period.required("end")
	}
	switch {
	case p.has("amount"):
		if p.has("pricing") || p.has("price_data") || p.has("quantity") {
			p.fail(malformed("", "amount", "You may only specify one of these parameters: amount, pricing, price_data, quantity."))
		}
		item.Amount, item.Price = p.integer("amount", 0), ""
	case p.has("pricing") || p.has("price_data"):
		if price := s.readOneTimePrice(p); price != nil {
			item.Price, item.Currency, item.Amount = price.ID, price.Currency, price.Amount*item.Quantity
		}
	case p.has("unit_amount_decimal"):
		item.Amount = p.wholeDecimal("unit_amount_decimal") * item.Quantity
	case p.has("quantity") && item.Price != "":
		item.Amount = s.state.Prices.Get(item.Price).Amount * item.Quantity
	}
}

// readOneTimePrice reads pricing[price], price or price_data of something that is billed once.
func (s *Stripe) readOneTimePrice(p params) *Price {
	from := p
	if p.has("pricing") {
		from = p.sub("pricing").only("price")
	}
	price := s.readChosenPrice(from)
	if price != nil && price.recurring() {
		p.fail(invalid(from.name("price"), "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`."))
		return nil
	}
	return price
}

// addInvoiceItem stores an item, without an event.
func (s *Stripe) addInvoiceItem(item *InvoiceItem) *InvoiceItem {
	item.ID, item.Created = s.world.NewID("ii_1", 23), s.now()
	return s.state.InvoiceItems.Add(item)
}

// pendingItems returns a customer's items that no invoice has yet, newest first,
// which is their order on the invoice.
func (s *Stripe) pendingItems(customer string, match func(*InvoiceItem) bool) []*InvoiceItem {
	pending := slices.DeleteFunc(s.state.InvoiceItems.Of(customer),
		func(item *InvoiceItem) bool { return item.Invoice != "" || !match(item) })
	slices.Reverse(pending)
	return pending
}

// takeUp puts items on an invoice that is about to be stored, before its other
// lines. Those in another currency keep waiting.
func (s *Stripe) takeUp(invoice *Invoice, items []*InvoiceItem) {
	var lines []InvoiceLine
	for _, item := range items {
		if item.Currency == invoice.Currency {
			lines = append(lines, s.lineOf(item))
		}
	}
	invoice.Lines = append(lines, invoice.Lines...)
}

// claim marks the items of an invoice's lines as no longer pending.
func (s *Stripe) claim(invoice *Invoice) {
	for _, line := range invoice.Lines {
		if item := s.state.InvoiceItems.Get(line.InvoiceItem); item != nil {
			item.Invoice = invoice.ID
		}
	}
}

func (s *Stripe) lineOf(item *InvoiceItem) InvoiceLine {
	return InvoiceLine{ID: s.world.NewID("il_1", 23), Price: item.Price, Quantity: item.Quantity, Amount: item.Amount,
		Item:        item.Item,
		InvoiceItem: item.ID, Discounts: item.Discounts, Proration: item.Proration, Description: item.Description,
		Metadata:    item.Metadata,
		PeriodStart: item.PeriodStart, PeriodEnd: item.PeriodEnd}
}

func (s *Stripe) retrieveInvoiceItem(c *call) (object, error) {
	if item := s.state.InvoiceItems.Get(c.path[0]); item != nil {
		return s.showInvoiceItem(item), nil
	}
	return nil, noSuch("invoiceitem", c.path[0], "id")
}

func (s *Stripe) listInvoiceItems(c *call) (object, error) {
	customer, invoice, pending, within := c.text("customer"), c.text("invoice"), c.boolean("pending", false),
		createdFilter(c)
	candidates := s.state.InvoiceItems.Newest()
	if customer != "" {
		candidates = newestOf(s.state.InvoiceItems.Of(customer))
	}
	return paginate(c, candidates, func(item *InvoiceItem) bool {
		return s.listed(c, item.Customer, "") && (invoice == "" || item.Invoice == invoice) &&
			(!c.has("pending") || (item.Invoice == "") == pending) && within(item.Created)
	}, s.showInvoiceItem)
}

// editableItem returns the item of the path with the draft it is on, if any.
func (s *Stripe) editableItem(id string) (*InvoiceItem, *Invoice, *Error) {
	item := s.state.InvoiceItems.Get(id)
	if item == nil {
		return nil, nil, noSuch("invoiceitem", id, "id")
	}
	invoice := s.state.Invoices.Get(item.Invoice)
	if invoice != nil && invoice.Status != "draft" {
		return nil, nil, invalidCode("invoice_not_editable", "",
			"This invoice item is attached to an invoice that is no longer editable.")
	}
	return item, invoice, nil
}

func (s *Stripe) updateInvoiceItem(c *call) (object, error) {
	item, invoice, failure := s.editableItem(c.path[0])
	if failure != nil {
		return nil, failure
	}
	changed := *item
	s.readInvoiceItem(c.params, &changed)
	grants := s.readDiscounts(c.params, item.Discounts, "coupon", "promotion_code", "discount")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	in := purchase{customer: s.state.Customers.Get(item.Customer), currency: changed.Currency, amount: changed.Amount}
	if failure := s.admissible(grants, in); failure != nil {
		return nil, failure
	}
	*item = changed
	if c.has("discounts") {
		s.discountItem(item, grants)
	}
	if invoice != nil {
		for n := range invoice.Lines {
			if line := &invoice.Lines[n]; line.InvoiceItem == item.ID {
				id := line.ID
				*line = s.lineOf(item)
				line.ID = id
			}
		}
		s.applyDiscounts(invoice)
	}
	// Stripe has no invoiceitem.updated event any more.
	return s.showInvoiceItem(item), nil
}

func (s *Stripe) deleteInvoiceItem(c *call) (object, error) {
	item, invoice, failure := s.editableItem(c.path[0])
	if failure != nil {
		return nil, failure
	}
	if invoice != nil {
		invoice.Lines = slices.DeleteFunc(invoice.Lines, func(line InvoiceLine) bool { return line.InvoiceItem == item.ID })
		s.applyDiscounts(invoice)
	}
	s.emit("invoiceitem.deleted", s.showInvoiceItem(item), nil)
	s.state.InvoiceItems.Remove(item.ID)
	return object{"id": item.ID, "object": "invoiceitem", "deleted": true}, nil
}

func (s *Stripe) showInvoiceItem(item *InvoiceItem) object {
	var parent any
	if item.Subscription != "" {
		parent = object{"type": "subscription_details", "subscription_details": object{"subscription": item.Subscription,
			"subscription_item": orNull(item.Item)}}
		if item.Item == "" {
			delete(parent.(object)["subscription_details"].(object), "subscription_item")
		}
	}
	shown := object{"id": item.ID, "object": "invoiceitem", "amount": item.Amount, "currency": item.Currency,
		"customer":         item.Customer,
		"customer_account": nil, "date": item.Created.Unix(), "description": orNull(item.Description),
		"discountable": item.Discountable && !item.Proration,
		"discounts":    ids(item.Discounts), "invoice": orNull(item.Invoice), "livemode": false,
		"metadata": shown(item.Metadata), "net_amount": s.netAmount(item),
		"parent": parent, "period": object{"start": item.PeriodStart.Unix(), "end": item.PeriodEnd.Unix()},
		"pricing": s.showPricing(item.Price), "proration": item.Proration, "quantity": item.Quantity,
		"quantity_decimal": fmt.Sprint(item.Quantity),
		"tax_rates":        []any{}, "test_clock": s.clockName(item.Customer)}
	return shown
}

// showPricing is null for an amount without a price.
func (s *Stripe) showPricing(id string) any {
	price := s.state.Prices.Get(id)
	if price == nil {
		return nil
	}
	return object{"type": "price_details", "price_details": object{"price": price.ID, "product": price.Product},
		"unit_amount_decimal": fmt.Sprint(price.Amount)}
}
