package stripesim

// Contact is whom a payment method belongs to.
type Contact struct {
	Email   string   `json:"email,omitempty"`
	Name    string   `json:"name,omitempty"`
	Phone   string   `json:"phone,omitempty"`
	Address *Address `json:"address,omitempty"`
}

// billing reads billing_details over what they were.
func (p params) billing(old Contact) Contact {
	sent := p.sub("billing_details").only("address", "email", "name", "phone")
	return Contact{Email: sent.email("email", old.Email), Name: sent.textOr("name", old.Name),
		Phone:   sent.textOr("phone", old.Phone),
		Address: sent.postal(old.Address)}
}

func (c Contact) showBilling() object {
	address := c.Address
	if address == nil {
		address = &Address{} // all of its fields are shown, as null
	}
	return object{"address": showAddress(address), "email": orNull(c.Email), "name": orNull(c.Name),
		"phone": orNull(c.Phone), "tax_id": nil}
}

// Shipping is where what was paid goes. The simulator only shows it.
type Shipping struct {
	To       Recipient `json:"to"`
	Carrier  string    `json:"carrier,omitempty"`
	Tracking string    `json:"tracking_number,omitempty"`
}

// shipping reads shipping, or keeps what it was; an empty one unsets.
func (p params) shipping(old *Shipping) *Shipping {
	if !p.has("shipping") {
		return old
	}
	sent := p.sub("shipping").only("address", "name", "carrier", "phone", "tracking_number")
	if !p.hash("shipping") {
		return nil
	}
	if !sent.has("address") {
		p.fail(missingParam(sent.name("address")))
	}
	return &Shipping{To: Recipient{Name: sent.required("name"), Phone: sent.text("phone"), Address: sent.postal(nil)},
		Carrier: sent.text("carrier"), Tracking: sent.text("tracking_number")}
}

func (s *Shipping) show() any {
	if s == nil {
		return nil
	}
	return object{"address": showAddress(s.To.Address), "carrier": orNull(s.Carrier), "name": s.To.Name,
		"phone":           orNull(s.To.Phone),
		"tracking_number": orNull(s.Tracking)}
}
