package stripesim

import (
	"net/http"
	"slices"
	"time"
)

// terms are what a coupon takes off. A discount keeps its own copy: the coupon
// may be deleted, and one of the same id made again.
type terms struct {
	PercentOff float64  `json:"percent_off"`
	AmountOff  int64    `json:"amount_off"`
	Currency   string   `json:"currency"`
	Duration   string   `json:"duration"`
	Months     int64    `json:"duration_in_months"`
	Products   []string `json:"products"`
}

// grant is a coupon that somebody is to get, and the promotion code that they
// got it by, if any. It is not redeemed yet.
type grant struct {
	Coupon        string `json:"coupon"`
	PromotionCode string `json:"promotion_code"`
	Terms         terms  `json:"terms"`
	discount      string // an existing discount that is kept
}

// Discount is a redeemed coupon: on a customer, a subscription, an invoice, an
// invoice item, or what a checkout session in payment mode sold.
type Discount struct {
	grant

	ID           string    `json:"id"`
	Customer     string    `json:"customer"`
	Subscription string    `json:"subscription"`
	Invoice      string    `json:"invoice"`
	InvoiceItem  string    `json:"invoice_item"`
	Session      string    `json:"checkout_session"`
	Start        time.Time `json:"start"`
	End          time.Time `json:"end"` // of a repeating one
}

// Key is the id.
func (d *Discount) Key() string { return d.ID }

// Owner is the customer.
func (d *Discount) Owner() string { return d.Customer }

func (s *Stripe) discountRoutes() []route {
	return []route{
		op(http.MethodGet, "/v1/customers/{}/discount", "", s.retrieveCustomerDiscount),
		op(http.MethodDelete, "/v1/customers/{}/discount", "", s.removeCustomerDiscount),
	}
}

func termsOf(coupon *Coupon) terms {
	return terms{PercentOff: coupon.PercentOff, AmountOff: coupon.AmountOff, Currency: coupon.Currency,
		Duration: coupon.Duration,
		Months:   coupon.Months, Products: slices.Clone(coupon.Products)}
}

// redeem makes a discount of a grant and counts it: on the coupon, and on the
// promotion code. where says what it is on.
func (s *Stripe) redeem(given grant, where Discount) *Discount {
	where.grant, where.ID, where.Start = given, s.world.NewID("di_1", 23), s.now()
	if given.Terms.Duration == "repeating" {
		where.End = addMonths(where.Start, int(given.Terms.Months))
	}
	discount := s.state.Discounts.Add(&where)
	if coupon := s.state.Coupons.Get(given.Coupon); coupon != nil {
		s.changeCoupon(coupon, func() { coupon.Redeemed++ })
	}
	if code := s.state.PromotionCodes.Get(given.PromotionCode); code != nil {
		s.changePromotionCode(code, func() { code.Redeemed++ })
	}
	if !discount.End.IsZero() && (discount.Subscription != "" ||
		discount.Invoice+discount.InvoiceItem+discount.Session == "") {
		s.at(discount.End, timerDiscount, discount.ID)
	}
	return discount
}

// discountEnds takes a repeating discount off whatever it is still on.
func (s *Stripe) discountEnds(id string) {
	discount := s.state.Discounts.Get(id)
	if sub := s.state.Subscriptions.Get(discount.Subscription); sub != nil && sub.live() &&
		slices.Contains(sub.Discounts, id) {
		s.changeSubscription(sub, func() { s.takeOff(sub, discount) })
	}
	if customer := s.state.Customers.Get(discount.Customer); customer != nil && customer.Discount == id &&
		!customer.Deleted {
		s.changeCustomer(customer, func() { customer.Discount = "" })
		s.emit("customer.discount.deleted", s.showDiscount(discount), nil)
	}
}

// takeOff removes one discount of a subscription.
func (s *Stripe) takeOff(sub *Subscription, discount *Discount) {
	sub.Discounts = slices.DeleteFunc(slices.Clone(sub.Discounts), func(id string) bool { return id == discount.ID })
	s.emit("customer.discount.deleted", s.showDiscount(discount), nil)
}

// discountSubscription puts grants on a subscription in the place of what it
// had. A grant of an existing discount keeps that one.
func (s *Stripe) discountSubscription(sub *Subscription, grants []grant) {
	var kept, fresh []string
	for _, given := range grants {
		if given.discount != "" {
			kept = append(kept, given.discount)
		}
	}
	for _, id := range sub.Discounts {
		if !slices.Contains(kept, id) {
			s.takeOff(sub, s.state.Discounts.Get(id))
		}
	}
	for _, given := range grants {
		if given.discount != "" {
			fresh = append(fresh, given.discount)
			continue
		}
		discount := s.redeem(given, Discount{Customer: sub.Customer, Subscription: sub.ID})
		fresh = append(fresh, discount.ID)
		s.emit("customer.discount.created", s.showDiscount(discount), nil)
	}
	sub.Discounts = fresh
}

// discountInvoice puts grants on a draft in the place of what it had.
func (s *Stripe) discountInvoice(invoice *Invoice, grants []grant) {
	invoice.Discounts = s.redeemAll(grants, Discount{Customer: invoice.Customer, Invoice: invoice.ID})
	s.applyDiscounts(invoice)
}

// discountItem puts grants on an invoice item in the place of what it had.
func (s *Stripe) discountItem(item *InvoiceItem, grants []grant) {
	item.Discounts = s.redeemAll(grants, Discount{Customer: item.Customer, Invoice: item.Invoice, InvoiceItem: item.ID})
}

func (s *Stripe) redeemAll(grants []grant, where Discount) []string {
	redeemed := make([]string, len(grants))
	for i, given := range grants {
		redeemed[i] = given.discount
		if given.discount == "" {
			redeemed[i] = s.redeem(given, where).ID
		}
	}
	return redeemed
}

// discountsOf finds discounts by their ids.
func (s *Stripe) discountsOf(ids []string) []*Discount {
	discounts := make([]*Discount, len(ids))
	for i, id := range ids {
		discounts[i] = s.state.Discounts.Get(id)
	}
	return discounts
}

// inherited are the discounts that a new invoice has without being told: the
// subscription's, else the customer's, as far as they have not ended.
func (s *Stripe) inherited(customer string, sub *Subscription) []string {
	ids := []string{}
	if sub != nil {
		ids = slices.Clone(sub.Discounts)
	}
	if owner := s.state.Customers.Get(customer); len(ids) == 0 && owner.Discount != "" {
		ids = []string{owner.Discount}
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		end := s.state.Discounts.Get(id).End
		return !end.IsZero() && !s.now().Before(end)
	})
}

func (s *Stripe) retrieveCustomerDiscount(c *call) (object, error) {
	_, discount, err := s.customerDiscount(c.path[0])
	if err != nil {
		return nil, err
	}
	return s.showDiscount(discount), nil
}

func (s *Stripe) customerDiscount(id string) (*Customer, *Discount, error) {
	customer, err := s.liveCustomer(id, "id")
	if err != nil {
		return nil, nil, err
	}
	discount := s.state.Discounts.Get(customer.Discount)
	if discount == nil {
		return nil, nil, noDiscount("customer", id)
	}
	return customer, discount, nil
}

func noDiscount(kind, id string) *Error {
	failure := invalidCode("resource_missing", "", "No active discount for %s: %s", kind, id)
	failure.Status = http.StatusNotFound
	return failure
}

func (s *Stripe) removeCustomerDiscount(c *call) (object, error) {
	customer, discount, err := s.customerDiscount(c.path[0])
	if err != nil {
		return nil, err
	}
	s.discountCustomer(customer, nil)
	return deletedDiscount(s.showDiscount(discount)), nil
}

// readCustomerDiscount reads the coupon of a customer, which basil removed
// (docs.stripe.com/changelog/basil/2025-03-31); an empty one takes it away.
func (s *Stripe) readCustomerDiscount(c *call) *grant {
	if c.has("coupon") && !c.before(basil.since) {
		c.fail(unknownParams([]string{"coupon"}))
	}
	coupon := c.text("coupon")
	if coupon == "" || c.failed() != nil {
		return nil
	}
	found, err := s.liveCoupon(coupon, "coupon")
	if err != nil {
		c.fail(noSuch("coupon", coupon, "coupon"))
		return nil
	}
	given := grant{Coupon: found.ID, Terms: termsOf(found)}
	if failure := s.redeemable(given, purchase{}, "coupon"); failure != nil {
		c.fail(failure)
	}
	return &given
}

// discountCustomer gives a customer a discount, or with nil takes it away.
func (s *Stripe) discountCustomer(customer *Customer, given *grant) {
	old, before := s.state.Discounts.Get(customer.Discount), s.showCustomer(customer)
	if old == nil && given == nil {
		return
	}
	var fresh *Discount
	customer.Discount = ""
	if given != nil {
		fresh = s.redeem(*given, Discount{Customer: customer.ID})
		customer.Discount = fresh.ID
	}
	switch {
	case old != nil && fresh != nil:
		s.emitUpdate("customer.discount.updated", s.showDiscount(old), s.showDiscount(fresh))
	case old != nil:
		s.emit("customer.discount.deleted", s.showDiscount(old), nil)
	case fresh != nil:
		s.emit("customer.discount.created", s.showDiscount(fresh), nil)
	}
	s.emitUpdate("customer.updated", before, s.showCustomer(customer))
}

func (s *Stripe) removeSubscriptionDiscount(c *call) (object, error) {
	sub := s.state.Subscriptions.Get(c.path[0])
	if sub == nil {
		return nil, noSuch("subscription", c.path[0], "id")
	}
	if len(sub.Discounts) == 0 {
		return nil, noDiscount("subscription", sub.ID)
	}
	last := s.state.Discounts.Get(sub.Discounts[0])
	s.changeSubscription(sub, func() { s.discountSubscription(sub, nil) })
	return deletedDiscount(s.showDiscount(last)), nil
}

func deletedDiscount(discount object) object {
	discount["deleted"] = true
	delete(discount, "end")
	return discount
}

func (s *Stripe) showDiscount(d *Discount) object {
	return object{"id": d.ID, "object": "discount", "checkout_session": orNull(d.Session), "customer": orNull(d.Customer),
		"customer_account": nil,
		"end":              unix(d.End), "invoice": orNull(d.Invoice), "invoice_item": orNull(d.InvoiceItem),
		"promotion_code": orNull(d.PromotionCode),
		"source":         object{"coupon": d.Coupon, "type": "coupon"}, "start": d.Start.Unix(),
		"subscription": orNull(d.Subscription), "subscription_item": nil}
}

// ids shows ids as an array.
func ids(list []string) []any {
	shown := make([]any, len(list))
	for i, id := range list {
		shown[i] = id
	}
	return shown
}
