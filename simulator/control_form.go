package simulator

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The forms of the pages are plain HTML forms. Each changes something completely
// or not at all, and returns to the page that it is on.
func (s *Simulator) formRoutes(mux *http.ServeMux) {
	for name, apply := range map[string]func(url.Values) error{
		"fault": s.applyFault, "deliveries": s.applyDeliveries, "end": s.applyEnd} {
		mux.HandleFunc("POST /_sim/form/"+name, func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil {
				s.refuse(w, r, "The form cannot be read: "+err.Error())
				return
			}
			if err := apply(r.PostForm); err != nil {
				s.refuse(w, r, err.Error())
				return
			}
			http.Redirect(w, r, back(r.PostForm), http.StatusSeeOther)
		})
	}
	mux.HandleFunc("POST /_sim/form/billing-portal", s.postOpenPortal)
}

// back returns the page to return to. A form cannot lead anywhere else.
func back(form url.Values) string {
	if wanted := form.Get("back"); slices.Contains([]string{tourPath, sequencePath, objectsPath}, wanted) {
		return wanted
	}
	return controlsPath
}

// refuse shows the controls with what is wrong with a form.
func (s *Simulator) refuse(w http.ResponseWriter, _ *http.Request, problem string) {
	s.writeControls(w, http.StatusBadRequest, problem)
}

// ready are the faults that have a button. The form says for how long.
var ready = map[string]Fault{
	"lose":       {Side: "delivery", Lose: true, Name: "Webhooks are lost"},
	"fail":       {Side: "delivery", Name: "Webhooks do not arrive, and are sent again later"},
	"stripe_500": {Side: "stripe", Path: "/v1/**", Status: http.StatusInternalServerError, Name: "Stripe's API answers 500"},
	"stripe_429": {Side: "stripe", Path: "/v1/**", Status: http.StatusTooManyRequests, Code: "rate_limit",
		Header: http.Header{"Stripe-Rate-Limited-Reason": {"global-rate"}}, Name: "Stripe limits the rate: 429"},
	"clerk_down": {Side: "clerk", Path: "/v1/**", Status: http.StatusServiceUnavailable, Name: "Clerk's API is down: 503"},
}

// applyFault takes kind, and optionally provider and event of the deliveries,
// count (how often) and seconds (how long). Without seconds, the fault stays until
// somebody ends it or count is used up.
func (s *Simulator) applyFault(form url.Values) error {
	fault, known := ready[form.Get("kind")]
	if !known {
		return fmt.Errorf("kind: %q is not a fault; use a button of this page", form.Get("kind"))
	}
	count, err := whole(form, "count", 1000)
	if err != nil {
		return err
	}
	if form.Get("seconds") == "" {
		form.Del("seconds") // the button for no end
	}
	seconds, err := whole(form, "seconds", 24*3600)
	if err != nil {
		return err
	}
	if fault.Side == "delivery" {
		fault.Provider, fault.Event = form.Get("provider"), form.Get("event")
		if !slices.Contains([]string{"", "stripe", "clerk"}, fault.Provider) {
			return fmt.Errorf("provider: %q is neither stripe nor clerk", fault.Provider)
		}
		fault.Name = nameOfLoss(fault)
	}
	fault.Times = count
	if seconds > 0 {
		fault.Until = time.Now().Add(time.Duration(seconds) * time.Second).Round(0).UTC()
	}
	s.AddFault(fault)
	return nil
}

// nameOfLoss names a fault of deliveries after what it strikes.
func nameOfLoss(fault Fault) string {
	name := map[string]string{"": fault.Name, "stripe": "Stripe: " + fault.Name, "clerk": "Clerk: " + fault.Name}[fault.Provider]
	if fault.Event != "" {
		name += " (" + fault.Event + ")"
	}
	return name
}

// whole reads a whole number between 1 and most; 0 if the form lacks the field.
func whole(form url.Values, name string, most int) (int, error) {
	if !form.Has(name) {
		return 0, nil
	}
	text := form.Get(name)
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > most {
		return 0, fmt.Errorf("%s: %q is not a whole number between 1 and %d", name, text, most)
	}
	return number, nil
}

// applyDeliveries changes the fields of the policy that the form has: drop,
// duplicate and shuffle in percent, delay in seconds, and hold (yes or no).
func (s *Simulator) applyDeliveries(form url.Values) error {
	var problems []error
	number := func(name string, most float64, into func(*DeliveryPolicy, float64)) func(*DeliveryPolicy) {
		if !form.Has(name) {
			return func(*DeliveryPolicy) {}
		}
		value, err := strconv.ParseFloat(form.Get(name), 64)
		if err != nil || math.IsNaN(value) || value < 0 || value > most {
			problems = append(problems, fmt.Errorf("%s: %q is not a number between 0 and %v", name, form.Get(name), most))
		}
		return func(p *DeliveryPolicy) { into(p, value) }
	}
	changes := []func(*DeliveryPolicy){
		number("drop", 100, func(p *DeliveryPolicy, v float64) { p.Drop = v / 100 }),
		number("duplicate", 100, func(p *DeliveryPolicy, v float64) { p.Duplicate = v / 100 }),
		number("shuffle", 100, func(p *DeliveryPolicy, v float64) { p.Shuffle = v / 100 }),
		number("delay", 3600, func(p *DeliveryPolicy, v float64) { p.MaxDelay = time.Duration(v * float64(time.Second)) }),
	}
	switch hold := form.Get("hold"); hold {
	case "":
	case "yes", "no":
		changes = append(changes, func(p *DeliveryPolicy) { p.Hold = hold == "yes" })
	default:
		problems = append(problems, fmt.Errorf("hold: %q is neither yes nor no", hold))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	s.changeDelivery(func(p *DeliveryPolicy) {
		for _, change := range changes {
			change(p)
		}
	})
	return nil
}

func (s *Simulator) changeDelivery(change func(*DeliveryPolicy)) {
	s.world.Change(func() {
		policy := s.outbox.Policy()
		change(&policy)
		s.outbox.SetPolicy(policy)
	})
}

// applyEnd ends one fault (its id), the delivery policy, or everything.
func (s *Simulator) applyEnd(form url.Values) error {
	switch what := form.Get("what"); what {
	case "all":
		s.ClearFaults()
		s.SetDelivery(DeliveryPolicy{})
	case "deliveries":
		s.SetDelivery(DeliveryPolicy{})
	default:
		id, err := strconv.Atoi(what)
		if err != nil {
			return fmt.Errorf("what: %q is neither all, deliveries, nor the number of a fault", what)
		}
		s.faults.Remove(id) // it may have ended since the page was shown
	}
	return nil
}

// postOpenPortal opens the billing portal of a customer, which leads back here.
func (s *Simulator) postOpenPortal(w http.ResponseWriter, r *http.Request) {
	to, err := s.stripe.OpenPortal(r.PostFormValue("customer"), s.config.StripeURL+objectsPath)
	if err != nil {
		s.refuse(w, r, "The portal cannot be opened: "+err.Error())
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// advanceOf reads the clock's form: seconds, or amount and unit.
func advanceOf(form url.Values) (seconds float64, err error) {
	if !form.Has("amount") {
		return strconv.ParseFloat(form.Get("seconds"), 64)
	}
	unit, known := map[string]float64{"minutes": 60, "hours": 3600, "days": 86400}[form.Get("unit")]
	if !known {
		return 0, fmt.Errorf("unit: %q is not minutes, hours or days", form.Get("unit"))
	}
	amount, err := strconv.ParseFloat(form.Get("amount"), 64)
	return amount * unit, err
}
