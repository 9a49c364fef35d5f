package pages

import (
	"net/http"
	"strings"
)

// cardForm is what a person typed into the card fields.
type cardForm struct{ Method, Number, Expiry, CVC string }

func readCardForm(r *http.Request) cardForm {
	return cardForm{Method: r.PostFormValue("method"), Number: strings.TrimSpace(r.PostFormValue("card")),
		Expiry: r.PostFormValue("expiry"), CVC: r.PostFormValue("cvc")}
}
