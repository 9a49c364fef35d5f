package discounts

import (
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/account"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/version"
)

func (s *Discounts) discountRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodGet, "/v1/customers/{}/discount", "", s.retrieveCustomerDiscount),
		api.Op(http.MethodDelete, "/v1/customers/{}/discount", "", s.removeCustomerDiscount),
	}
}

// TermsOf returns the terms of a coupon.
func TermsOf(coupon *state.Coupon) state.Terms {
	return state.Terms{PercentOff: coupon.PercentOff, AmountOff: coupon.AmountOff, Currency: coupon.Currency,
		Duration: coupon.Duration, Months: coupon.Months, Products: slices.Clone(coupon.Products)}
}

// Redeem turns a grant into a discount and counts it on the coupon and the
// promotion code. where says what the discount is on.
func (s *Discounts) Redeem(given state.Grant, where state.Discount) *state.Discount {
	where.Grant, where.ID, where.Start = given, s.World.NewID("di_1", 23), s.Now()
	if given.Terms.Duration == "repeating" {
		where.End = state.AddMonths(where.Start, int(given.Terms.Months))
	}
	discount := s.State.Discounts.Add(&where)
	if coupon := s.State.Coupons.Get(given.Coupon); coupon != nil {
		s.Catalog.ChangeCoupon(coupon, func() { coupon.Redeemed++ })
	}
	if code := s.State.PromotionCodes.Get(given.PromotionCode); code != nil {
		s.Catalog.ChangePromotionCode(code, func() { code.Redeemed++ })
	}
	if !discount.End.IsZero() && (discount.Subscription != "" ||
		discount.Invoice+discount.InvoiceItem+discount.Session == "") {
		s.At(discount.End, account.TimerDiscount, discount.ID)
	}
	return discount
}

// RemoveFrom removes one discount from a subscription.
func (s *Discounts) RemoveFrom(sub *state.Subscription, discount *state.Discount) {
	sub.Discounts = slices.DeleteFunc(slices.Clone(sub.Discounts), func(id string) bool { return id == discount.ID })
	s.Events.Emit("customer.discount.deleted", s.ShowDiscount(discount), nil)
}

// DiscountSubscription replaces the discounts of a subscription. A grant that
// names an existing discount keeps it.
func (s *Discounts) DiscountSubscription(sub *state.Subscription, grants []state.Grant) {
	var kept, fresh []string
	for _, given := range grants {
		if given.Discount != "" {
			kept = append(kept, given.Discount)
		}
	}
	for _, id := range sub.Discounts {
		if !slices.Contains(kept, id) {
			s.RemoveFrom(sub, s.State.Discounts.Get(id))
		}
	}
	for _, given := range grants {
		if given.Discount != "" {
			fresh = append(fresh, given.Discount)
			continue
		}
		discount := s.Redeem(given, state.Discount{Customer: sub.Customer, Subscription: sub.ID})
		fresh = append(fresh, discount.ID)
		s.Events.Emit("customer.discount.created", s.ShowDiscount(discount), nil)
	}
	sub.Discounts = fresh
}

// DiscountInvoice replaces the discounts of a draft.
func (s *Discounts) DiscountInvoice(invoice *state.Invoice, grants []state.Grant) {
	invoice.Discounts = s.redeemAll(grants, state.Discount{Customer: invoice.Customer, Invoice: invoice.ID})
	s.ApplyDiscounts(invoice)
}

// DiscountItem replaces the discounts of an invoice item.
func (s *Discounts) DiscountItem(item *state.InvoiceItem, grants []state.Grant) {
	item.Discounts = s.redeemAll(grants, state.Discount{Customer: item.Customer, Invoice: item.Invoice,
		InvoiceItem: item.ID})
}

func (s *Discounts) redeemAll(grants []state.Grant, where state.Discount) []string {
	redeemed := make([]string, len(grants))
	for i, given := range grants {
		redeemed[i] = given.Discount
		if given.Discount == "" {
			redeemed[i] = s.Redeem(given, where).ID
		}
	}
	return redeemed
}

// Inherited returns the discounts that a new invoice starts with: those of the
// subscription, or else the customer's, unless they have ended.
func (s *Discounts) Inherited(customer string, sub *state.Subscription) []string {
	ids := []string{}
	if sub != nil {
		ids = slices.Clone(sub.Discounts)
	}
	if owner := s.State.Customers.Get(customer); len(ids) == 0 && owner.Discount != "" {
		ids = []string{owner.Discount}
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		end := s.State.Discounts.Get(id).End
		return !end.IsZero() && !s.Now().Before(end)
	})
}

func (s *Discounts) retrieveCustomerDiscount(c *api.Call) (api.Object, error) {
	_, discount, err := s.customerDiscount(c.Path[0])
	if err != nil {
		return nil, err
	}
	return s.ShowDiscount(discount), nil
}

func (s *Discounts) customerDiscount(id string) (*state.Customer, *state.Discount, error) {
	customer, err := s.LiveCustomer(id, "id")
	if err != nil {
		return nil, nil, err
	}
	discount := s.State.Discounts.Get(customer.Discount)
	if discount == nil {
		return nil, nil, NoDiscount("customer", id)
	}
	return customer, discount, nil
}

// NoDiscount returns the error for an object without a discount.
func NoDiscount(kind, id string) *api.Error {
	failure := api.InvalidCode("resource_missing", "", "No active discount for %s: %s", kind, id)
	failure.Status = http.StatusNotFound
	return failure
}

func (s *Discounts) removeCustomerDiscount(c *api.Call) (api.Object, error) {
	customer, discount, err := s.customerDiscount(c.Path[0])
	if err != nil {
		return nil, err
	}
	s.DiscountCustomer(customer, nil)
	return DeletedDiscount(s.ShowDiscount(discount)), nil
}

// ReadCustomerDiscount reads the coupon of a customer, a parameter that basil
// removed (docs.stripe.com/changelog/basil/2025-03-31). An empty one removes
// the discount.
func (s *Discounts) ReadCustomerDiscount(c *api.Call) *state.Grant {
	if c.Has("coupon") && !c.Before(version.Basil.Since) {
		c.Fail(api.UnknownParams([]string{"coupon"}))
	}
	coupon := c.Text("coupon")
	if coupon == "" || c.Failed() != nil {
		return nil
	}
	found, err := s.Catalog.LiveCoupon(coupon, "coupon")
	if err != nil {
		c.Fail(api.NoSuch("coupon", coupon, "coupon"))
		return nil
	}
	given := state.Grant{Coupon: found.ID, Terms: TermsOf(found)}
	if failure := s.Redeemable(given, Purchase{}, "coupon"); failure != nil {
		c.Fail(failure)
	}
	return &given
}

// DiscountCustomer gives a customer a discount, or removes it if given is nil.
func (s *Discounts) DiscountCustomer(customer *state.Customer, given *state.Grant) {
	old, before := s.State.Discounts.Get(customer.Discount), s.ShowCustomer(customer)
	if old == nil && given == nil {
		return
	}
	var fresh *state.Discount
	customer.Discount = ""
	if given != nil {
		fresh = s.Redeem(*given, state.Discount{Customer: customer.ID})
		customer.Discount = fresh.ID
	}
	switch {
	case old != nil && fresh != nil:
		s.Events.EmitUpdate("customer.discount.updated", s.ShowDiscount(old), s.ShowDiscount(fresh))
	case old != nil:
		s.Events.Emit("customer.discount.deleted", s.ShowDiscount(old), nil)
	case fresh != nil:
		s.Events.Emit("customer.discount.created", s.ShowDiscount(fresh), nil)
	}
	s.Events.EmitUpdate("customer.updated", before, s.ShowCustomer(customer))
}

// DeletedDiscount shows a discount as deleted.
func DeletedDiscount(discount api.Object) api.Object {
	discount["deleted"] = true
	delete(discount, "end")
	return discount
}
