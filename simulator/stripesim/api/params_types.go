package api

import (
	"slices"
	"strconv"
	"strings"
)

// Enabled reads a hash whose only field is enabled.
func (p Params) Enabled(field string) bool {
	sent := p.Sub(field).Only("enabled")
	if sent.At != nil {
		sent.Required("enabled")
	}
	return sent.Boolean("enabled", false)
}

// ReadMandate reports whether mandate_data contains the customer's acceptance.
func (p Params) ReadMandate() bool {
	acceptance := p.Sub("mandate_data").Only("customer_acceptance").Sub("customer_acceptance").Only("type", "accepted_at",
		"online", "offline")
	acceptance.Sub("online").Only("ip_address", "user_agent")
	acceptance.Sub("offline").Only()
	acceptance.Time("accepted_at")
	return acceptance.Enum("type", "", "online", "offline") != ""
}

// MethodTypes are the payment method types that parameters may list. The
// simulator accepts link because most integrations list it, but no buyer has a
// Link account.
var MethodTypes = []string{"card", "sepa_debit", "link"}

// ReadTypes reads payment_method_types. It returns old when none were sent; nil
// stands for everything the account offers.
func (p Params) ReadTypes(old []string) []string {
	const field = "payment_method_types"
	if !p.Has(field) {
		return old
	}
	types := p.Texts(field)
	for i, kind := range types {
		if !slices.Contains(MethodTypes, kind) {
			p.Fail(Malformed("", field+"["+strconv.Itoa(i)+"]", "Invalid %s: the simulator supports only %s", field,
				strings.Join(MethodTypes, ", ")))
		}
	}
	return types
}

// Enums reads a list of allowed values. An empty value clears the list.
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

// WholeDecimal reads a decimal amount. The simulator takes no fractions of the
// smallest currency unit.
func (p Params) WholeDecimal(field string) int64 {
	value := p.Decimal(field)
	if value != float64(int64(value)) {
		p.Fail(Malformed("", p.Name(field), "Fractions of the currency's smallest unit are not simulated: %s", p.Text(field)))
	}
	return int64(value)
}
