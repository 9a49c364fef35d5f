package stripesim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxRedeemBy is how far ahead redeem_by may lie.
const maxRedeemBy = 5 * 366 * 24 * time.Hour

// Coupon is a reduction that can be given. Its terms never change; a deleted one
// stays, because the discounts that were made from it still show it.
type Coupon struct {
	ID             string            `json:"id"`
	Created        time.Time         `json:"created"`
	Name           string            `json:"name"`
	PercentOff     float64           `json:"percent_off"` // 0 when AmountOff is set
	AmountOff      int64             `json:"amount_off"`
	Currency       string            `json:"currency"` // of AmountOff
	Duration       string            `json:"duration"` // once, repeating, forever
	Months         int64             `json:"duration_in_months"`
	Products       []string          `json:"products"`        // it applies to; empty: to all
	MaxRedemptions int64             `json:"max_redemptions"` // 0: no limit
	RedeemBy       time.Time         `json:"redeem_by"`
	Redeemed       int64             `json:"times_redeemed"`
	Metadata       map[string]string `json:"metadata"`
	Deleted        bool              `json:"deleted"`
}

// Key is the id.
func (c *Coupon) Key() string { return c.ID }

// valid says whether the coupon can still be redeemed.
func (c *Coupon) valid(now time.Time) bool {
	return !c.Deleted && (c.MaxRedemptions == 0 || c.Redeemed < c.MaxRedemptions) &&
		(c.RedeemBy.IsZero() || !now.After(c.RedeemBy))
}

func (s *Stripe) couponRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/coupons", "id name percent_off amount_off currency duration duration_in_months max_redemptions redeem_by applies_to metadata", s.createCoupon),
		op(http.MethodGet, "/v1/coupons", "created"+paging, s.listCoupons),
		op(http.MethodGet, "/v1/coupons/{}", "", s.retrieveCoupon),
		op(http.MethodPost, "/v1/coupons/{}", "name metadata", s.updateCoupon),
		op(http.MethodDelete, "/v1/coupons/{}", "", s.removeCoupon),
	}
}

func (s *Stripe) createCoupon(c *call) (object, error) {
	fresh := s.readCoupon(c.params)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	if known := s.state.Coupons.Get(fresh.ID); known != nil {
		if !known.Deleted {
			return nil, invalidCode("resource_already_exists", "id", "Coupon already exists.")
		}
		s.state.Coupons.Remove(known.ID)
	}
	if fresh.ID == "" {
		fresh.ID = s.world.NewID("", 8)
	}
	fresh.Created = s.now()
	coupon := s.state.Coupons.Add(fresh)
	s.emit("coupon.created", s.showCoupon(coupon), nil)
	return s.showCoupon(coupon), nil
}

func (s *Stripe) readCoupon(p params) *Coupon {
	coupon := &Coupon{ID: p.text("id"), Name: p.text("name"), PercentOff: p.decimal("percent_off"),
		AmountOff: p.positive("amount_off"),
		Currency:  strings.ToLower(p.text("currency")), Duration: p.enum("duration", "once", "once", "repeating", "forever"),
		Months: p.positive("duration_in_months"), MaxRedemptions: p.positive("max_redemptions"),
		RedeemBy: p.time("redeem_by"), Metadata: p.metadata(nil)}
	coupon.Products = p.sub("applies_to").only("products").texts("products")
	for _, id := range coupon.Products {
		if _, err := s.liveProduct(id, ""); err != nil {
			p.fail(noSuch("product", id, "applies_to[products]"))
		}
	}
	switch percent, amount := p.has("percent_off"), p.has("amount_off"); {
	case percent == amount:
		p.fail(malformed("", "percent_off", "Must provide either percent_off or amount_off, and not both."))
	case percent && (coupon.PercentOff <= 0 || coupon.PercentOff > 100):
		p.fail(malformed("", "percent_off", "Invalid percent_off: must be greater than 0 and at most 100."))
	case amount && coupon.Currency == "":
		p.fail(missingParam("currency"))
	case percent && coupon.Currency != "":
		p.fail(malformed("", "currency", "You may only specify currency with amount_off."))
	case (coupon.Duration == "repeating") != (coupon.Months > 0):
		p.fail(malformed("", "duration_in_months", "duration_in_months must be given if, and only if, duration is repeating."))
	case len([]rune(coupon.Name)) > 40:
		p.fail(malformed("", "name", "A coupon's name can have up to 40 characters."))
	case !coupon.RedeemBy.IsZero() && (!coupon.RedeemBy.After(s.now()) || coupon.RedeemBy.After(s.now().Add(maxRedeemBy))):
		p.fail(malformed("", "redeem_by", "redeem_by must be in the future, and at most 5 years from now."))
	}
	return coupon
}

func (s *Stripe) updateCoupon(c *call) (object, error) {
	coupon, err := s.liveCoupon(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	changed := *coupon
	changed.Name, changed.Metadata = c.textOr("name", coupon.Name), c.metadata(coupon.Metadata)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	s.changeCoupon(coupon, func() { *coupon = changed })
	return s.showCoupon(coupon), nil
}

// changeCoupon applies a change and writes coupon.updated if anything shows.
func (s *Stripe) changeCoupon(coupon *Coupon, change func()) {
	before := s.showCoupon(coupon)
	change()
	s.emitUpdate("coupon.updated", before, s.showCoupon(coupon))
}

// removeCoupon ends redemption. Who has a discount from it keeps the discount.
func (s *Stripe) removeCoupon(c *call) (object, error) {
	coupon, err := s.liveCoupon(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	last := s.showCoupon(coupon)
	coupon.Deleted = true
	last["valid"] = false
	s.emit("coupon.deleted", last, nil)
	return object{"id": coupon.ID, "object": "coupon", "deleted": true}, nil
}

func (s *Stripe) retrieveCoupon(c *call) (object, error) {
	coupon, err := s.liveCoupon(c.path[0], "id")
	if err != nil {
		return nil, err
	}
	return s.showCoupon(coupon), nil
}

func (s *Stripe) listCoupons(c *call) (object, error) {
	within := createdFilter(c)
	return paginate(c, s.state.Coupons.Newest(), func(coupon *Coupon) bool {
		return !coupon.Deleted &&
			within(coupon.Created)
	}, s.showCoupon)
}

// liveCoupon finds a coupon that is not deleted.
func (s *Stripe) liveCoupon(id, param string) (*Coupon, error) {
	coupon := s.state.Coupons.Get(id)
	if coupon == nil || coupon.Deleted {
		return nil, noSuch("coupon", id, param)
	}
	return coupon, nil
}

func (s *Stripe) showCoupon(c *Coupon) object {
	shownAs := object{"id": c.ID, "object": "coupon", "amount_off": nil, "created": c.Created.Unix(),
		"currency": orNull(c.Currency),
		"duration": c.Duration, "duration_in_months": orNone(c.Months), "livemode": false,
		"max_redemptions": orNone(c.MaxRedemptions),
		"metadata":        shown(c.Metadata), "name": orNull(c.Name), "percent_off": nil, "redeem_by": unix(c.RedeemBy),
		"times_redeemed": c.Redeemed, "valid": c.valid(s.now())}
	if c.AmountOff > 0 {
		shownAs["amount_off"] = c.AmountOff
	} else {
		shownAs["percent_off"] = c.PercentOff
	}
	return shownAs
}

// couponProducts is applies_to, which is only there when it is expanded.
func (s *Stripe) couponProducts(id string) any {
	coupon := s.state.Coupons.Get(id)
	if coupon == nil || len(coupon.Products) == 0 {
		return nil
	}
	return object{"products": slices.Clone(coupon.Products)}
}
