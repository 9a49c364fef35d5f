package stripesim

import (
	"net/url"
	"slices"
	"strings"
)

// customerView is the data of the page on which customers change their details.
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
	offered: func(_ *Stripe, v *visit) bool { return len(v.fields()) > 0 },
	view: func(s *Stripe, v *visit) any {
		view := customerView{portalFrame: s.portalFrame(v, "Billing details"), Fields: v.fields()}
		for i, field := range view.Fields {
			if v.Method == "POST" {
				view.Fields[i].Value = v.PostFormValue(field.Name)
			}
		}
		return view
	},
	act: func(s *Stripe, v *visit) (string, error) {
		form := url.Values{}
		for _, field := range v.fields() {
			form.Set(field.Name, strings.TrimSpace(v.PostFormValue(field.Name)))
		}
		if form.Has("email") && !strings.Contains(form.Get("email"), "@") {
			return "", invalidCode("email_invalid", "email", "Invalid email address: %s", form.Get("email"))
		}
		if _, err := s.perform("POST", "/v1/customers/"+v.customer.ID, form); err != nil {
			return "", err
		}
		return s.finish(v, "details"), nil
	},
}

// fields are the details that the configuration lets customers change and that
// the simulator keeps.
func (v *visit) fields() []fieldView {
	features := v.configuration.Features
	if !features.CustomerUpdate {
		return nil
	}
	var fields []fieldView
	for _, field := range []fieldView{
		{"name", "Name", "text", "name", v.customer.Name},
		{"email", "E-mail", "email", "email", v.customer.Email},
		{"phone", "Phone", "tel", "tel", v.customer.Phone},
	} {
		if slices.Contains(features.CustomerFields, field.Name) {
			fields = append(fields, field)
		}
	}
	return fields
}

// details are the same ones, to read.
func (v *visit) details() []detailView {
	var details []detailView
	for _, field := range v.fields() {
		details = append(details, detailView{Name: field.Label, Value: field.Value})
	}
	return details
}
