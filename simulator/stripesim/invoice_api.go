package stripesim

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// Accepted and without effect: default_source (there are no sources), rendering,
// statement_descriptor, custom_fields, account_tax_ids, issuer, payment_settings
// (the payment method alone decides), automatic_tax (no taxes are simulated).
// Left out, because they would change what is billed: application_fee_amount,
// default_tax_rates, from_invoice, on_behalf_of, shipping_cost,
// transfer_data, effective_at, number.
const invoiceParams = "discounts auto_advance automatically_finalizes_at collection_method days_until_due due_date default_payment_method description footer metadata" +
	" default_source rendering statement_descriptor custom_fields account_tax_ids issuer payment_settings automatic_tax"

func (s *Stripe) invoiceRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/invoices", invoiceParams+" customer subscription currency pending_invoice_items_behavior",
			s.createInvoice),
		op(http.MethodGet, "/v1/invoices", "customer subscription status created collection_method due_date"+paging,
			s.listInvoices),
		op(http.MethodGet, "/v1/invoices/{}", "", s.retrieveInvoice),
		op(http.MethodPost, "/v1/invoices/{}", invoiceParams, s.updateInvoice),
		op(http.MethodDelete, "/v1/invoices/{}", "", s.deleteInvoice),
		op(http.MethodGet, "/v1/invoices/{}/lines", paging, s.listInvoiceLines),
		op(http.MethodPost, "/v1/invoices/{}/finalize", "auto_advance", s.finalizeInvoice),
		op(http.MethodPost, "/v1/invoices/{}/pay", "payment_method off_session paid_out_of_band forgive",
			s.payInvoice),
		op(http.MethodPost, "/v1/invoices/{}/send", "", s.sendInvoice),
		op(http.MethodPost, "/v1/invoices/{}/void", "", s.voidInvoice),
		op(http.MethodPost, "/v1/invoices/{}/mark_uncollectible", "", s.giveUpInvoice),
	}
}

// createInvoice makes a draft by hand. Pending items are taken up only when asked for.
func (s *Stripe) createInvoice(c *call) (object, error) {
	customerID, subscriptionID := c.required("customer"), c.text("subscription")
	invoice := &Invoice{Reason: "manual", Customer: customerID, Currency: c.text("currency"),
		CollectionMethod: "charge_automatically", PeriodStart: s.now(), PeriodEnd: s.now()}
	s.readInvoice(c, invoice)
	grants := s.readDiscounts(c.params, nil, "coupon", "promotion_code")
	include := c.enum("pending_invoice_items_behavior", "exclude", "exclude", "include") == "include"
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.liveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	sub := s.state.Subscriptions.Get(subscriptionID)
	if subscriptionID != "" && (sub == nil || sub.Customer != customer.ID) {
		return nil, noSuch("subscription", subscriptionID, "subscription")
	}
	items := s.pendingItems(customer.ID, func(item *InvoiceItem) bool {
		return sub == nil || item.Subscription == "" || item.Subscription == sub.ID
	})
	if sub != nil {
		if len(items) == 0 {
			return nil, invalidCode("invoice_no_subscription_line_items", "", "Nothing to invoice for subscription")
		}
		invoice.Subscription, invoice.SubscriptionMetadata, invoice.Currency = sub.ID, shown(sub.Metadata), sub.Currency
	}
	if invoice.Currency == "" && include && len(items) > 0 {
		invoice.Currency = items[len(items)-1].Currency
	}
	invoice.Currency = cmp.Or(invoice.Currency, customer.Currency, "usd")
	if failure := s.refuseCurrency(customer, invoice.Currency); failure != nil {
		return nil, failure
	}
	if include || sub != nil {
		s.takeUp(invoice, items)
	}
	if failure := s.admissible(grants, purchase{customer: customer, currency: invoice.Currency,
		amount: invoice.Subtotal()}); failure != nil {
		return nil, failure
	}
	if !c.has("discounts") {
		invoice.Discounts = s.inherited(customer.ID, sub)
	}
	s.addInvoice(invoice)
	if c.has("discounts") {
		s.discountInvoice(invoice, grants)
	}
	s.scheduleFinalization(invoice)
	s.emitCreated(invoice)
	return s.showInvoice(invoice), nil
}

// readInvoice reads what creation and update have in common.
func (s *Stripe) readInvoice(c *call, invoice *Invoice) {
	invoice.AutoAdvance = c.boolean("auto_advance", invoice.AutoAdvance)
	if c.has("automatically_finalizes_at") {
		invoice.FinalizesAt = c.time("automatically_finalizes_at")
	}
	invoice.CollectionMethod = c.enum("collection_method", invoice.CollectionMethod, "charge_automatically",
		"send_invoice")
	invoice.Description, invoice.Footer = c.textOr("description", invoice.Description), c.textOr("footer", invoice.Footer)
	invoice.Metadata = c.metadata(invoice.Metadata)
	if method := s.readMethodOf(c.params, "default_payment_method", invoice.Customer); method != nil {
		invoice.DefaultPaymentMethod = method.ID
	}
	if c.has("days_until_due") && c.has("due_date") {
		c.fail(malformed("", "due_date", "You may only specify one of these parameters: days_until_due, due_date."))
	}
	invoice.DaysUntilDue = c.integer("days_until_due", invoice.DaysUntilDue)
	if c.has("due_date") {
		invoice.DueDate = c.time("due_date")
	}
	switch {
	case !invoice.sent() && (c.has("days_until_due") || c.has("due_date")):
		c.fail(invalid("days_until_due", "You can only specify a due date if collection_method is `send_invoice`."))
	case c.has("collection_method") && invoice.sent() && invoice.DueDate.IsZero() && invoice.DaysUntilDue == 0 &&
		!c.has("days_until_due"):
		c.fail(invalid("days_until_due", "If invoice.collection_method=send_invoice, you must pass in either days_until_due or due_date."))
	}
}

// scheduleFinalization sets when a draft that advances by itself is finalized.
func (s *Stripe) scheduleFinalization(invoice *Invoice) {
	if !invoice.AutoAdvance {
		invoice.FinalizesAt = time.Time{}
		return
	}
	if invoice.FinalizesAt.IsZero() {
		invoice.FinalizesAt = s.now().Add(draftTime)
	}
	s.at(invoice.FinalizesAt, timerFinalize, invoice.ID)
}

func (s *Stripe) updateInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	if failure != nil {
		return nil, failure
	}
	editable := []string{"metadata", "expand", "auto_advance", "default_payment_method", "default_source",
		"days_until_due", "due_date", "description", "footer"}
	if invoice.finalized() && slices.ContainsFunc(c.at.order,
		func(name string) bool { return !slices.Contains(editable, name) }) {
		return nil, invalidCode("invoice_not_editable", "", "Finalized invoices can't be updated in this way.")
	}
	changed := invoice.clone()
	s.readInvoice(c, &changed)
	grants := s.readDiscounts(c.params, invoice.Discounts, "coupon", "promotion_code", "discount")
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	in := purchase{customer: s.state.Customers.Get(invoice.Customer), currency: invoice.Currency,
		amount: invoice.Subtotal()}
	if failure := s.admissible(grants, in); failure != nil {
		return nil, failure
	}
	before := s.showInvoice(invoice)
	advances := changed.AutoAdvance && !invoice.AutoAdvance
	*invoice = changed
	if c.has("discounts") {
		s.discountInvoice(invoice, grants)
	}
	switch {
	case invoice.Status == "draft" && (advances || c.has("automatically_finalizes_at") || !invoice.AutoAdvance):
		s.scheduleFinalization(invoice)
	case invoice.Status == "open" && advances && !invoice.sent():
		s.retryAt(invoice, s.now().Add(draftTime))
	}
	s.emitUpdate("invoice.updated", before, s.showInvoice(invoice))
	return s.showInvoice(invoice), nil
}

// foundInvoice returns the invoice of the path.
func (s *Stripe) foundInvoice(c *call) (*Invoice, *Error) {
	invoice := s.state.Invoices.Get(c.path[0])
	if invoice == nil {
		return nil, noSuch("invoice", c.path[0], "id")
	}
	return invoice, c.failed()
}

// deleteInvoice deletes a draft made by hand; its items go with it.
func (s *Stripe) deleteInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	switch {
	case failure != nil:
		return nil, failure
	case invoice.Status != "draft":
		return nil, invalidCode("invoice_not_editable", "", "You can only delete draft invoices.")
	case invoice.Reason != "manual":
		return nil, invalid("", "You can't delete invoices created by subscriptions.")
	}
	for _, line := range invoice.Lines {
		s.state.InvoiceItems.Remove(line.InvoiceItem)
	}
	s.emit("invoice.deleted", s.showInvoice(invoice), nil)
	s.state.Invoices.Remove(invoice.ID)
	return object{"id": invoice.ID, "object": "invoice", "deleted": true}, nil
}

func (s *Stripe) retrieveInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	if failure != nil {
		return nil, failure
	}
	return s.showInvoice(invoice), nil
}

func (s *Stripe) listInvoices(c *call) (object, error) {
	customer, subscription, within := c.text("customer"), c.text("subscription"), createdFilter(c)
	status := c.enum("status", "", "draft", "open", "paid", "uncollectible", "void")
	method, due := c.enum("collection_method", "", "charge_automatically", "send_invoice"), timeFilter(c, "due_date")
	candidates := s.state.Invoices.Newest()
	switch {
	case subscription != "":
		candidates = newestOf(s.state.Invoices.Of(subscription))
	case customer != "":
		candidates = newestOf(s.state.Invoices.Of(customer))
	}
	return paginate(c, candidates, func(i *Invoice) bool {
		return (customer == "" || i.Customer == customer) && s.listed(c, i.Customer, "") &&
			(status == "" || i.Status == status) && within(i.Created) &&
			(method == "" || i.sent() == (method == "send_invoice")) &&
			(!c.has("due_date") || !i.DueDate.IsZero() && due(i.DueDate))
	}, s.showInvoice)
}

func (s *Stripe) listInvoiceLines(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	if failure != nil {
		return nil, failure
	}
	lines := make([]*InvoiceLine, len(invoice.Lines))
	for n := range invoice.Lines {
		lines[n] = &invoice.Lines[n]
	}
	return paginate(c, slices.Values(lines), func(*InvoiceLine) bool { return true },
		func(line *InvoiceLine) object { return s.showLine(invoice, line) })
}

// finalizeInvoice closes a draft. One that advances is charged an hour later.
func (s *Stripe) finalizeInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	if failure != nil {
		return nil, failure
	}
	advance := c.boolean("auto_advance", invoice.AutoAdvance)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if failure := s.finalizeByHand(invoice); failure != nil {
		return nil, failure
	}
	if invoice.Status == "open" {
		invoice.AutoAdvance = advance
		if advance && !invoice.sent() {
			s.retryAt(invoice, s.now().Add(draftTime))
		}
	}
	return s.showInvoice(invoice), nil
}

// finalizeByHand closes a draft; one with nothing to pay is paid at once.
func (s *Stripe) finalizeByHand(invoice *Invoice) *Error {
	switch {
	case invoice.Status != "draft":
		return invalidCode("invoice_not_editable", "", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	case len(invoice.Lines) == 0 && invoice.Subscription == "":
		return invalidCode("invoice_no_customer_line_items", "", "You can't finalize an empty invoice: it has no line items.")
	}
	s.finalize(invoice)
	if invoice.Due == 0 {
		s.invoicePaid(invoice)
		return nil
	}
	s.openPayment(invoice)
	return nil
}

// sendInvoice finalizes a draft if need be, and mails the invoice: the event is
// all that shows of it.
func (s *Stripe) sendInvoice(c *call) (object, error) {
	invoice, failure := s.foundInvoice(c)
	switch {
	case failure != nil:
		return nil, failure
	case !invoice.sent():
		return nil, invalid("", "You can only manually send an invoice if its collection method is 'send_invoice'.")
	case invoice.Status == "draft":
		if failure := s.finalizeByHand(invoice); failure != nil {
			return nil, failure
		}
	case invoice.Status != "open":
		return nil, invalid("", "Invoice is %s: only open invoices can be sent.", invoice.Status)
	}
	s.emit("invoice.sent", s.showInvoice(invoice), nil)
	return s.showInvoice(invoice), nil
}

func (s *Stripe) voidInvoice(c *call) (object, error) {
	return s.closeInvoice(c, "void", func(invoice *Invoice) {
		s.void(invoice)
		if sub := s.state.Subscriptions.Get(invoice.Subscription); sub != nil && sub.Status == "incomplete" &&
			sub.LatestInvoice == invoice.ID {
			s.expireIncomplete(sub)
		}
	}, "open", "uncollectible")
}

func (s *Stripe) giveUpInvoice(c *call) (object, error) {
	return s.closeInvoice(c, "marked as uncollectible", s.markUncollectible, "open")
}

func (s *Stripe) closeInvoice(c *call, what string, how func(*Invoice), from ...string) (object, error) {
	invoice, failure := s.foundInvoice(c)
	switch {
	case failure != nil:
		return nil, failure
	case !slices.Contains(from, invoice.Status):
		return nil, invalid("", "This invoice is %s: it can't be %s.", invoice.Status, what)
	}
	how(invoice)
	return s.showInvoice(invoice), nil
}
