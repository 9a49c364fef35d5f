package api

import "slices"

// Address is a postal address. Stripe shows all of its fields, those that were
// not sent as null.
type Address struct {
	City       string `json:"city"`
	Country    string `json:"country"` // two letters
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	PostalCode string `json:"postal_code"`
	State      string `json:"state"`
}

// Recipient is who gets a shipment, and where.
type Recipient struct {
	Name    string   `json:"name"`
	Phone   string   `json:"phone"`
	Address *Address `json:"address"`
}

// Postal reads an address; nil when it is unset. It is replaced as a whole: what
// is not sent of a new one is empty.
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

// Recipient reads a shipping hash, whose name and address are required.
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

func ShowAddress(a *Address) any {
	if a == nil {
		return nil
	}
	return Object{"city": OrNull(a.City), "country": OrNull(a.Country), "line1": OrNull(a.Line1), "line2": OrNull(a.Line2),
		"postal_code": OrNull(a.PostalCode), "state": OrNull(a.State)}
}

func ShowRecipient(r *Recipient) any {
	if r == nil {
		return nil
	}
	return Object{"name": r.Name, "phone": OrNull(r.Phone), "address": ShowAddress(r.Address)}
}

// TextsOr returns the texts of an array, or old when it was not sent.
func (p Params) TextsOr(field string, old []string) []string {
	if p.Has(field) {
		return p.Texts(field)
	}
	return slices.Clone(old)
}
