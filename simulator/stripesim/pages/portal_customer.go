package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
)

// customerView is the data of the page that changes a customer's details.
type customerView struct {
	portalFrame
	Fields []fieldView
}

type fieldView struct{ Name, Label, Type, Complete, Value string }

var customerStep = portalStep{
	title: "Billing details",
	flows: []string{"customer_update"},
	template: parsePortal(`<section class="card">
<h1>Billing details</h1>
<form method="post">
{{range .Fields}}<label for="{{.Name}}">{{.Label}}</label>
<input id="{{.Name}}" name="{{.Name}}" type="{{.Type}}" autocomplete="{{.Complete}}" value="{{.Value}}">{{end}}
<button class="full" type="submit">Save</button>
</form></section>`),
	offered: func(_ *Pages, v *visit) bool { return len(v.fields()) > 0 },
	view: func(s *Pages, v *visit) any {
		view := customerView{portalFrame: s.portalFrame(v, "Billing details"), Fields: v.fields()}
		for i, field := range view.Fields {
			if v.Method == http.MethodPost {
				view.Fields[i].Value = v.PostFormValue(field.Name)
			}
		}
		return view
	},
	act: (*Pages).changeDetails,
}

func (s *Pages) changeDetails(v *visit) (string, error) {
	form := url.Values{}
	for _, field := range v.fields() {
		name, text := field.Name, strings.TrimSpace(v.PostFormValue(field.Name))
		if slices.Contains(addressFields, name) {
			name = "address[" + name + "]"
		}
		form.Set(name, text)
	}
	if form.Has("email") && !strings.Contains(form.Get("email"), "@") {
		return "", api.InvalidCode("email_invalid", "email", "Invalid email address: %s", form.Get("email"))
	}
	if _, err := s.Perform("POST", "/v1/customers/"+v.customer.ID, form); err != nil {
		return "", err
	}
	return s.finish(v, "details"), nil
}

// addressFields are the parts of an address. country has two letters.
var addressFields = []string{"line1", "line2", "postal_code", "city", "state", "country"}

// fields returns the details that customers may change and that the simulator
// stores: all except the shipping address and tax ids.
func (v *visit) fields() []fieldView {
	features := v.configuration.Features
	if !features.CustomerUpdate {
		return nil
	}
	address := v.customer.Address
	if address == nil {
		address = &api.Address{}
	}
	of := map[string][]fieldView{
		"name":  {{"name", "Name", "text", "name", v.customer.Name}},
		"email": {{"email", "E-mail", "email", "email", v.customer.Email}},
		"phone": {{"phone", "Phone", "tel", "tel", v.customer.Phone}},
		"address": {{"line1", "Address", "text", "address-line1", address.Line1},
			{"line2", "Address, second line", "text", "address-line2", address.Line2},
			{"postal_code", "Postal code", "text", "postal-code", address.PostalCode}, {"city", "City", "text",
				"address-level2", address.City},
			{"state", "State", "text", "address-level1", address.State}, {"country", "Country, two letters", "text", "country",
				address.Country}},
	}
	var fields []fieldView
	for _, allowed := range []string{"name", "email", "phone", "address"} {
		if slices.Contains(features.CustomerFields, allowed) {
			fields = append(fields, of[allowed]...)
		}
	}
	return fields
}

// details returns the same fields, to read.
func (v *visit) details() []detailView {
	var details []detailView
	var address []string
	for _, field := range v.fields() {
		switch {
		case !slices.Contains(addressFields, field.Name):
			details = append(details, detailView{Name: field.Label, Value: field.Value})
		case field.Value != "":
			address = append(address, field.Value)
		}
	}
	if slices.Contains(v.configuration.Features.CustomerFields, "address") {
		details = append(details, detailView{Name: "Address", Value: strings.Join(address, ", ")})
	}
	return details
}
