package pages

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/checkout"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// checkoutPost pays, or applies a change and shows the form again. It applies a
// promotion code that was typed but not applied before it pays: the buyer does
// not expect to pay without it.
func (s *Pages) checkoutPost(w http.ResponseWriter, r *http.Request) {
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
	s.Change(r.PathValue("session"), func() {
		if session := s.State.Sessions.Get(r.PathValue("session")); session != nil && session.Status == "open" {
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

func (s *Pages) adjust(session *state.CheckoutSession, action string, r *http.Request) error {
	switch action {
	case "quantity":
		line, text, _ := strings.Cut(r.PostFormValue("quantity"), " ")
		quantity, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return api.Invalid("quantity", "Enter a whole number.")
		}
		if failure := s.Checkout.SetQuantity(session, line, quantity); failure != nil {
			return failure
		}
		return nil
	case "promotion":
		return s.Checkout.ApplyPromotionCode(session, strings.TrimSpace(r.PostFormValue("code")))
	case "remove_promotion":
		s.Checkout.RemovePromotionCode(session)
		return nil
	}
	return api.Invalid("action", "Unknown action.")
}

func (s *Pages) payOnPage(w http.ResponseWriter, r *http.Request) {
	id, typed := r.PathValue("session"), readCardForm(r)
	number := typed.Method
	asks, agreed := true, true
	s.World.View(func() {
		if session := s.State.Sessions.Get(id); session != nil {
			asks, agreed = s.NeedsMethod(session), session.Options.TermsOfService != "required" || r.PostFormValue("terms") != ""
		}
	})
	var refused *api.Error
	switch {
	case !agreed:
		refused = api.Invalid("terms", "You must agree to the terms.")
	case !asks:
		number = ""
	case number == "card" || number == "":
		number, refused = strings.ReplaceAll(typed.Number, " ", ""), s.checkCard(typed)
	}
	if refused != nil {
		s.showCheckout(w, r, refused.Status, refused.Message)
		return
	}
	completed, err := s.Intents.PayCheckout(id, number, checkout.ReadBuyer(r))
	var session *state.CheckoutSession
	s.World.View(func() {
		if found := s.State.Sessions.Get(id); found != nil {
			copied := found.Clone()
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

// afterPaying returns where the buyer goes: to the success page, even if the
// form was sent twice, or to the open challenge.
func (s *Pages) afterPaying(session *state.CheckoutSession) string {
	if session.Status == "complete" {
		return s.Checkout.SuccessURL(session)
	}
	return s.ChallengeURL(s.Checkout.WaitingIntent(session))
}
