package api

// Contact is the billing details of a payment method.
type Contact struct {
	Email   string   `json:"email,omitempty"`
	Name    string   `json:"name,omitempty"`
	Phone   string   `json:"phone,omitempty"`
	Address *Address `json:"address,omitempty"`
}

// Billing reads billing_details. Fields that were not sent keep their old
// values.
func (p Params) Billing(old Contact) Contact {
	sent := p.Sub("billing_details").Only("address", "email", "name", "phone")
	return Contact{Email: sent.Email("email", old.Email), Name: sent.TextOr("name", old.Name),
		Phone: sent.TextOr("phone", old.Phone), Address: sent.Postal(old.Address)}
}

// ShowBilling shows the contact as billing_details.
func (c Contact) ShowBilling() Object {
	address := c.Address
	if address == nil {
		address = &Address{} // shows every field as null
	}
	return Object{"address": ShowAddress(address), "email": OrNull(c.Email), "name": OrNull(c.Name),
		"phone": OrNull(c.Phone), "tax_id": nil}
}

// Shipping is where a paid order goes. The simulator only shows it.
type Shipping struct {
	To       Recipient `json:"to"`
	Carrier  string    `json:"carrier,omitempty"`
	Tracking string    `json:"tracking_number,omitempty"`
}

// Shipping reads shipping. It returns old when none was sent, and nil for an
// empty one.
func (p Params) Shipping(old *Shipping) *Shipping {
	if !p.Has("shipping") {
		return old
	}
	sent := p.Sub("shipping").Only("address", "name", "carrier", "phone", "tracking_number")
	if !p.Hash("shipping") {
		return nil
	}
	if !sent.Has("address") {
		p.Fail(MissingParam(sent.Name("address")))
	}
	return &Shipping{To: Recipient{Name: sent.Required("name"), Phone: sent.Text("phone"), Address: sent.Postal(nil)},
		Carrier: sent.Text("carrier"), Tracking: sent.Text("tracking_number")}
}

// Show shows the shipping; nil is null.
func (s *Shipping) Show() any {
	if s == nil {
		return nil
	}
	return Object{"address": ShowAddress(s.To.Address), "carrier": OrNull(s.Carrier), "name": s.To.Name,
		"phone": OrNull(s.To.Phone), "tracking_number": OrNull(s.Tracking)}
}
