package stripesim

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// PaymentLink is a page that begins a checkout session for everyone who opens it.
type PaymentLink struct {
	ID              string          `json:"id"`
	Created         time.Time       `json:"created"`
	Active          bool            `json:"active"`
	Code            string          `json:"code"` // the last part of its address
	InactiveMessage string          `json:"inactive_message"`
	RedirectURL     string          `json:"redirect_url"`   // after completion; "" shows a page that confirms
	Confirmation    string          `json:"custom_message"` // on that page
	Session         CheckoutSession `json:"session"`        // what every session is made of
}

// Key is the id.
func (l *PaymentLink) Key() string { return l.ID }

// Owner is the code, by which a visitor asks for it.
func (l *PaymentLink) Owner() string { return l.Code }

func (l *PaymentLink) clone() PaymentLink {
	copied := *l
	copied.Session = l.Session.clone()
	return copied
}

const linkParams = "after_completion allow_promotion_codes customer_creation inactive_message metadata payment_method_collection"

func (s *Stripe) paymentLinkRoutes() []route {
	return []route{
		op(http.MethodPost, "/v1/payment_links", linkParams+" line_items currency subscription_data payment_intent_data payment_method_types submit_type"+
			" billing_address_collection phone_number_collection tax_id_collection consent_collection custom_text automatic_tax invoice_creation", s.createLink),
		op(http.MethodGet, "/v1/payment_links", "active"+paging, s.listLinks),
		op(http.MethodGet, "/v1/payment_links/{}", "", s.retrieveLink),
		op(http.MethodPost, "/v1/payment_links/{}", linkParams+" active", s.updateLink),
		op(http.MethodGet, "/v1/payment_links/{}/line_items", paging, s.listLinkLines),
	}
}

// linkAddress is what a session of a payment link shows as its cancel_url, and as
// its success_url when the link names none.
const linkAddress = "https://stripe.com"

func (s *Stripe) createLink(c *call) (object, error) {
	fresh := &PaymentLink{Active: true, Session: CheckoutSession{Mode: "payment", Status: "open", PaymentStatus: "unpaid",
		Types: c.readTypes(nil), Options: readOptions(c.params)}}
	session := &fresh.Session
	if s.sellsPeriods(c) {
		session.Mode = "subscription"
	}
	c.sub("subscription_data").only("description", "metadata", "trial_period_days", "trial_settings")
	c.sub("payment_intent_data").only("capture_method", "description", "metadata", "setup_future_usage",
		"statement_descriptor", "statement_descriptor_suffix")
	s.readChild(c, session)
	session.Lines, session.Currency = s.readLines(c, session.Mode)
	readLink(c, fresh)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created, fresh.Code = s.world.NewID("plink_1", 23), s.now(), s.world.NewID("test_", 20)
	for i := range session.Lines {
		session.Lines[i].ID = s.world.NewID("li_1", 23)
	}
	shown := s.showLink(s.state.PaymentLinks.Add(fresh))
	s.emit("payment_link.created", shown, nil)
	return shown, nil
}

// sellsPeriods says whether one of the line items is a recurring price.
func (s *Stripe) sellsPeriods(c *call) bool {
	return slices.ContainsFunc(c.list("line_items"), func(line params) bool {
		if line.has("price_data") {
			line.fail(invalid(line.name("price_data"), "The simulator's payment links take only prices that exist."))
		}
		price := s.state.Prices.Get(line.text("price"))
		return price != nil && price.recurring()
	})
}

// readLink reads what creating and updating share.
func readLink(c *call, to *PaymentLink) {
	session := &to.Session
	session.Metadata = c.metadata(session.Metadata)
	session.AllowPromotionCodes = c.boolean("allow_promotion_codes", session.AllowPromotionCodes)
	session.CustomerCreation = c.enum("customer_creation", cmp.Or(session.CustomerCreation, "if_required"), "always",
		"if_required")
	session.MethodCollection = c.enum("payment_method_collection", session.MethodCollection, "always", "if_required")
	if c.has("payment_method_collection") && session.Mode != "subscription" {
		c.fail(invalid("payment_method_collection", "You can only set `payment_method_collection` if there are recurring prices."))
	}
	to.InactiveMessage = c.limited("inactive_message", to.InactiveMessage, 500)
	if !c.has("after_completion") {
		return
	}
	after := c.sub("after_completion").only("type", "redirect", "hosted_confirmation")
	to.RedirectURL, to.Confirmation = "", ""
	switch after.required("type"); after.enum("type", "hosted_confirmation", "hosted_confirmation", "redirect") {
	case "redirect":
		redirect := after.sub("redirect").only("url")
		redirect.required("url")
		to.RedirectURL = redirect.address("url", "")
	case "hosted_confirmation":
		to.Confirmation = after.sub("hosted_confirmation").only("custom_message").limited("custom_message", "", 500)
	}
}

func (s *Stripe) paymentLink(c *call) (*PaymentLink, error) {
	if link := s.state.PaymentLinks.Get(c.path[0]); link != nil {
		return link, nil
	}
	return nil, noSuch("payment_link", c.path[0], "id")
}

func (s *Stripe) retrieveLink(c *call) (object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	return s.showLink(link), nil
}

func (s *Stripe) listLinks(c *call) (object, error) {
	active := c.boolean("active", true)
	return paginate(c, s.state.PaymentLinks.Newest(), func(l *PaymentLink) bool {
		return !c.has("active") ||
			l.Active == active
	}, s.showLink)
}

func (s *Stripe) updateLink(c *call) (object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	changed := link.clone()
	changed.Active = c.boolean("active", link.Active)
	readLink(c, &changed)
	if failure := c.failed(); failure != nil {
		return nil, failure
	}
	before := s.showLink(link)
	*link = changed
	s.emitUpdate("payment_link.updated", before, s.showLink(link))
	return s.showLink(link), nil
}

func (s *Stripe) listLinkLines(c *call) (object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	return s.pageOfLines(c, &link.Session)
}

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// visit begins a session as opening the link does. Of the query it takes
// client_reference_id (dropped when it is not made of letters, digits, - and _, or
// is over 200 characters), prefilled_email, locked_prefilled_email and
// prefilled_promo_code.
func (s *Stripe) visit(link *PaymentLink, query url.Values) (*CheckoutSession, *Error) {
	if !link.Active {
		return nil, invalid("", "%s", cmp.Or(link.InactiveMessage, "This link is no longer active."))
	}
	session := link.Session.clone()
	for _, line := range session.Lines {
		if price := s.state.Prices.Get(line.Price); !price.Active {
			return nil, inactivePrice("line_items")
		}
	}
	session.PaymentLink = link.ID
	session.SuccessURL, session.CancelURL = cmp.Or(link.RedirectURL, linkAddress), linkAddress
	if session.Mode == "subscription" {
		session.CustomerCreation = "always"
	}
	if reference := query.Get("client_reference_id"); referenceForm.MatchString(reference) {
		session.ClientReferenceID = reference
	}
	if email := query.Get("prefilled_email"); refuseEmail("", email) == nil {
		session.PrefilledEmail = email
	}
	if email := query.Get("locked_prefilled_email"); refuseEmail("", email) == nil {
		session.CustomerEmail = email
	}
	s.addSession(&session)
	if code := query.Get("prefilled_promo_code"); code != "" && session.AllowPromotionCodes {
		_ = s.applyPromotionCode(&session, code) // a code that does not apply is left out, as the page does
	}
	return &session, nil
}

// VisitPaymentLink opens a payment link, named by id or URL, with a query such as
// "client_reference_id=user_1", and returns the id of the session that begins. It
// fails for a link that is unknown or not active.
func (s *Stripe) VisitPaymentLink(link, query string) (sessionID string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", err
	}
	s.world.Change(func() {
		found := s.state.PaymentLinks.Find(func(l *PaymentLink) bool { return l.ID == link || s.linkURL(l) == link })
		if found == nil {
			err = noSuch("payment_link", link, "id")
			return
		}
		session, failure := s.visit(found, values)
		if failure != nil {
			err = failure
			return
		}
		sessionID = session.ID
	})
	return sessionID, err
}

func (s *Stripe) linkURL(l *PaymentLink) string { return s.link("/b/" + l.Code) }

func (s *Stripe) showLink(l *PaymentLink) object {
	cs := &l.Session
	after := object{"type": "hosted_confirmation", "hosted_confirmation": object{"custom_message": orNull(l.Confirmation)}}
	if l.RedirectURL != "" {
		after = object{"type": "redirect", "redirect": object{"url": l.RedirectURL}}
	}
	var types, subscription, intent any
	if cs.Types != nil {
		types = offered(cs.Types, cs.Currency)
	}
	if cs.Mode == "subscription" {
		var trial, days any
		if cs.TrialDays > 0 {
			days = cs.TrialDays
			trial = object{"end_behavior": object{"missing_payment_method": cmp.Or(cs.TrialEndBehavior, "create_invoice")}}
		}
		subscription = object{"description": orNull(cs.ChildDescription),
			"invoice_settings": object{"issuer": object{"type": "self"}},
			"metadata":         shown(cs.ChildMetadata), "trial_period_days": days, "trial_settings": trial}
	} else {
		intent = object{"capture_method": nil, "description": orNull(cs.ChildDescription),
			"metadata":           shown(cs.ChildMetadata),
			"setup_future_usage": orNull(cs.FutureUsage), "statement_descriptor": orNull(cs.Descriptor),
			"statement_descriptor_suffix": orNull(cs.Suffix), "transfer_group": nil}
	}
	shown := object{"id": l.ID, "object": "payment_link", "active": l.Active, "after_completion": after,
		"allow_promotion_codes": cs.AllowPromotionCodes,
		"application":           nil, "application_fee_amount": nil, "application_fee_percent": nil,
		"automatic_tax": object{"enabled": false, "liability": nil},
		"currency":      cs.Currency, "custom_fields": []any{}, "customer_creation": cs.CustomerCreation,
		"inactive_message": orNull(l.InactiveMessage), "livemode": false,
		"metadata": shown(cs.Metadata), "on_behalf_of": nil, "payment_intent_data": intent,
		"payment_method_collection": cs.collection(), "payment_method_types": types,
		"restrictions": nil, "shipping_address_collection": nil, "shipping_options": []any{},
		"subscription_data": subscription, "transfer_data": nil,
		"invoice_creation": nil, "url": s.linkURL(l)}
	options := object{}
	cs.Options.show(options, false)
	for _, field := range []string{"consent_collection", "custom_text", "phone_number_collection"} {
		shown[field] = options[field]
	}
	shown["tax_id_collection"] = object{"enabled": cs.Options.TaxID, "required": cmp.Or(cs.Options.TaxIDRequired, "never")}
	shown["submit_type"], shown["billing_address_collection"] = cmp.Or(cs.Options.SubmitType, "auto"),
		cmp.Or(cs.Options.BillingAddress, "auto")
	return shown
}
