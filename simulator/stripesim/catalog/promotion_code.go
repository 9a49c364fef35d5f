package catalog

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

func (s *Catalog) promotionCodeRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/promotion_codes", "promotion coupon code active customer expires_at max_redemptions restrictions metadata", s.createPromotionCode),
		api.Op(http.MethodGet, "/v1/promotion_codes", "active code coupon created customer"+api.Paging, s.listPromotionCodes),
		api.Op(http.MethodGet, "/v1/promotion_codes/{}", "", s.retrievePromotionCode),
		api.Op(http.MethodPost, "/v1/promotion_codes/{}", "active metadata restrictions", s.updatePromotionCode),
	}
}

func (s *Catalog) createPromotionCode(c *api.Call) (api.Object, error) {
	coupon, err := s.promotedCoupon(c)
	if err != nil {
		return nil, err
	}
	fresh := &state.PromotionCode{Code: c.Text("code"), Coupon: coupon.ID, Customer: c.Text("customer"),
		Active: c.Boolean("active", true), ExpiresAt: c.Time("expires_at"), MaxRedemptions: c.Positive("max_redemptions"),
		Metadata: c.Metadata(nil)}
	restrictions := c.Sub("restrictions").Only("first_time_transaction", "minimum_amount", "minimum_amount_currency")
	fresh.FirstTime = restrictions.Boolean("first_time_transaction", false)
	fresh.Minimum, fresh.MinimumIn = restrictions.Positive("minimum_amount"),
		strings.ToLower(restrictions.Text("minimum_amount_currency"))
	if (fresh.Minimum > 0) != (fresh.MinimumIn != "") {
		restrictions.Fail(api.Malformed("", restrictions.Name("minimum_amount_currency"),
			"minimum_amount and minimum_amount_currency must be given together."))
	}
	s.checkPromotionCode(c.Params, fresh, coupon)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	if fresh.Customer != "" {
		if _, err := s.LiveCustomer(fresh.Customer, "customer"); err != nil {
			return nil, err
		}
	}
	if fresh.Code == "" {
		fresh.Code = strings.ToUpper(s.World.NewID("", 8))
	}
	if other := s.rivalOf(fresh); fresh.Active && other != nil {
		return nil, api.Invalid("code", "An active promotion code with `code: %s` already exists.", fresh.Code)
	}
	fresh.ID, fresh.Created = s.World.NewID("promo_1", 23), s.Now()
	code := s.State.PromotionCodes.Add(fresh)
	s.Events.Emit("promotion_code.created", s.ShowPromotionCode(code), nil)
	return s.ShowPromotionCode(code), nil
}

// promotedCoupon reads the coupon of a promotion code. Since 2025-09-30.clover
// it is inside promotion; before, it was at the top level.
func (s *Catalog) promotedCoupon(c *api.Call) (*state.Coupon, error) {
	var id string
	param := "promotion[coupon]"
	if c.Before("2025-09-30") && !c.Has("promotion") {
		id, param = c.Required("coupon"), "coupon"
	} else {
		if c.Has("coupon") {
			c.Fail(api.UnknownParams([]string{"coupon"}))
		}
		if !c.Has("promotion") {
			c.Fail(api.MissingParam("promotion"))
		}
		promotion := c.Sub("promotion").Only("type", "coupon")
		promotion.Required("type")
		promotion.Enum("type", "", "coupon")
		id = promotion.Required("coupon")
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	return s.LiveCoupon(id, param)
}

func (s *Catalog) checkPromotionCode(p api.Params, code *state.PromotionCode, coupon *state.Coupon) {
	for _, letter := range code.Code {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", letter) {
			p.Fail(api.Malformed("", "code", "Promotion codes can only contain letters, digits and dashes."))
			break
		}
	}
	switch {
	case len(code.Code) > 500:
		p.Fail(api.Malformed("", "code", "Promotion codes can have up to 500 characters."))
	case !code.ExpiresAt.IsZero() && !code.ExpiresAt.After(s.Now()):
		p.Fail(api.Invalid("expires_at", "The `expires_at` timestamp must be in the future."))
	case !coupon.RedeemBy.IsZero() && code.ExpiresAt.After(coupon.RedeemBy):
		p.Fail(api.Invalid("expires_at", "`expires_at` cannot be after the coupon's `redeem_by`."))
	case coupon.MaxRedemptions > 0 && code.MaxRedemptions > coupon.MaxRedemptions:
		p.Fail(api.Invalid("max_redemptions", "`max_redemptions` cannot be greater than the coupon's `max_redemptions`."))
	}
}

// rivalOf returns another active code with the same text that the same customer
// could use, or nil.
func (s *Catalog) rivalOf(code *state.PromotionCode) *state.PromotionCode {
	for _, other := range s.State.PromotionCodes.Of(code.Owner()) {
		if other.ID != code.ID && other.Customer == code.Customer && s.Usable(other) {
			return other
		}
	}
	return nil
}

func (s *Catalog) updatePromotionCode(c *api.Call) (api.Object, error) {
	code := s.State.PromotionCodes.Get(c.Path[0])
	if code == nil {
		return nil, api.NoSuch("promotion code", c.Path[0], "id")
	}
	changed := *code
	changed.Active, changed.Metadata = c.Boolean("active", code.Active), c.Metadata(code.Metadata)
	if c.Has("restrictions") { // only currency_options could change
		c.Sub("restrictions").Only()
	}
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	switch {
	case changed.Active && !s.State.Coupons.Get(code.Coupon).Valid(s.Now()):
		return nil, api.Invalid("active", "This promotion code cannot be activated because its coupon is no longer valid.")
	case changed.Active && s.rivalOf(code) != nil:
		return nil, api.Invalid("code", "An active promotion code with `code: %s` already exists.", code.Code)
	}
	s.ChangePromotionCode(code, func() { *code = changed })
	return s.ShowPromotionCode(code), nil
}

// ChangePromotionCode applies a change and emits promotion_code.updated if the
// object shows a difference.
func (s *Catalog) ChangePromotionCode(code *state.PromotionCode, change func()) {
	before := s.ShowPromotionCode(code)
	change()
	s.Events.EmitUpdate("promotion_code.updated", before, s.ShowPromotionCode(code))
}

func (s *Catalog) retrievePromotionCode(c *api.Call) (api.Object, error) {
	if code := s.State.PromotionCodes.Get(c.Path[0]); code != nil {
		return s.ShowPromotionCode(code), nil
	}
	return nil, api.NoSuch("promotion code", c.Path[0], "id")
}

func (s *Catalog) listPromotionCodes(c *api.Call) (api.Object, error) {
	text, coupon, customer, within := c.Text("code"), c.Text("coupon"), c.Text("customer"), api.CreatedFilter(c)
	active := c.Boolean("active", true)
	candidates := s.State.PromotionCodes.Newest()
	if text != "" {
		candidates = api.NewestOf(s.State.PromotionCodes.Of(strings.ToLower(text)))
	}
	return api.Paginate(c, candidates, func(code *state.PromotionCode) bool {
		return (coupon == "" || code.Coupon == coupon) && (customer == "" || code.Customer == customer) &&
			(!c.Has("active") || s.Usable(code) == active) && within(code.Created)
	}, s.ShowPromotionCode)
}
