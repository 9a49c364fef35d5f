package stripesim_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripe "github.com/stripe/stripe-go/v86"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
)

// post sends a form with the Stripe key and returns the answer's status and body.
func (b *bench) post(path string, form url.Values) (int, map[string]any) {
	b.T.Helper()
	response, body := b.Send(http.MethodPost, simharness.StripeHost+path,
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
	return response.StatusCode, body
}

// refused fails the test unless err is a Stripe error with the parameter.
func refused(t *testing.T, err error, param string) {
	t.Helper()
	var failure *stripe.Error
	if !errors.As(err, &failure) || failure.Param != param {
		t.Errorf("got %v, want an error about %s", err, param)
	}
}

func (b *bench) coupon(change func(*stripe.CouponCreateParams)) *stripe.Coupon {
	b.T.Helper()
	params := &stripe.CouponCreateParams{Params: b.Key(), PercentOff: stripe.Float64(20)}
	if change != nil {
		change(params)
	}
	coupon, err := b.Stripe.V1Coupons.Create(b.T.Context(), params)
	if err != nil {
		b.T.Fatal(err)
	}
	return coupon
}

func (b *bench) promotionCode(coupon, code string,
	change func(*stripe.PromotionCodeCreateParams)) *stripe.PromotionCode {
	b.T.Helper()
	params := &stripe.PromotionCodeCreateParams{Params: b.Key(), Code: &code,
		Promotion: &stripe.PromotionCodeCreatePromotionParams{Type: stripe.String("coupon"), Coupon: &coupon}}
	if change != nil {
		change(params)
	}
	made, err := b.Stripe.V1PromotionCodes.Create(b.T.Context(), params)
	if err != nil {
		b.T.Fatal(err)
	}
	return made
}

func TestACouponLivesFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(func(p *stripe.CouponCreateParams) {
			p.ID, p.Duration, p.DurationInMonths, p.MaxRedemptions = stripe.String("SPRING"), stripe.String("repeating"),
				stripe.Int64(3), stripe.Int64(7)
		})
		if coupon.ID != "SPRING" || coupon.PercentOff != 20 || coupon.DurationInMonths != 3 || coupon.MaxRedemptions != 7 ||
			!coupon.Valid || coupon.AmountOff != 0 {
			t.Errorf("created %+v", coupon)
		}
		if _, err := b.Stripe.V1Coupons.Update(t.Context(), "SPRING",
			&stripe.CouponUpdateParams{Name: stripe.String("Spring")}); err != nil {
			t.Error(err)
		}
		if _, err := b.Stripe.V1Coupons.Delete(t.Context(), "SPRING", nil); err != nil {
			t.Error(err)
		}
		_, err := b.Stripe.V1Coupons.Retrieve(t.Context(), "SPRING", nil)
		refused(t, err, "id")
		if diff := cmp.Diff([]string{"coupon.created", "coupon.updated", "coupon.deleted"}, b.EventsSince("")); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		again := b.coupon(func(p *stripe.CouponCreateParams) {
			p.ID, p.PercentOff, p.AmountOff, p.Currency = stripe.String("SPRING"), nil, stripe.Int64(500), stripe.String("USD")
		})
		if again.AmountOff != 500 || again.Currency != "usd" || again.Duration != "once" || again.PercentOff != 0 {
			t.Errorf("created again %+v", again)
		}
	})
}

func TestACouponHasExactlyOneKindOfReduction(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		for param, form := range map[string]string{
			"percent_off":          "percent_off=10&amount_off=5&currency=usd",
			"currency":             "amount_off=5",
			"duration_in_months":   "percent_off=10&duration=repeating",
			"redeem_by":            "percent_off=10&redeem_by=1000",
			"max_redemptions":      "percent_off=10&max_redemptions=0",
			"applies_to[product]":  "percent_off=10&applies_to[product]=prod_x",
			"applies_to[products]": "percent_off=10&applies_to[products][]=prod_x",
		} {
			values, err := url.ParseQuery(form)
			if err != nil {
				t.Fatal(err)
			}
			status, body := b.post("/v1/coupons", values)
			if failure, _ := body["error"].(map[string]any); status != http.StatusBadRequest || failure["param"] != param {
				t.Errorf("%s: %d %v", form, status, body)
			}
		}
	})
}

func TestAPromotionCodeNamesItsCouponAsTheVersionSays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon := b.coupon(nil)
		old := map[string]string{"Stripe-Version": "2024-06-20"}
		response, body := b.Send(http.MethodPost, simharness.StripeHost+"/v1/promotion_codes", old,
			url.Values{"coupon": {coupon.ID}, "code": {"Old-1"}}.Encode())
		if response.StatusCode != http.StatusOK || body["code"] != "Old-1" {
			t.Errorf("with an old version: %d %v", response.StatusCode, body)
		}
		status, body := b.post("/v1/promotion_codes", url.Values{"coupon": {coupon.ID}})
		if failure, _ := body["error"].(map[string]any); status != http.StatusBadRequest ||
			failure["code"] != "parameter_unknown" {
			t.Errorf("with the newest version: %d %v", status, body)
		}
		code := b.promotionCode(coupon.ID, "FRIENDS", nil)
		if code.Promotion.Coupon.ID != coupon.ID || !code.Active {
			t.Errorf("created %+v", code)
		}
		expanded, err := b.Stripe.V1PromotionCodes.Retrieve(t.Context(), code.ID, &stripe.PromotionCodeRetrieveParams{
			Expand: []*string{stripe.String("promotion.coupon")}})
		if err != nil || expanded.Promotion.Coupon.PercentOff != 20 {
			t.Errorf("expanded %+v, %v", expanded, err)
		}
	})
}

func TestAPromotionCodeIsUniqueAmongTheActiveOnesWhateverItsCase(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		coupon, customer := b.coupon(nil), b.Customer("a@example.com")
		first := b.promotionCode(coupon.ID, "FRIENDS", nil)
		_, err := b.Stripe.V1PromotionCodes.Create(t.Context(),
			&stripe.PromotionCodeCreateParams{Code: stripe.String("friends"),
				Promotion: &stripe.PromotionCodeCreatePromotionParams{Type: stripe.String("coupon"), Coupon: &coupon.ID}})
		refused(t, err, "code")
		b.promotionCode(coupon.ID, "friends", func(p *stripe.PromotionCodeCreateParams) { p.Customer = &customer.ID })
		if _, err := b.Stripe.V1PromotionCodes.Update(t.Context(), first.ID,
			&stripe.PromotionCodeUpdateParams{Active: stripe.Bool(false)}); err != nil {
			t.Error(err)
		}
		second := b.promotionCode(coupon.ID, "Friends", nil)
		_, err = b.Stripe.V1PromotionCodes.Update(t.Context(), first.ID,
			&stripe.PromotionCodeUpdateParams{Active: stripe.Bool(true)})
		refused(t, err, "code")
		var found []string
		for code, err := range b.Stripe.V1PromotionCodes.List(t.Context(),
			&stripe.PromotionCodeListParams{Code: stripe.String("FRIENDS"), Active: stripe.Bool(true)}).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if code.Customer == nil {
				found = append(found, code.ID)
			}
		}
		if !slices.Equal(found, []string{second.ID}) {
			t.Errorf("found %v, want %s", found, second.ID)
		}
	})
}

func TestAPromotionCodeDiesWithItsCoupon(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, b *bench) {
		soon := time.Now().Add(time.Hour).Unix()
		coupon := b.coupon(func(p *stripe.CouponCreateParams) { p.RedeemBy = &soon })
		code := b.promotionCode(coupon.ID, "QUICK", nil)
		time.Sleep(2 * time.Hour)
		later, err := b.Stripe.V1PromotionCodes.Retrieve(t.Context(), code.ID, nil)
		if err != nil || later.Active {
			t.Errorf("after the coupon's last day the code is %+v, %v", later, err)
		}
		_, err = b.Stripe.V1PromotionCodes.Update(t.Context(), code.ID,
			&stripe.PromotionCodeUpdateParams{Active: stripe.Bool(true)})
		refused(t, err, "active")
	})
}
