package checkout

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/billing"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

const linkParams = "after_completion allow_promotion_codes customer_creation inactive_message metadata payment_method_collection"

func (s *Checkout) paymentLinkRoutes() []api.Route {
	return []api.Route{
		api.Op(http.MethodPost, "/v1/payment_links", linkParams+" line_items currency subscription_data payment_intent_data payment_method_types submit_type"+
			" billing_address_collection phone_number_collection tax_id_collection consent_collection custom_text automatic_tax invoice_creation", s.createLink),
		api.Op(http.MethodGet, "/v1/payment_links", "active"+api.Paging, s.listLinks),
		api.Op(http.MethodGet, "/v1/payment_links/{}", "", s.retrieveLink),
		api.Op(http.MethodPost, "/v1/payment_links/{}", linkParams+" active", s.updateLink),
		api.Op(http.MethodGet, "/v1/payment_links/{}/line_items", api.Paging, s.listLinkLines),
	}
}

// LinkAddress is the cancel_url of a payment link's sessions, and their
// success_url if the link has none.
const LinkAddress = "https://stripe.com"

func (s *Checkout) createLink(c *api.Call) (api.Object, error) {
	fresh := &state.PaymentLink{Active: true, Session: state.CheckoutSession{Mode: "payment", Status: "open",
		PaymentStatus: "unpaid", Types: c.ReadTypes(nil), Options: readOptions(c.Params)}}
	session := &fresh.Session
	if s.sellsPeriods(c) {
		session.Mode = "subscription"
	}
	c.Sub("subscription_data").Only("description", "metadata", "trial_period_days", "trial_settings")
	c.Sub("payment_intent_data").Only("capture_method", "description", "metadata", "setup_future_usage",
		"statement_descriptor", "statement_descriptor_suffix")
	s.readChild(c, session)
	session.Lines, session.Currency = s.readLines(c, session.Mode)
	readLink(c, fresh)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	fresh.ID, fresh.Created, fresh.Code = s.World.NewID("plink_1", 23), s.Now(), s.World.NewID("test_", 20)
	for i := range session.Lines {
		session.Lines[i].ID = s.World.NewID("li_1", 23)
	}
	shown := s.ShowLink(s.State.PaymentLinks.Add(fresh))
	s.Events.Emit("payment_link.created", shown, nil)
	return shown, nil
}

// sellsPeriods reports whether a line item has a recurring price.
func (s *Checkout) sellsPeriods(c *api.Call) bool {
	return slices.ContainsFunc(c.List("line_items"), func(line api.Params) bool {
		if line.Has("price_data") {
			line.Fail(api.Invalid(line.Name("price_data"), "The simulator's payment links accept only existing prices."))
		}
		price := s.State.Prices.Get(line.Text("price"))
		return price != nil && price.Recurring()
	})
}

// readLink reads the parameters that creation and update share.
func readLink(c *api.Call, to *state.PaymentLink) {
	session := &to.Session
	session.Metadata = c.Metadata(session.Metadata)
	session.AllowPromotionCodes = c.Boolean("allow_promotion_codes", session.AllowPromotionCodes)
	session.CustomerCreation = c.Enum("customer_creation", cmp.Or(session.CustomerCreation, "if_required"), "always",
		"if_required")
	session.MethodCollection = c.Enum("payment_method_collection", session.MethodCollection, "always", "if_required")
	if c.Has("payment_method_collection") && session.Mode != "subscription" {
		c.Fail(api.Invalid("payment_method_collection", "You can only set `payment_method_collection` if there are recurring prices."))
	}
	to.InactiveMessage = c.Limited("inactive_message", to.InactiveMessage, 500)
	if !c.Has("after_completion") {
		return
	}
	after := c.Sub("after_completion").Only("type", "redirect", "hosted_confirmation")
	to.RedirectURL, to.Confirmation = "", ""
	switch after.Required("type"); after.Enum("type", "hosted_confirmation", "hosted_confirmation", "redirect") {
	case "redirect":
		redirect := after.Sub("redirect").Only("url")
		redirect.Required("url")
		to.RedirectURL = redirect.Address("url", "")
	case "hosted_confirmation":
		to.Confirmation = after.Sub("hosted_confirmation").Only("custom_message").Limited("custom_message", "", 500)
	}
}

func (s *Checkout) paymentLink(c *api.Call) (*state.PaymentLink, error) {
	if link := s.State.PaymentLinks.Get(c.Path[0]); link != nil {
		return link, nil
	}
	return nil, api.NoSuch("payment_link", c.Path[0], "id")
}

func (s *Checkout) retrieveLink(c *api.Call) (api.Object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	return s.ShowLink(link), nil
}

func (s *Checkout) listLinks(c *api.Call) (api.Object, error) {
	active := c.Boolean("active", true)
	return api.Paginate(c, s.State.PaymentLinks.Newest(), func(l *state.PaymentLink) bool {
		return !c.Has("active") ||
			l.Active == active
	}, s.ShowLink)
}

func (s *Checkout) updateLink(c *api.Call) (api.Object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	changed := link.Clone()
	changed.Active = c.Boolean("active", link.Active)
	readLink(c, &changed)
	if failure := c.Failed(); failure != nil {
		return nil, failure
	}
	before := s.ShowLink(link)
	*link = changed
	s.Events.EmitUpdate("payment_link.updated", before, s.ShowLink(link))
	return s.ShowLink(link), nil
}

func (s *Checkout) listLinkLines(c *api.Call) (api.Object, error) {
	link, err := s.paymentLink(c)
	if err != nil {
		return nil, err
	}
	return s.pageOfLines(c, &link.Session)
}

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// Visit opens a session from a payment link. It reads client_reference_id,
// prefilled_email, locked_prefilled_email and prefilled_promo_code from the
// query. A client_reference_id is dropped if it has characters other than
// letters, digits, - and _, or more than 200 of them.
func (s *Checkout) Visit(link *state.PaymentLink, query url.Values) (*state.CheckoutSession, *api.Error) {
	if !link.Active {
		return nil, api.Invalid("", "%s", cmp.Or(link.InactiveMessage, "This link is no longer active."))
	}
	session := link.Session.Clone()
	for _, line := range session.Lines {
		if price := s.State.Prices.Get(line.Price); !price.Active {
			return nil, billing.InactivePrice("line_items")
		}
	}
	session.PaymentLink = link.ID
	session.SuccessURL, session.CancelURL = cmp.Or(link.RedirectURL, LinkAddress), LinkAddress
	if session.Mode == "subscription" {
		session.CustomerCreation = "always"
	}
	if reference := query.Get("client_reference_id"); referenceForm.MatchString(reference) {
		session.ClientReferenceID = reference
	}
	if email := query.Get("prefilled_email"); api.RefuseEmail("", email) == nil {
		session.PrefilledEmail = email
	}
	if email := query.Get("locked_prefilled_email"); api.RefuseEmail("", email) == nil {
		session.CustomerEmail = email
	}
	s.addSession(&session)
	if code := query.Get("prefilled_promo_code"); code != "" && session.AllowPromotionCodes {
		_ = s.ApplyPromotionCode(&session, code) // the page ignores a code that does not apply
	}
	return &session, nil
}
