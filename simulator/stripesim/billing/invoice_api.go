package billing

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/discounts"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// Accepted without effect: default_source (there are no sources), rendering,
// statement_descriptor, custom_fields, account_tax_ids, issuer,
// payment_settings (only the payment method counts), automatic_tax (taxes are
// not simulated). Refused, because they would change what is billed:
// application_fee_amount, default_tax_rates, from_invoice, on_behalf_of,
// shipping_cost, transfer_data, effective_at, number.
const invoiceParams = "discounts auto_advance automatically_finalizes_at collection_method days_until_due due_date default_payment_method description footer metadata" +
	" default_source rendering statement_descriptor custom_fields account_tax_ids issuer payment_settings automatic_tax"

func (s *Billing) invoiceRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/invoices", invoiceParams+" customer subscription currency pending_invoice_items_behavior",
			s.createInvoice),
		api.Op(http.MethodGet, "/v1/invoices", "customer subscription status created collection_method due_date"+api.Paging,
			s.listInvoices),
		api.Op(http.MethodGet, "/v1/invoices/{}", "", s.retrieveInvoice),
		api.Op(http.MethodPost, "/v1/invoices/{}", invoiceParams, s.updateInvoice),
		api.Op(http.MethodDelete, "/v1/invoices/{}", "", s.deleteInvoice),
		api.Op(http.MethodGet, "/v1/invoices/{}/lines", api.Paging, s.listInvoiceLines),
		api.Op(http.MethodPost, "/v1/invoices/{}/finalize", "auto_advance", s.finalizeInvoice),
		api.Op(http.MethodPost, "/v1/invoices/{}/pay", "payment_method off_session paid_out_of_band forgive", s.payInvoice),
		api.Op(http.MethodPost, "/v1/invoices/{}/send", "", s.sendInvoice),
		api.Op(http.MethodPost, "/v1/invoices/{}/void", "", s.voidInvoice),
		api.Op(http.MethodPost, "/v1/invoices/{}/mark_uncollectible", "", s.giveUpInvoice),
	}
}

// createInvoice makes a draft. It includes pending items only on request.
func (s *Billing) createInvoice(c *api.Call) (api.Object, error) {
	customerID, subscriptionID := c.Required("customer"), c.Text("subscription")
	invoice := &state.Invoice{Reason: "manual", Customer: customerID, Currency: c.Text("currency"),
		CollectionMethod: "charge_automatically", PeriodStart: s.Now(), PeriodEnd: s.Now()}
	s.readInvoice(c, invoice)
	grants := s.Discounts.ReadDiscounts(c.Params, nil, "coupon", "promotion_code")
	include := c.Enum("pending_invoice_items_behavior", "exclude", "exclude", "include") == "include"
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	customer, err := s.LiveCustomer(customerID, "customer")
	if err != nil {
		return nil, err
	}
	sub := s.State.Subscriptions.Get(subscriptionID)
	if subscriptionID != "" && (sub == nil || sub.Customer != customer.ID) {
		return nil, api.NoSuch("subscription", subscriptionID, "subscription")
	}
	if failure := s.addPending(invoice, customer, sub, include); failure != nil {
		return nil, failure
	}
	if failure := s.Discounts.Admissible(grants, discounts.Purchase{Customer: customer, Currency: invoice.Currency,
		Amount: invoice.Subtotal()}); failure != nil {
		return nil, failure
	}
	if !c.Has("discounts") {
		invoice.Discounts = s.Discounts.Inherited(customer.ID, sub)
	}
	s.AddInvoice(invoice)
	if c.Has("discounts") {
		s.Discounts.DiscountInvoice(invoice, grants)
	}
	s.scheduleFinalization(invoice)
	s.EmitCreated(invoice)
	return s.ShowInvoice(invoice), nil
}

// addPending puts pending items on a new invoice and sets its currency. An invoice of a
// subscription bills its pending items; any other one bills them on request.
func (s *Billing) addPending(invoice *state.Invoice, customer *state.Customer, sub *state.Subscription,
	include bool) *api.Error {
	items := s.pendingItems(customer.ID, func(item *state.InvoiceItem) bool {
		return sub == nil || item.Subscription == "" || item.Subscription == sub.ID
	})
	if sub != nil {
		if len(items) == 0 {
			return api.InvalidCode("invoice_no_subscription_line_items", "", "Nothing to invoice for subscription")
		}
		invoice.Subscription, invoice.SubscriptionMetadata, invoice.Currency = sub.ID, api.Shown(sub.Metadata), sub.Currency
	}
	if invoice.Currency == "" && include && len(items) > 0 {
		invoice.Currency = items[len(items)-1].Currency
	}
	invoice.Currency = cmp.Or(invoice.Currency, customer.Currency, "usd")
	if failure := s.RefuseCurrency(customer, invoice.Currency); failure != nil {
		return failure
	}
	if include || sub != nil {
		s.includeItems(invoice, items)
	}
	return nil
}

// readInvoice reads the parameters that creation and update share.
func (s *Billing) readInvoice(c *api.Call, invoice *state.Invoice) {
	invoice.AutoAdvance = c.Boolean("auto_advance", invoice.AutoAdvance)
	if c.Has("automatically_finalizes_at") {
		invoice.FinalizesAt = c.Time("automatically_finalizes_at")
	}
	invoice.CollectionMethod = c.Enum("collection_method", invoice.CollectionMethod, "charge_automatically",
		"send_invoice")
	invoice.Description, invoice.Footer = c.TextOr("description", invoice.Description), c.TextOr("footer", invoice.Footer)
	invoice.Metadata = c.Metadata(invoice.Metadata)
	if method := s.Customers.ReadMethodOf(c.Params, "default_payment_method", invoice.Customer); method != nil {
		invoice.DefaultPaymentMethod = method.ID
	}
	if c.Has("days_until_due") && c.Has("due_date") {
		c.Fail(api.Malformed("", "due_date", "You may only specify one of these parameters: days_until_due, due_date."))
	}
	invoice.DaysUntilDue = c.Integer("days_until_due", invoice.DaysUntilDue)
	if c.Has("due_date") {
		invoice.DueDate = c.Time("due_date")
	}
	switch {
	case !invoice.Sent() && (c.Has("days_until_due") || c.Has("due_date")):
		c.Fail(api.Invalid("days_until_due", "You can only specify a due date if collection_method is `send_invoice`."))
	case c.Has("collection_method") && invoice.Sent() && invoice.DueDate.IsZero() && invoice.DaysUntilDue == 0 &&
		!c.Has("days_until_due"):
		c.Fail(api.Invalid("days_until_due", "If invoice.collection_method=send_invoice, you must pass in either days_until_due or due_date."))
	}
}

// scheduleFinalization sets when a draft that advances on its own is finalized.
func (s *Billing) scheduleFinalization(invoice *state.Invoice) {
	if !invoice.AutoAdvance {
		invoice.FinalizesAt = time.Time{}
		return
	}
	if invoice.FinalizesAt.IsZero() {
		invoice.FinalizesAt = s.Now().Add(draftTime)
	}
	s.At(invoice.FinalizesAt, account.TimerFinalize, invoice.ID)
}

func (s *Billing) updateInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	if failure != nil {
		return nil, failure
	}
	editable := []string{"metadata", "expand", "auto_advance", "default_payment_method", "default_source",
		"days_until_due", "due_date", "description", "footer"}
	if invoice.Finalized() && slices.ContainsFunc(c.At.Order,
		func(name string) bool { return !slices.Contains(editable, name) }) {
		return nil, api.InvalidCode("invoice_not_editable", "", "Finalized invoices can't be updated in this way.")
	}
	changed := invoice.Clone()
	s.readInvoice(c, &changed)
	grants := s.Discounts.ReadDiscounts(c.Params, invoice.Discounts, "coupon", "promotion_code", "discount")
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	in := discounts.Purchase{Customer: s.State.Customers.Get(invoice.Customer), Currency: invoice.Currency,
		Amount: invoice.Subtotal()}
	if failure := s.Discounts.Admissible(grants, in); failure != nil {
		return nil, failure
	}
	before := s.ShowInvoice(invoice)
	advances := changed.AutoAdvance && !invoice.AutoAdvance
	*invoice = changed
	if c.Has("discounts") {
		s.Discounts.DiscountInvoice(invoice, grants)
	}
	switch {
	case invoice.Status == "draft" && (advances || c.Has("automatically_finalizes_at") || !invoice.AutoAdvance):
		s.scheduleFinalization(invoice)
	case invoice.Status == "open" && advances && !invoice.Sent():
		s.retryAt(invoice, s.Now().Add(draftTime))
	}
	s.Events.EmitUpdate("invoice.updated", before, s.ShowInvoice(invoice))
	return s.ShowInvoice(invoice), nil
}

// invoiceInPath returns the invoice in the path.
func (s *Billing) invoiceInPath(c *api.Call) (*state.Invoice, *api.Error) {
	invoice := s.State.Invoices.Get(c.Path[0])
	if invoice == nil {
		return nil, api.NoSuch("invoice", c.Path[0], "id")
	}
	return invoice, c.Failed()
}

// deleteInvoice deletes a draft without a subscription, and its items.
func (s *Billing) deleteInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	switch {
	case failure != nil:
		return nil, failure
	case invoice.Status != "draft":
		return nil, api.InvalidCode("invoice_not_editable", "", "You can only delete draft invoices.")
	case invoice.Reason != "manual":
		return nil, api.Invalid("", "You can't delete invoices created by subscriptions.")
	}
	for _, line := range invoice.Lines {
		s.State.InvoiceItems.Remove(line.InvoiceItem)
	}
	s.Events.Emit("invoice.deleted", s.ShowInvoice(invoice), nil)
	s.State.Invoices.Remove(invoice.ID)
	return api.Object{"id": invoice.ID, "object": "invoice", "deleted": true}, nil
}

func (s *Billing) retrieveInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	if failure != nil {
		return nil, failure
	}
	return s.ShowInvoice(invoice), nil
}

func (s *Billing) listInvoices(c *api.Call) (api.Object, error) {
	customer, subscription, within := c.Text("customer"), c.Text("subscription"), api.CreatedFilter(c)
	status := c.Enum("status", "", "draft", "open", "paid", "uncollectible", "void")
	method, due := c.Enum("collection_method", "", "charge_automatically", "send_invoice"), api.TimeFilter(c, "due_date")
	candidates := s.State.Invoices.Newest()
	switch {
	case subscription != "":
		candidates = api.NewestOf(s.State.Invoices.Of(subscription))
	case customer != "":
		candidates = api.NewestOf(s.State.Invoices.Of(customer))
	}
	return api.Paginate(c, candidates, func(i *state.Invoice) bool {
		return (customer == "" || i.Customer == customer) && s.Listed(c, i.Customer, "") &&
			(status == "" || i.Status == status) && within(i.Created) &&
			(method == "" || i.Sent() == (method == "send_invoice")) &&
			(!c.Has("due_date") || !i.DueDate.IsZero() && due(i.DueDate))
	}, s.ShowInvoice)
}

func (s *Billing) listInvoiceLines(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	if failure != nil {
		return nil, failure
	}
	lines := make([]*state.InvoiceLine, len(invoice.Lines))
	for n := range invoice.Lines {
		lines[n] = &invoice.Lines[n]
	}
	return api.Paginate(c, slices.Values(lines), func(*state.InvoiceLine) bool { return true },
		func(line *state.InvoiceLine) api.Object { return s.ShowLine(invoice, line) })
}

// finalizeInvoice finalizes a draft. One that advances on its own is charged an
// hour later.
func (s *Billing) finalizeInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	if failure != nil {
		return nil, failure
	}
	advance := c.Boolean("auto_advance", invoice.AutoAdvance)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if failure := s.finalizeByHand(invoice); failure != nil {
		return nil, failure
	}
	if invoice.Status == "open" {
		invoice.AutoAdvance = advance
		if advance && !invoice.Sent() {
			s.retryAt(invoice, s.Now().Add(draftTime))
		}
	}
	return s.ShowInvoice(invoice), nil
}

// finalizeByHand finalizes a draft. If nothing is due, it is paid at once.
func (s *Billing) finalizeByHand(invoice *state.Invoice) *api.Error {
	switch {
	case invoice.Status != "draft":
		return api.InvalidCode("invoice_not_editable", "", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	case len(invoice.Lines) == 0 && invoice.Subscription == "":
		return api.InvalidCode("invoice_no_customer_line_items", "", "You can't finalize an empty invoice: it has no line items.")
	}
	s.finalize(invoice)
	if invoice.Due == 0 {
		s.invoicePaid(invoice)
		return nil
	}
	s.openPayment(invoice)
	return nil
}

// sendInvoice finalizes a draft if necessary and sends the invoice. The
// simulator sends no e-mail; only the event shows it.
func (s *Billing) sendInvoice(c *api.Call) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	switch {
	case failure != nil:
		return nil, failure
	case !invoice.Sent():
		return nil, api.Invalid("", "You can only manually send an invoice if its collection method is 'send_invoice'.")
	case invoice.Status == "draft":
		if failure := s.finalizeByHand(invoice); failure != nil {
			return nil, failure
		}
	case invoice.Status != "open":
		return nil, api.Invalid("", "Invoice is %s: only open invoices can be sent.", invoice.Status)
	}
	s.Events.Emit("invoice.sent", s.ShowInvoice(invoice), nil)
	return s.ShowInvoice(invoice), nil
}

func (s *Billing) voidInvoice(c *api.Call) (api.Object, error) {
	return s.closeInvoice(c, "void", func(invoice *state.Invoice) {
		s.void(invoice)
		if sub := s.State.Subscriptions.Get(invoice.Subscription); sub != nil && sub.Status == "incomplete" &&
			sub.LatestInvoice == invoice.ID {
			s.ExpireIncomplete(sub)
		}
	}, "open", "uncollectible")
}

func (s *Billing) giveUpInvoice(c *api.Call) (api.Object, error) {
	return s.closeInvoice(c, "marked as uncollectible", s.markUncollectible, "open")
}

func (s *Billing) closeInvoice(c *api.Call, what string, how func(*state.Invoice), from ...string) (api.Object, error) {
	invoice, failure := s.invoiceInPath(c)
	switch {
	case failure != nil:
		return nil, failure
	case !slices.Contains(from, invoice.Status):
		return nil, api.Invalid("", "This invoice is %s: it can't be %s.", invoice.Status, what)
	}
	how(invoice)
	return s.ShowInvoice(invoice), nil
}
