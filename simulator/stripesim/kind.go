package stripesim

import "strings"

// shows are how the types of objects are found by their ids and shown, by what
// their ids begin with, up to the first underscore. A type that is not here
// cannot be expanded, nor be named by another one's error. A show returns nil
// when there is no object with the id.
var shows = map[string]func(s *Stripe, id string) object{
	"bpc": func(s *Stripe, id string) object {
		return shownIf(s.state.Configurations.Get(id),
			s.showConfiguration)
	},
	"ch": func(s *Stripe, id string) object { return shownIf(s.state.Charges.Get(id), s.showCharge) },
	"clock": func(s *Stripe, id string) object {
		return shownIf(s.state.TestClocks.Get(id),
			s.showTestClock)
	},
	"cs": func(s *Stripe, id string) object {
		return shownIf(s.state.Sessions.Get(id),
			s.showSession)
	},
	"cus":  func(s *Stripe, id string) object { return shownIf(s.state.Customers.Get(id), s.showCustomer) },
	"di":   func(s *Stripe, id string) object { return shownIf(s.state.Discounts.Get(id), s.showDiscount) },
	"dp":   func(s *Stripe, id string) object { return shownIf(s.state.Disputes.Get(id), s.showDispute) },
	"evt":  func(s *Stripe, id string) object { return shownIf(s.state.log.find(id), s.showEvent) },
	"feat": func(s *Stripe, id string) object { return shownIf(s.state.Features.Get(id), s.showFeature) },
	"in":   func(s *Stripe, id string) object { return shownIf(s.state.Invoices.Get(id), s.showInvoice) },
	"ii": func(s *Stripe, id string) object {
		return shownIf(s.state.InvoiceItems.Get(id),
			s.showInvoiceItem)
	},
	"inpay": func(s *Stripe, id string) object {
		return shownIf(s.state.InvoicePayments.Get(id), s.showInvoicePayment)
	},
	"pi": func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentIntents.Get(id),
			s.showPaymentIntent)
	},
	"pm": func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentMethods.Get(id),
			s.showPaymentMethod)
	},
	"plink": func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentLinks.Get(id),
			s.showLink)
	},
	"price": func(s *Stripe, id string) object { return shownIf(s.state.Prices.Get(id), s.showPrice) },
	"prod":  func(s *Stripe, id string) object { return shownIf(s.state.Products.Get(id), s.showProduct) },
	"promo": func(s *Stripe, id string) object {
		return shownIf(s.state.PromotionCodes.Get(id),
			s.showPromotionCode)
	},
	"re": func(s *Stripe, id string) object { return shownIf(s.state.Refunds.Get(id), s.showRefund) },
	"seti": func(s *Stripe, id string) object {
		return shownIf(s.state.SetupIntents.Get(id),
			s.showSetupIntent)
	},
	"si":  (*Stripe).lookupItem,
	"sub": (*Stripe).lookupSubscription,
	"txr": func(s *Stripe, id string) object { return shownIf(s.state.TaxRates.Get(id), s.showTaxRate) },
	"we": func(s *Stripe, id string) object {
		return shownIf(s.state.Endpoints.Get(id),
			s.showEndpoint)
	},
}

// lookup finds an object by its id, whatever kind it is; nil when there is none.
func (s *Stripe) lookup(id string) object {
	prefix, _, _ := strings.Cut(id, "_")
	if show, known := shows[prefix]; known {
		return show(s, id)
	}
	return nil
}

// lookupSubscription finds a subscription or a schedule: sub_ begins sub_sched_ too.
func (s *Stripe) lookupSubscription(id string) object {
	if schedule := s.state.Schedules.Get(id); schedule != nil {
		return s.showSchedule(schedule)
	}
	return shownIf(s.state.Subscriptions.Get(id), s.showSubscription)
}

func (s *Stripe) lookupItem(id string) object {
	sub, at := s.itemOf(id)
	if sub == nil {
		return nil
	}
	return s.showItem(sub, &sub.Items[at])
}

func shownIf[T any](found *T, show func(*T) object) object {
	if found == nil {
		return nil
	}
	return show(found)
}
