package api

import "slices"

// Address is a postal address. Stripe shows every field; a field that was not
// sent is null.
type Address struct {
	City       string `json:"city"`
	Country    string `json:"country"` // two letters
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	PostalCode string `json:"postal_code"`
	State      string `json:"state"`
}

// Recipient is the addressee of a shipment.
type Recipient struct {
	Name    string   `json:"name"`
	Phone   string   `json:"phone"`
	Address *Address `json:"address"`
}

// Postal reads an address, or nil for an unset one. An address is replaced as a
// whole: a field that was not sent is empty.
func (p Params) Postal(old *Address) *Address {
	const field = "address"
	if !p.Has(field) {
		return old
	}
	at := p.Sub(field).Only("city", "country", "line1", "line2", "postal_code", "state")
	if !p.Hash(field) {
		return nil
	}
	return &Address{City: at.Text("city"), Country: at.Text("country"), Line1: at.Text("line1"), Line2: at.Text("line2"),
		PostalCode: at.Text("postal_code"), State: at.Text("state")}
}

// Recipient reads a shipping hash. Its name and address are required.
func (p Params) Recipient(field string, old *Recipient) *Recipient {
	if !p.Has(field) {
		return old
	}
	at := p.Sub(field).Only("name", "phone", "address")
	if !p.Hash(field) {
		return nil
	}
	to := &Recipient{Name: at.Required("name"), Phone: at.Text("phone"), Address: at.Postal(nil)}
	if to.Address == nil {
		p.Fail(MissingParam(at.Name("address")))
	}
	return to
}

// ShowAddress shows an address; nil is null.
func ShowAddress(a *Address) any {
	if a == nil {
		return nil
	}
	return Object{"city": OrNull(a.City), "country": OrNull(a.Country), "line1": OrNull(a.Line1),
		"line2": OrNull(a.Line2), "postal_code": OrNull(a.PostalCode), "state": OrNull(a.State)}
}

// ShowRecipient shows a recipient; nil is null.
func ShowRecipient(r *Recipient) any {
	if r == nil {
		return nil
	}
	return Object{"name": r.Name, "phone": OrNull(r.Phone), "address": ShowAddress(r.Address)}
}

// TextsOr returns the strings of an array, or old when the array was not sent.
func (p Params) TextsOr(field string, old []string) []string {
	if p.Has(field) {
		return p.Texts(field)
	}
	return slices.Clone(old)
}
