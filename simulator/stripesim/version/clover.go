package version

import "github.com/lockstep-dev/lockstep/simulator/stripesim/api"

// clover is 2025-09-30: docs.stripe.com/changelog/clover/2025-09-30. What a
// discount or a promotion code gives moved into a hash with a type, where it is
// an id; before, the whole coupon stood at the top.
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

// wholeCoupon expands a coupon's id; one that is expanded already stays.
func (s *Versions) wholeCoupon(coupon any) any {
	if id, ok := coupon.(string); ok {
		if whole := s.Named("coupon", id); whole != nil {
			return whole
		}
	}
	return coupon
}
