package state

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// Buyer returns who pays the session, as billing details.
func (cs *CheckoutSession) Buyer() api.Contact {
	return api.Contact{Email: cs.BuyerEmail, Name: cs.BuyerName, Phone: cs.BuyerPhone, Address: cs.BuyerAddress}
}

// CheckoutSession is a checkout session.
type CheckoutSession struct {
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	ExpiresAt     time.Time `json:"expires_at"`
	Mode          string    `json:"mode"`
	Status        string    `json:"status"`         // open, complete, expired
	PaymentStatus string    `json:"payment_status"` // unpaid, paid, no_payment_required
	Customer      string    `json:"customer"`
	CustomerEmail string    `json:"customer_email"` // from the request that created it
	// always, if_required, "" with a customer or in mode subscription
	CustomerCreation  string            `json:"customer_creation"`
	PrefilledEmail    string            `json:"prefilled_email"` // from a payment link's URL; the buyer can change it
	BuyerEmail        string            `json:"buyer_email"`     // typed on the page, like the next three
	BuyerName         string            `json:"buyer_name"`
	BuyerPhone        string            `json:"buyer_phone"`
	BuyerAddress      *api.Address      `json:"buyer_address"`
	ClientReferenceID string            `json:"client_reference_id"`
	PaymentLink       string            `json:"payment_link"` // that opened the session
	Currency          string            `json:"currency"`
	Lines             []SessionLine     `json:"lines"`
	Metadata          map[string]string `json:"metadata"`
	SuccessURL        string            `json:"success_url"`
	CancelURL         string            `json:"cancel_url"`
	Subscription      string            `json:"subscription"`
	PaymentIntent     string            `json:"payment_intent"`
	SetupIntent       string            `json:"setup_intent"`
	Invoice           string            `json:"invoice"`
	Types             []string          `json:"payment_method_types"`      // nil: everything the account offers
	MethodCollection  string            `json:"payment_method_collection"` // always, if_required
	Options           SessionOptions    `json:"options"`

	ChildMetadata       map[string]string `json:"child_metadata"` // from subscription_data or payment_intent_data
	ChildDescription    string            `json:"child_description"`
	TrialDays           int64             `json:"trial_days"`
	TrialEnd            time.Time         `json:"trial_end"`
	TrialEndBehavior    string            `json:"trial_end_behavior"`
	BillingMode         string            `json:"billing_mode"`
	FutureUsage         string            `json:"setup_future_usage"`
	ReceiptEmail        string            `json:"receipt_email"`
	Shipping            *api.Shipping     `json:"shipping"`
	Descriptor          string            `json:"statement_descriptor"`
	Suffix              string            `json:"statement_descriptor_suffix"`
	AllowPromotionCodes bool              `json:"allow_promotion_codes"`
	Given               *Grant            `json:"discount"` // redeemed when the session completes
	Tried               string            `json:"tried"`    // the intent of every attempt to pay
}

// SessionLine is one line of a checkout session.
type SessionLine struct {
	ID       string            `json:"id"`
	Price    string            `json:"price"`
	Quantity int64             `json:"quantity"`
	Metadata map[string]string `json:"metadata,omitempty"`

	// Adjustable lets the buyer choose a quantity from Minimum to Maximum.
	Adjustable bool  `json:"adjustable,omitempty"`
	Minimum    int64 `json:"minimum,omitempty"`
	Maximum    int64 `json:"maximum,omitempty"`
}

// Key is the id.
func (cs *CheckoutSession) Key() string { return cs.ID }

// Clone returns a copy that shares no slices or maps.
func (cs *CheckoutSession) Clone() CheckoutSession {
	copied := *cs
	copied.Lines = cloneLines(cs.Lines)
	copied.Metadata, copied.ChildMetadata = maps.Clone(cs.Metadata), maps.Clone(cs.ChildMetadata)
	return copied
}

// Key is the id.
func (l *SessionLine) Key() string { return l.ID }

// Grants returns the discounts for the session's subscription.
func (cs *CheckoutSession) Grants() []Grant {
	if cs.Given == nil {
		return nil
	}
	return []Grant{*cs.Given}
}

func cloneLines(lines []SessionLine) []SessionLine {
	copied := slices.Clone(lines)
	for i := range copied {
		copied[i].Metadata = maps.Clone(copied[i].Metadata)
	}
	return copied
}

// SessionOptions are settings that a checkout session only shows. They do not
// change the page, which always asks for a card and an e-mail address.
type SessionOptions struct {
	Locale            string            `json:"locale,omitempty"`
	SubmitType        string            `json:"submit_type,omitempty"`
	BillingAddress    string            `json:"billing_address_collection,omitempty"`
	PhoneNumber       bool              `json:"phone_number_collection,omitempty"`
	TaxID             bool              `json:"tax_id_collection,omitempty"`
	TaxIDRequired     string            `json:"tax_id_required,omitempty"`
	Promotions        string            `json:"promotions,omitempty"`
	TermsOfService    string            `json:"terms_of_service,omitempty"`
	ReuseAgreement    string            `json:"payment_method_reuse_agreement,omitempty"`
	CustomText        map[string]string `json:"custom_text,omitempty"`
	AdaptivePricing   *bool             `json:"adaptive_pricing,omitempty"`
	OriginContext     string            `json:"origin_context,omitempty"`
	RedisplayFilters  []string          `json:"allow_redisplay_filters,omitempty"`
	MethodRemove      string            `json:"payment_method_remove,omitempty"`
	MethodSave        string            `json:"payment_method_save,omitempty"`
	SavedMethodsGiven bool              `json:"saved_payment_method_options,omitempty"`
	// address, name: copied from what the buyer types
	CustomerUpdate []string `json:"customer_update,omitempty"`
}

// CustomTexts are the places of the page that may have a custom text.
var CustomTexts = strings.Fields("after_submit shipping_address submit terms_of_service_acceptance")

// Show adds the options to a session's object. complete reports whether the
// session is complete.
func (o SessionOptions) Show(into api.Object, complete bool) {
	texts := api.Object{}
	for _, place := range CustomTexts {
		texts[place] = nil
		if message := o.CustomText[place]; message != "" {
			texts[place] = api.Object{"message": message}
		}
	}
	into["custom_text"] = texts
	for field, text := range map[string]string{"locale": o.Locale, "submit_type": o.SubmitType,
		"billing_address_collection": o.BillingAddress, "origin_context": o.OriginContext} {
		into[field] = api.OrNull(text)
	}
	into["phone_number_collection"] = api.Object{"enabled": o.PhoneNumber}
	if o.TaxID {
		into["tax_id_collection"] = api.Object{"enabled": true, "required": o.TaxIDRequired}
	}
	into["consent"], into["consent_collection"] = o.showConsent(complete)
	into["adaptive_pricing"] = nil
	if o.AdaptivePricing != nil {
		into["adaptive_pricing"] = api.Object{"enabled": *o.AdaptivePricing}
	}
	into["saved_payment_method_options"] = nil
	if o.SavedMethodsGiven {
		filters := []any{}
		for _, filter := range slices.Clone(o.RedisplayFilters) {
			filters = append(filters, filter)
		}
		into["saved_payment_method_options"] = api.Object{"allow_redisplay_filters": filters,
			"payment_method_remove": api.OrNull(o.MethodRemove),
			"payment_method_save":   api.OrNull(o.MethodSave)}
	}
}

// showConsent shows what the session asked for. A complete session shows the
// terms as accepted, because a buyer cannot complete it otherwise.
func (o SessionOptions) showConsent(complete bool) (consent, collection any) {
	if o.Promotions == "" && o.TermsOfService == "" && o.ReuseAgreement == "" {
		return nil, nil
	}
	asked := api.Object{"payment_method_reuse_agreement": nil, "promotions": api.OrNull(o.Promotions),
		"terms_of_service": api.OrNull(o.TermsOfService)}
	if o.ReuseAgreement != "" {
		asked["payment_method_reuse_agreement"] = api.Object{"position": o.ReuseAgreement}
	}
	if !complete {
		return nil, asked
	}
	given := api.Object{"promotions": nil, "terms_of_service": nil}
	if o.TermsOfService == "required" {
		given["terms_of_service"] = "accepted"
	}
	return given, asked
}

// Collection returns payment_method_collection: if_required collects a payment
// method only when something is due.
func (cs *CheckoutSession) Collection() string {
	if cs.MethodCollection == "" && cs.Mode == "payment" {
		return "if_required"
	}
	return cmp.Or(cs.MethodCollection, "always")
}
