package stripesim

import (
	"net/http"
	"strings"
	"time"
)

// PromotionCode is a text that a buyer may type to get a coupon.
type PromotionCode struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Code           string            `json:"code"`
	Coupon         string            `json:"coupon"`
	Customer       string            `json:"customer"` // "": anybody's
	Active         bool              `json:"active"`   // as the merchant set it
	ExpiresAt      time.Time         `json:"expires_at"`
	MaxRedemptions int64             `json:"max_redemptions"` // 0: no limit
	Redeemed       int64             `json:"times_redeemed"`
	FirstTime      bool              `json:"first_time_transaction"`
	Minimum        int64             `json:"minimum_amount"` // 0: none
	MinimumIn      string            `json:"minimum_amount_currency"`
	Metadata       map[string]string `json:"metadata"`
}

// Key is the id.
func (p *PromotionCode) Key() string { return p.ID }

// Owner is the code as it is compared: without regard to case.
func (p *PromotionCode) Owner() string { return strings.ToLower(p.Code) }

func (s *Stripe) promotionCodeRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/promotion_codes", "promotion coupon code active customer expires_at max_redemptions restrictions metadata", s.createPromotionCode),
		op(http.MethodGet, "/v1/promotion_codes", "active code coupon created customer"+paging, s.listPromotionCodes),
		op(http.MethodGet, "/v1/promotion_codes/{}", "", s.retrievePromotionCode),
		op(http.MethodPost, "/v1/promotion_codes/{}", "active metadata restrictions", s.updatePromotionCode),
	}
}

func (s *Stripe) createPromotionCode(c *call) (object, error) {
	coupon, err := s.promotedCoupon(c)
	if err != nil {
		return nil, err
	}
	fresh := &PromotionCode{Code: c.text("code"), Coupon: coupon.ID, Customer: c.text("customer"),
		Active:    c.boolean("active", true),
		ExpiresAt: c.time("expires_at"), MaxRedemptions: c.positive("max_redemptions"), Metadata: c.metadata(nil)}
	restrictions := c.sub("restrictions").only("first_time_transaction", "minimum_amount", "minimum_amount_currency")
	fresh.FirstTime = restrictions.boolean("first_time_transaction", false)
	fresh.Minimum, fresh.MinimumIn = restrictions.positive("minimum_amount"),
		strings.ToLower(restrictions.text("minimum_amount_currency"))
	if (fresh.Minimum > 0) != (fresh.MinimumIn != "") {
		restrictions.fail(malformed("", restrictions.name("minimum_amount_currency"),
			"minimum_amount and minimum_amount_currency must be given together."))
	}
	s.checkPromotionCode(c.params, fresh, coupon)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if fresh.Customer != "" {
		if _, err := s.liveCustomer(fresh.Customer, "customer"); err != nil {
			return nil, err
		}
	}
	if fresh.Code == "" {
		fresh.Code = strings.ToUpper(s.world.NewID("", 8))
	}
	if other := s.rivalOf(fresh); fresh.Active && other != nil {
		return nil, invalid("code", "An active promotion code with `code: %s` already exists.", fresh.Code)
	}
	fresh.ID, fresh.Created = s.world.NewID("promo_1", 23), s.now()
	code := s.state.PromotionCodes.Add(fresh)
	s.emit("promotion_code.created", s.showPromotionCode(code), nil)
	return s.showPromotionCode(code), nil
}

// promotedCoupon reads what is promoted: a coupon inside promotion since
// 2025-09-30.clover, at the top before.
func (s *Stripe) promotedCoupon(c *call) (*Coupon, error) {
	var id string
	param := "promotion[coupon]"
	if c.before("2025-09-30") && !c.has("promotion") {
		id, param = c.required("coupon"), "coupon"
	} else {
		if c.has("coupon") {
			c.fail(unknownParams([]string{"coupon"}))
		}
		if !c.has("promotion") {
			c.fail(missingParam("promotion"))
		}
		promotion := c.sub("promotion").only("type", "coupon")
		promotion.required("type")
		promotion.enum("type", "", "coupon")
		id = promotion.required("coupon")
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	return s.liveCoupon(id, param)
}

func (s *Stripe) checkPromotionCode(p params, code *PromotionCode, coupon *Coupon) {
	for _, letter := range code.Code {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", letter) {
			p.fail(malformed("", "code", "Promotion codes can only contain letters, digits and dashes."))
			break
		}
	}
	switch {
	case len(code.Code) > 500:
		p.fail(malformed("", "code", "Promotion codes can have up to 500 characters."))
	case !code.ExpiresAt.IsZero() && !code.ExpiresAt.After(s.now()):
		p.fail(invalid("expires_at", "The `expires_at` timestamp must be in the future."))
	case !coupon.RedeemBy.IsZero() && code.ExpiresAt.After(coupon.RedeemBy):
		p.fail(invalid("expires_at", "`expires_at` cannot be after the coupon's `redeem_by`."))
	case coupon.MaxRedemptions > 0 && code.MaxRedemptions > coupon.MaxRedemptions:
		p.fail(invalid("max_redemptions", "`max_redemptions` cannot be greater than the coupon's `max_redemptions`."))
	}
}

// rivalOf finds another active code of the same text that the same customer
// could use, or nil.
func (s *Stripe) rivalOf(code *PromotionCode) *PromotionCode {
	for _, other := range s.state.PromotionCodes.Of(code.Owner()) {
		if other.ID != code.ID && other.Customer == code.Customer && s.usable(other) {
			return other
		}
	}
	return nil
}

// usable says whether a code can be redeemed at all: what active shows.
func (s *Stripe) usable(code *PromotionCode) bool {
	return code.Active && (code.MaxRedemptions == 0 || code.Redeemed < code.MaxRedemptions) &&
		(code.ExpiresAt.IsZero() || s.now().Before(code.ExpiresAt)) && s.state.Coupons.Get(code.Coupon).valid(s.now())
}

func (s *Stripe) updatePromotionCode(c *call) (object, error) {
	code := s.state.PromotionCodes.Get(c.path[0])
	if code == nil {
		return nil, noSuch("promotion code", c.path[0], "id")
	}
	changed := *code
	changed.Active, changed.Metadata = c.boolean("active", code.Active), c.metadata(code.Metadata)
	if c.has("restrictions") { // currency_options are all that could change
		c.sub("restrictions").only()
	}
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	switch {
	case changed.Active && !s.state.Coupons.Get(code.Coupon).valid(s.now()):
		return nil, invalid("active", "This promotion code cannot be activated because its coupon is no longer valid.")
	case changed.Active && s.rivalOf(code) != nil:
		return nil, invalid("code", "An active promotion code with `code: %s` already exists.", code.Code)
	}
	s.changePromotionCode(code, func() { *code = changed })
	return s.showPromotionCode(code), nil
}

// changePromotionCode applies a change and writes promotion_code.updated if
// anything shows.
func (s *Stripe) changePromotionCode(code *PromotionCode, change func()) {
	before := s.showPromotionCode(code)
	change()
	s.emitUpdate("promotion_code.updated", before, s.showPromotionCode(code))
}

func (s *Stripe) retrievePromotionCode(c *call) (object, error) {
	if code := s.state.PromotionCodes.Get(c.path[0]); code != nil {
		return s.showPromotionCode(code), nil
	}
	return nil, noSuch("promotion code", c.path[0], "id")
}

func (s *Stripe) listPromotionCodes(c *call) (object, error) {
	text, coupon, customer, within := c.text("code"), c.text("coupon"), c.text("customer"), createdFilter(c)
	active := c.boolean("active", true)
	candidates := s.state.PromotionCodes.Newest()
	if text != "" {
		candidates = newestOf(s.state.PromotionCodes.Of(strings.ToLower(text)))
	}
	return paginate(c, candidates, func(code *PromotionCode) bool {
		return (coupon == "" || code.Coupon == coupon) && (customer == "" || code.Customer == customer) &&
			(!c.has("active") || s.usable(code) == active) && within(code.Created)
	}, s.showPromotionCode)
}

func (s *Stripe) showPromotionCode(p *PromotionCode) object {
	return object{"id": p.ID, "object": "promotion_code", "active": s.usable(p), "code": p.Code,
		"created":  p.Created.Unix(),
		"customer": orNull(p.Customer), "customer_account": nil, "expires_at": unix(p.ExpiresAt), "livemode": false,
		"max_redemptions": orNone(p.MaxRedemptions), "metadata": shown(p.Metadata),
		"promotion": object{"type": "coupon", "coupon": p.Coupon},
		"restrictions": object{"first_time_transaction": p.FirstTime, "minimum_amount": orNone(p.Minimum),
			"minimum_amount_currency": orNull(p.MinimumIn)},
		"times_redeemed": p.Redeemed}
}
