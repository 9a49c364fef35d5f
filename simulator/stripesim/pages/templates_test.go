package pages

import (
	"html/template"
	"io"
	"reflect"
	"testing"
)

// full sets everything in a view that can be set, so that no branch of a
// template is skipped.
func full(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString("text")
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int64:
		value.SetInt(1)
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		full(value.Elem())
	case reflect.Struct:
		for i := range value.NumField() {
			full(value.Field(i))
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		full(value.Index(0))
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		for _, key := range []string{"card", "sepa_debit"} {
			value.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(true))
		}
	}
}

func TestEveryTemplateFitsItsView(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		template *template.Template
		view     any
	}{
		"checkout": {checkoutTemplate, &checkoutView{}}, "challenge": {challengeTemplate, &challengeView{}},
		"invoice": {hostedInvoiceTemplate, &hostedInvoiceView{}},
		"login":   {loginTemplate, &loginView{}}, "home": {homeStep.template, &homeView{}}, "cancel": {cancelStep.template,
			&cancelView{}},
		"update": {updateStep.template, &updateView{}}, "confirm": {confirmStep.template, &confirmView{}},
		"customer":   {customerStep.template, &customerView{}},
		"add method": {addMethodStep.template, &addMethodView{}}, "method": {methodStep.template, &methodPageView{}},
		"completed": {completedStep.template, &completedView{}},
	} {
		if err := of.template.ExecuteTemplate(io.Discard, "page", of.view); err != nil {
			t.Errorf("%s, empty: %v", name, err)
		}
		// Full but for what hides a part when it is set.
		for _, hiding := range []string{"", "Refused", "Ended", "Default", "Home", "Used", "InUse"} {
			view := reflect.ValueOf(of.view).Elem()
			full(view)
			unset(view, hiding)
			if err := of.template.ExecuteTemplate(io.Discard, "page", of.view); err != nil {
				t.Errorf("%s, full without %s: %v", name, hiding, err)
			}
		}
	}
}

// unset clears every field of a name.
func unset(value reflect.Value, name string) {
	switch value.Kind() {
	case reflect.Pointer:
		unset(value.Elem(), name)
	case reflect.Slice:
		for i := range value.Len() {
			unset(value.Index(i), name)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if value.Type().Field(i).Name == name {
				value.Field(i).SetZero()
			} else {
				unset(value.Field(i), name)
			}
		}
	}
}
