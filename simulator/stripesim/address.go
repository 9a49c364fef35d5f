package stripesim

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

// postal reads an address; nil when it is unset. It is replaced as a whole: what
// is not sent of a new one is empty.
func (p params) postal(old *Address) *Address {
	const field = "address"
	if !p.has(field) {
		return old
	}
	at := p.sub(field).only("city", "country", "line1", "line2", "postal_code", "state")
	if !p.hash(field) {
		return nil
	}
	return &Address{City: at.text("city"), Country: at.text("country"), Line1: at.text("line1"), Line2: at.text("line2"),
		PostalCode: at.text("postal_code"), State: at.text("state")}
}

// recipient reads a shipping hash, whose name and address are required.
func (p params) recipient(field string, old *Recipient) *Recipient {
	if !p.has(field) {
		return old
	}
	at := p.sub(field).only("name", "phone", "address")
	if !p.hash(field) {
		return nil
	}
	to := &Recipient{Name: at.required("name"), Phone: at.text("phone"), Address: at.postal(nil)}
	if to.Address == nil {
		p.fail(missingParam(at.name("address")))
	}
	return to
}

func showAddress(a *Address) any {
	if a == nil {
		return nil
	}
	return object{"city": orNull(a.City), "country": orNull(a.Country), "line1": orNull(a.Line1), "line2": orNull(a.Line2),
		"postal_code": orNull(a.PostalCode), "state": orNull(a.State)}
}

func showRecipient(r *Recipient) any {
	if r == nil {
		return nil
	}
	return object{"name": r.Name, "phone": orNull(r.Phone), "address": showAddress(r.Address)}
}

// textsOr returns the texts of an array, or old when it was not sent.
func (p params) textsOr(field string, old []string) []string {
	if p.has(field) {
		return p.texts(field)
	}
	return slices.Clone(old)
}
