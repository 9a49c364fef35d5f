package api

import (
	"slices"
	"strconv"
	"strings"
)

// Enabled reads a hash that says nothing but whether something is on.
func (p Params) Enabled(field string) bool {
	sent := p.Sub(field).Only("enabled")
	if sent.At != nil {
		sent.Required("enabled")
	}
	return sent.Boolean("enabled", false)
}

// ReadMandate says whether the customer's agreement to debits was sent.
func (p Params) ReadMandate() bool {
	acceptance := p.Sub("mandate_data").Only("customer_acceptance").Sub("customer_acceptance").Only("type", "accepted_at",
		"online", "offline")
	acceptance.Sub("online").Only("ip_address", "user_agent")
	acceptance.Sub("offline").Only()
	acceptance.Time("accepted_at")
	return acceptance.Enum("type", "", "online", "offline") != ""
}

// MethodTypes are the types of payment methods the simulator has. link is
// accepted where types are listed, because most integrations list it; nobody
// has a link account here.
var MethodTypes = []string{"card", "sepa_debit", "link"}

// ReadTypes reads payment_method_types; nil when not sent, which is whatever
// the account offers.
func (p Params) ReadTypes(old []string) []string {
	const field = "payment_method_types"
	if !p.Has(field) {
		return old
	}
	types := p.Texts(field)
	for i, kind := range types {
		if !slices.Contains(MethodTypes, kind) {
			p.Fail(Malformed("", field+"["+strconv.Itoa(i)+"]", "Invalid %s: the simulator has only %s", field,
				strings.Join(MethodTypes, ", ")))
		}
	}
	return types
}

// Enums reads a list of allowed words; an empty text clears it.
func (p Params) Enums(field string, old, allowed []string) []string {
	if !p.Has(field) {
		return old
	}
	sent := p.Texts(field)
	for _, text := range sent {
		if !slices.Contains(allowed, text) {
			p.Fail(Malformed("", p.Name(field), "Invalid %s: must be one of %s", p.Name(field), strings.Join(allowed, ", ")))
		}
	}
	return sent
}

// WholeDecimal reads a decimal amount, which the simulator takes only where
// there is no fraction of the smallest unit.
func (p Params) WholeDecimal(field string) int64 {
	value := p.Decimal(field)
	if value != float64(int64(value)) {
		p.Fail(Malformed("", p.Name(field), "Fractions of the currency's smallest unit are not simulated: %s", p.Text(field)))
	}
	return int64(value)
}
