package account

import (
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Named returns the object that a field refers to. Merchants choose some ids,
// so the field says which type they name.
func (s *Account) Named(field, id string) api.Object {
	switch field {
	case "coupon":
		return shownIf(s.State.Coupons.Get(id), s.ShowCoupon)
	case "product":
		return shownIf(s.State.Products.Get(id), s.ShowProduct)
	case "price", "default_price":
		return shownIf(s.State.Prices.Get(id), s.ShowPrice)
	}
	return s.Lookup(id)
}

// shows maps the prefix of an id, up to the first underscore, to a function
// that finds the object and shows it, or returns nil. Objects of other types
// cannot be expanded or named in errors.
var shows = map[string]func(s *Account, id string) api.Object{
	"bpc": func(s *Account, id string) api.Object {
		return shownIf(s.State.Configurations.Get(id), s.ShowConfiguration)
	},
	"ch": func(s *Account, id string) api.Object { return shownIf(s.State.Charges.Get(id), s.ShowCharge) },
	"clock": func(s *Account, id string) api.Object {
		return shownIf(s.State.TestClocks.Get(id), s.ShowTestClock)
	},
	"cs": func(s *Account, id string) api.Object {
		return shownIf(s.State.Sessions.Get(id), s.ShowSession)
	},
	"cus":  func(s *Account, id string) api.Object { return shownIf(s.State.Customers.Get(id), s.ShowCustomer) },
	"di":   func(s *Account, id string) api.Object { return shownIf(s.State.Discounts.Get(id), s.ShowDiscount) },
	"dp":   func(s *Account, id string) api.Object { return shownIf(s.State.Disputes.Get(id), s.ShowDispute) },
	"evt":  func(s *Account, id string) api.Object { return shownIf(s.State.Log.Find(id), s.ShowEvent) },
	"feat": func(s *Account, id string) api.Object { return shownIf(s.State.Features.Get(id), s.ShowFeature) },
	"in":   func(s *Account, id string) api.Object { return shownIf(s.State.Invoices.Get(id), s.ShowInvoice) },
	"ii": func(s *Account, id string) api.Object {
		return shownIf(s.State.InvoiceItems.Get(id), s.ShowInvoiceItem)
	},
	"inpay": func(s *Account, id string) api.Object {
		return shownIf(s.State.InvoicePayments.Get(id), s.ShowInvoicePayment)
	},
	"pi": func(s *Account, id string) api.Object {
		return shownIf(s.State.PaymentIntents.Get(id), s.ShowPaymentIntent)
	},
	"pm": func(s *Account, id string) api.Object {
		return shownIf(s.State.PaymentMethods.Get(id), s.ShowPaymentMethod)
	},
	"plink": func(s *Account, id string) api.Object {
		return shownIf(s.State.PaymentLinks.Get(id), s.ShowLink)
	},
	"price": func(s *Account, id string) api.Object { return shownIf(s.State.Prices.Get(id), s.ShowPrice) },
	"prod":  func(s *Account, id string) api.Object { return shownIf(s.State.Products.Get(id), s.ShowProduct) },
	"promo": func(s *Account, id string) api.Object {
		return shownIf(s.State.PromotionCodes.Get(id), s.ShowPromotionCode)
	},
	"re": func(s *Account, id string) api.Object { return shownIf(s.State.Refunds.Get(id), s.ShowRefund) },
	"seti": func(s *Account, id string) api.Object {
		return shownIf(s.State.SetupIntents.Get(id), s.ShowSetupIntent)
	},
	"si":  (*Account).lookupItem,
	"sub": (*Account).lookupSubscription,
	"txr": func(s *Account, id string) api.Object { return shownIf(s.State.TaxRates.Get(id), s.ShowTaxRate) },
	"we": func(s *Account, id string) api.Object {
		return shownIf(s.State.Endpoints.Get(id), s.ShowEndpoint)
	},
}

// Lookup shows the object with an id, whatever its type. It returns nil if
// there is none.
func (s *Account) Lookup(id string) api.Object {
	prefix, _, _ := strings.Cut(id, "_")
	if show, known := shows[prefix]; known {
		return show(s, id)
	}
	return nil
}

// lookupSubscription finds a subscription or a schedule: both sub_ and
// sub_sched_ ids have the prefix sub.
func (s *Account) lookupSubscription(id string) api.Object {
	if schedule := s.State.Schedules.Get(id); schedule != nil {
		return s.ShowSchedule(schedule)
	}
	return shownIf(s.State.Subscriptions.Get(id), s.ShowSubscription)
}

func (s *Account) lookupItem(id string) api.Object {
	sub, at := s.ItemOf(id)
	if sub == nil {
		return nil
	}
	return s.ShowItem(sub, &sub.Items[at])
}

func shownIf[T any](found *T, show func(*T) api.Object) api.Object {
	if found == nil {
		return nil
	}
	return show(found)
}
