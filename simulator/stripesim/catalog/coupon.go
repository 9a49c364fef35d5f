package catalog

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// maxRedeemBy is how far in the future redeem_by may be.
const maxRedeemBy = 5 * 366 * 24 * time.Hour

func (s *Catalog) couponRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/coupons", "id name percent_off amount_off currency duration duration_in_months max_redemptions redeem_by applies_to metadata", s.createCoupon),
		api.Op(http.MethodGet, "/v1/coupons", "created"+api.Paging, s.listCoupons),
		api.Op(http.MethodGet, "/v1/coupons/{}", "", s.retrieveCoupon),
		api.Op(http.MethodPost, "/v1/coupons/{}", "name metadata", s.updateCoupon),
		api.Op(http.MethodDelete, "/v1/coupons/{}", "", s.removeCoupon),
	}
}

func (s *Catalog) createCoupon(c *api.Call) (api.Object, error) {
	fresh := s.readCoupon(c.Params)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if known := s.State.Coupons.Get(fresh.ID); known != nil {
		if !known.Deleted {
			return nil, api.InvalidCode("resource_already_exists", "id", "Coupon already exists.")
		}
		s.State.Coupons.Remove(known.ID)
	}
	if fresh.ID == "" {
		fresh.ID = s.World.NewID("", 8)
	}
	fresh.Created = s.Now()
	coupon := s.State.Coupons.Add(fresh)
	s.Events.Emit("coupon.created", s.ShowCoupon(coupon), nil)
	return s.ShowCoupon(coupon), nil
}

func (s *Catalog) readCoupon(p api.Params) *state.Coupon {
	coupon := &state.Coupon{ID: p.Text("id"), Name: p.Text("name"), PercentOff: p.Decimal("percent_off"),
		AmountOff: p.Positive("amount_off"), Currency: strings.ToLower(p.Text("currency")),
		Duration: p.Enum("duration", "once", "once", "repeating", "forever"), Months: p.Positive("duration_in_months"),
		MaxRedemptions: p.Positive("max_redemptions"), RedeemBy: p.Time("redeem_by"), Metadata: p.Metadata(nil)}
	coupon.Products = p.Sub("applies_to").Only("products").Texts("products")
	for _, id := range coupon.Products {
		if _, err := s.liveProduct(id, ""); err != nil {
			p.Fail(api.NoSuch("product", id, "applies_to[products]"))
		}
	}
	switch percent, amount := p.Has("percent_off"), p.Has("amount_off"); {
	case percent == amount:
		p.Fail(api.Malformed("", "percent_off", "Must provide either percent_off or amount_off, and not both."))
	case percent && (coupon.PercentOff <= 0 || coupon.PercentOff > 100):
		p.Fail(api.Malformed("", "percent_off", "Invalid percent_off: must be greater than 0 and at most 100."))
	case amount && coupon.Currency == "":
		p.Fail(api.MissingParam("currency"))
	case percent && coupon.Currency != "":
		p.Fail(api.Malformed("", "currency", "You may only specify currency with amount_off."))
	case (coupon.Duration == "repeating") != (coupon.Months > 0):
		p.Fail(api.Malformed("", "duration_in_months", "duration_in_months must be given if, and only if, duration is repeating."))
	case len([]rune(coupon.Name)) > 40:
		p.Fail(api.Malformed("", "name", "A coupon's name can have up to 40 characters."))
	case !coupon.RedeemBy.IsZero() && (!coupon.RedeemBy.After(s.Now()) || coupon.RedeemBy.After(s.Now().Add(maxRedeemBy))):
		p.Fail(api.Malformed("", "redeem_by", "redeem_by must be in the future, and at most 5 years from now."))
	}
	return coupon
}

func (s *Catalog) updateCoupon(c *api.Call) (api.Object, error) {
	coupon, err := s.LiveCoupon(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *coupon
	changed.Name, changed.Metadata = c.TextOr("name", coupon.Name), c.Metadata(coupon.Metadata)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	s.ChangeCoupon(coupon, func() { *coupon = changed })
	return s.ShowCoupon(coupon), nil
}

// ChangeCoupon applies a change and emits coupon.updated if the object shows a
// difference.
func (s *Catalog) ChangeCoupon(coupon *state.Coupon, change func()) {
	before := s.ShowCoupon(coupon)
	change()
	s.Events.EmitUpdate("coupon.updated", before, s.ShowCoupon(coupon))
}

// removeCoupon deletes a coupon. It can no longer be redeemed; existing
// discounts remain.
func (s *Catalog) removeCoupon(c *api.Call) (api.Object, error) {
	coupon, err := s.LiveCoupon(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	last := s.ShowCoupon(coupon)
	coupon.Deleted = true
	last["valid"] = false
	s.Events.Emit("coupon.deleted", last, nil)
	return api.Object{"id": coupon.ID, "object": "coupon", "deleted": true}, nil
}

func (s *Catalog) retrieveCoupon(c *api.Call) (api.Object, error) {
	coupon, err := s.LiveCoupon(c.Path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.ShowCoupon(coupon), nil
}

func (s *Catalog) listCoupons(c *api.Call) (api.Object, error) {
	within := api.CreatedFilter(c)
	return api.Paginate(c, s.State.Coupons.Newest(), func(coupon *state.Coupon) bool {
		return !coupon.Deleted &&
			within(coupon.Created)
	}, s.ShowCoupon)
}

// LiveCoupon returns a coupon that is not deleted.
func (s *Catalog) LiveCoupon(id, param string) (*state.Coupon, error) {
	coupon := s.State.Coupons.Get(id)
	if coupon == nil || coupon.Deleted {
		return nil, api.NoSuch("coupon", id, param)
	}
	return coupon, nil
}

// CouponProducts shows applies_to, which appears only when expanded.
func (s *Catalog) CouponProducts(id string) any {
	coupon := s.State.Coupons.Get(id)
	if coupon == nil || len(coupon.Products) == 0 {
		return nil
	}
	return api.Object{"products": slices.Clone(coupon.Products)}
}
