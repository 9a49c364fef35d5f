package version

import "github.com/lockstep-dev/lockstep/simulator/stripesim/api"

// clover is 2025-09-30: docs.stripe.com/changelog/clover/2025-09-30. The coupon
// of a discount or a promotion code became an id in a hash with a type. Before,
// the whole coupon was at the top level.
var clover = release{Since: "2025-09-30", undo: changes{
	"discount": func(s *Versions, discount api.Object) {
		source := discount.Inner("source")
		delete(discount, "source")
		discount["coupon"] = s.wholeCoupon(source["coupon"])
	},
	"promotion_code": func(s *Versions, code api.Object) {
		promotion := code.Inner("promotion")
		delete(code, "promotion")
		code["coupon"] = s.wholeCoupon(promotion["coupon"])
	},
}}

// wholeCoupon expands the id of a coupon. An expanded coupon stays the same.
func (s *Versions) wholeCoupon(coupon any) any {
	if id, ok := coupon.(string); ok {
		if whole := s.Named("coupon", id); whole != nil {
			return whole
		}
	}
	return coupon
}
