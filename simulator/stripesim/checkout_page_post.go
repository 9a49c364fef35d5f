package stripesim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
)

// checkoutPost pays, or changes what is to be paid and shows the form again. A
// promotion code that was typed and not applied is applied before anything is
// paid: nobody types one in order to pay without it.
func (s *Stripe) checkoutPost(w http.ResponseWriter, r *http.Request) {
	action := cmp.Or(r.PostFormValue("action"), "pay")
	switch step := r.PostFormValue("quantity"); {
	case step != "":
		action = "quantity"
	case action == "pay" && strings.TrimSpace(r.PostFormValue("code")) != "":
		action = "promotion"
	}
	if action == "pay" {
		s.payOnPage(w, r)
		return
	}
	var err error
	s.change(r.PathValue("session"), func() {
		if session := s.state.Sessions.Get(r.PathValue("session")); session != nil && session.Status == "open" {
			err = s.adjust(session, action, r)
		}
	})
	if err != nil {
		s.showCheckout(w, r, statusOf(err), plain(err))
		return
	}
	if action == "promotion" {
		r.PostForm.Del("code") // it is in use now
	}
	s.showCheckout(w, r, http.StatusOK, "")
}

func (s *Stripe) adjust(session *CheckoutSession, action string, r *http.Request) error {
	switch action {
	case "quantity":
		line, text, _ := strings.Cut(r.PostFormValue("quantity"), " ")
		quantity, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return invalid("quantity", "This is not a quantity.")
		}
		if failure := s.setQuantity(session, line, quantity); failure != nil {
			return failure
		}
		return nil
	case "promotion":
		return s.applyPromotionCode(session, strings.TrimSpace(r.PostFormValue("code")))
	case "remove_promotion":
		s.removePromotionCode(session)
		return nil
	}
	return invalid("action", "There is no such action.")
}

func (s *Stripe) payOnPage(w http.ResponseWriter, r *http.Request) {
	id, typed := r.PathValue("session"), readCardForm(r)
	number := typed.Method
	asks, agreed := true, true
	s.world.View(func() {
		if session := s.state.Sessions.Get(id); session != nil {
			asks, agreed = s.needsMethod(session), session.Options.TermsOfService != "required" || r.PostFormValue("terms") != ""
		}
	})
	var refused *Error
	switch {
	case !agreed:
		refused = invalid("terms", "You must agree to the terms.")
	case !asks:
		number = ""
	case number == "card" || number == "":
		number, refused = strings.ReplaceAll(typed.Number, " ", ""), s.checkCard(typed)
	}
	if refused != nil {
		s.showCheckout(w, r, refused.Status, refused.Message)
		return
	}
	completed, err := s.payCheckout(id, number, readBuyer(r))
	var session *CheckoutSession
	s.world.View(func() {
		if found := s.state.Sessions.Get(id); found != nil {
			copied := found.clone()
			session = &copied
		}
	})
	switch {
	case err != nil && (session == nil || session.Status != "complete"):
		s.showCheckout(w, r, statusOf(err), plain(err))
		return
	case completed != "":
		s.awaitDelivery(r, completed)
	}
	w.Header().Set("Location", s.afterPaying(session))
	w.WriteHeader(http.StatusSeeOther)
}

// afterPaying is where a buyer goes: to the success page, also when the form was
// sent twice, or to the challenge that the session's intent waits for.
func (s *Stripe) afterPaying(session *CheckoutSession) string {
	if session.Status == "complete" {
		return s.successURL(session)
	}
	return s.challengeURL(s.waitingIntent(session))
}
