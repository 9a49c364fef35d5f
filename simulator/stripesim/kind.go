package stripesim

import "strings"

// kind is one type of object: what error messages call it, and how one is found
// by its id and shown.
type kind struct {
	name string
	show func(s *Stripe, id string) object // nil when there is none with the id
}

// kinds are the types of objects by what their ids begin with, up to the first
// underscore. A type that is not here cannot be expanded, nor be named by
// another one's error.
var kinds = map[string]kind{
	"bpc": {"configuration", func(s *Stripe, id string) object {
		return shownIf(s.state.Configurations.Get(id),
			s.showConfiguration)
	}},
	"ch": {"charge", func(s *Stripe, id string) object { return shownIf(s.state.Charges.Get(id), s.showCharge) }},
	"clock": {"testclock", func(s *Stripe, id string) object {
		return shownIf(s.state.TestClocks.Get(id),
			s.showTestClock)
	}},
	"cs": {"checkout.session", func(s *Stripe, id string) object {
		return shownIf(s.state.Sessions.Get(id),
			s.showSession)
	}},
	"cus":  {"customer", func(s *Stripe, id string) object { return shownIf(s.state.Customers.Get(id), s.showCustomer) }},
	"di":   {"discount", func(s *Stripe, id string) object { return shownIf(s.state.Discounts.Get(id), s.showDiscount) }},
	"dp":   {"dispute", func(s *Stripe, id string) object { return shownIf(s.state.Disputes.Get(id), s.showDispute) }},
	"evt":  {"event", func(s *Stripe, id string) object { return shownIf(s.state.log.find(id), s.showEvent) }},
	"feat": {"feature", func(s *Stripe, id string) object { return shownIf(s.state.Features.Get(id), s.showFeature) }},
	"in":   {"invoice", func(s *Stripe, id string) object { return shownIf(s.state.Invoices.Get(id), s.showInvoice) }},
	"ii": {"invoiceitem", func(s *Stripe, id string) object {
		return shownIf(s.state.InvoiceItems.Get(id),
			s.showInvoiceItem)
	}},
	"inpay": {"invoice_payment", func(s *Stripe, id string) object {
		return shownIf(s.state.InvoicePayments.Get(id), s.showInvoicePayment)
	}},
	"pi": {"payment_intent", func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentIntents.Get(id),
			s.showPaymentIntent)
	}},
	"pm": {"PaymentMethod", func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentMethods.Get(id),
			s.showPaymentMethod)
	}},
	"plink": {"payment_link", func(s *Stripe, id string) object {
		return shownIf(s.state.PaymentLinks.Get(id),
			s.showLink)
	}},
	"price": {"price", func(s *Stripe, id string) object { return shownIf(s.state.Prices.Get(id), s.showPrice) }},
	"prod":  {"product", func(s *Stripe, id string) object { return shownIf(s.state.Products.Get(id), s.showProduct) }},
	"promo": {"promotion code", func(s *Stripe, id string) object {
		return shownIf(s.state.PromotionCodes.Get(id),
			s.showPromotionCode)
	}},
	"re": {"refund", func(s *Stripe, id string) object { return shownIf(s.state.Refunds.Get(id), s.showRefund) }},
	"seti": {"setupintent", func(s *Stripe, id string) object {
		return shownIf(s.state.SetupIntents.Get(id),
			s.showSetupIntent)
	}},
	"si":  {"subscription_item", (*Stripe).lookupItem},
	"sub": {"subscription", (*Stripe).lookupSubscription},
	"txr": {"tax rate", func(s *Stripe, id string) object { return shownIf(s.state.TaxRates.Get(id), s.showTaxRate) }},
	"we": {"webhook endpoint", func(s *Stripe, id string) object {
		return shownIf(s.state.Endpoints.Get(id),
			s.showEndpoint)
	}},
}

// lookup finds an object by its id, whatever kind it is; nil when there is none.
func (s *Stripe) lookup(id string) object {
	prefix, _, _ := strings.Cut(id, "_")
	if found, known := kinds[prefix]; known {
		return found.show(s, id)
	}
	return nil
}

// kindOf names what an id is, as error messages do.
func kindOf(id string) string {
	prefix, _, _ := strings.Cut(id, "_")
	if found, known := kinds[prefix]; known {
		return found.name
	}
	return "object"
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
