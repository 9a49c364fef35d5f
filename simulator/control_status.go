package simulator

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// statusView is what is out of the ordinary now, for the top of the pages.
type statusView struct {
	Active  []activeRow
	Pending int
	Back    string // the page to return to
}

// activeRow is one fault, or the delivery policy, with its end.
type activeRow struct {
	Text  string
	Ends  time.Time // zero: when somebody ends it
	Fault int       // 0: the delivery policy
}

// status lists what is active. back is the path of the page that shows it.
func (s *Simulator) status(back string) statusView {
	view := statusView{Back: back}
	for _, fault := range s.faults.Active() {
		view.Active = append(view.Active, activeRow{Text: describe(fault), Ends: fault.Until, Fault: fault.ID})
	}
	var policy DeliveryPolicy
	s.world.View(func() { policy, view.Pending = s.outbox.Policy(), s.outbox.Pending() })
	for _, text := range deliveryWords(policy) {
		view.Active = append(view.Active, activeRow{Text: text})
	}
	return view
}

// describe says in words what a fault does and how often it still strikes.
func describe(fault Fault) string {
	text := cmp.Or(fault.Name, effect(fault))
	if fault.Times > 0 {
		left := fault.Times - fault.Struck
		if left == 1 {
			return text + ": 1 more time"
		}
		return fmt.Sprintf("%s: %d more times", text, left)
	}
	return text
}

// effect describes a fault without a name.
func effect(fault Fault) string {
	who := map[string]string{"": "Stripe and Clerk", "stripe": "Stripe", "clerk": "Clerk", "delivery": "Webhooks"}[fault.Side]
	call := strings.TrimSpace(fault.Method + " " + fault.Path)
	if call == "" {
		call = "every call"
	}
	var does string
	switch {
	case fault.Lose:
		does = "lost"
	case fault.Status != 0:
		does = fmt.Sprintf("answer %d", fault.Status)
	case fault.CutAfter != 0:
		does = "the connection is cut"
	case fault.Hang > 0:
		does = fmt.Sprintf("hang for %s", fault.Hang)
	default:
		does = "no answer"
	}
	if fault.After {
		does += ", after it took effect"
	}
	return fmt.Sprintf("%s, %s: %s", cmp.Or(who, fault.Side), call, does)
}

// deliveryWords says in words what a policy does to webhooks.
func deliveryWords(p DeliveryPolicy) []string {
	var words []string
	percent := func(share float64, text string) {
		if share > 0 {
			words = append(words, fmt.Sprintf(text, fmt.Sprintf("%.4g %%", 100*share)))
		}
	}
	if p.Hold {
		words = append(words, "Webhooks are held back")
	}
	percent(p.Drop, "%s of the webhooks are lost")
	percent(p.Duplicate, "%s of the webhooks are delivered twice")
	percent(p.Twin, "%s of Stripe's events come twice, with different ids")
	percent(p.Shuffle, "%s of the webhooks are shuffled")
	if p.MaxDelay > 0 {
		words = append(words, fmt.Sprintf("Webhooks are delayed by up to %s", p.MaxDelay))
	}
	if p.Order != "" {
		words = append(words, "Webhooks come in the recorded order "+p.Order)
	}
	if p.Unordered {
		words = append(words, "Webhooks may overtake each other")
	}
	return words
}
