package pages

import (
	"net/url"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/stripesim/api"
	"github.com/lockstep-dev/lockstep/simulator/stripesim/state"
)

// cancelView is the data of the page that confirms a cancellation.
type cancelView struct {
	portalFrame
	Plan    planView
	Now     bool // at once instead of at the period's end
	Text    string
	Reasons []reasonView
	Comment string
}

type reasonView struct {
	Value, Text string
	Chosen      bool
}

// reasonTexts are the cancellation reasons as the page shows them.
var reasonTexts = map[string]string{
	"customer_service": "Customer service was less than expected", "low_quality": "Quality was less than expected",
	"missing_features": "I need more features", "other": "Other reason", "switched_service": "I found an alternative",
	"too_complex": "It is too hard to use", "too_expensive": "It is too expensive", "unused": "I no longer need it"}

var cancelStep = portalStep{
	title: "Cancel your plan",
	flows: []string{"subscription_cancel"},
	template: parsePortal(`<section class="card">
<h1>Cancel your plan</h1>
<ul class="rows">{{range .Plan.Items}}<li><strong>{{.Name}}</strong><span>{{.Price}}</span></li>{{end}}</ul>
<p id="effect">{{.Text}}</p>
<form method="post">
{{if .Reasons}}<fieldset class="choice"><legend>Why are you canceling?</legend>
{{range .Reasons}}<label><input type="radio" name="feedback" value="{{.Value}}"{{if .Chosen}} checked{{end}}> {{.Text}}</label>{{end}}
</fieldset>
<label for="comment">Anything else? <span class="soft">Optional</span></label>
<textarea id="comment" name="comment" rows="2" maxlength="500">{{.Comment}}</textarea>{{end}}
<div class="actions stack">
<button class="danger" name="action" value="{{if .Now}}cancel_now{{else}}cancel_at_period_end{{end}}">Cancel plan</button>
{{if .Home}}<a class="button quiet" href="{{.Home}}">Keep my plan</a>{{else if .Return}}<a class="button quiet" href="{{.Return}}">Keep my plan</a>{{end}}
</div>
</form></section>`),
	offered: func(s *Pages, v *visit) bool { return s.portalCanCancel(v.configuration, v.sub) },
	view: func(s *Pages, v *visit) any {
		features := v.configuration.Features.Cancel
		view := cancelView{portalFrame: s.portalFrame(v, "Cancel your plan"), Plan: s.viewPlan(v, v.sub),
			Now:     features.Mode == "immediately",
			Text:    "You can use it until " + day(v.sub.PeriodEnd()) + ". Until then you can change your mind.",
			Comment: v.PostFormValue("comment")}
		if view.Now {
			view.Text = "It ends at once. This cannot be undone."
		}
		if features.ReasonEnabled {
			for _, reason := range features.Reasons {
				view.Reasons = append(view.Reasons, reasonView{Value: reason, Text: reasonTexts[reason],
					Chosen: v.PostFormValue("feedback") == reason})
			}
		}
		return view
	},
	act: (*Pages).cancelInPortal,
}

// portalCanCancel reports whether the portal offers to cancel a subscription: a
// live one without a scheduled end or a schedule.
func (s *Pages) portalCanCancel(configuration *state.PortalConfiguration, sub *state.Subscription) bool {
	return configuration.Features.Cancel.Enabled && sub.Live() && sub.CancelAt.IsZero() && sub.Schedule == ""
}

func (s *Pages) cancelInPortal(v *visit) (string, error) {
	features := v.configuration.Features.Cancel
	feedback, comment := "", ""
	if features.ReasonEnabled {
		feedback, comment = v.PostFormValue("feedback"), v.PostFormValue("comment")
	}
	if feedback != "" && !slices.Contains(features.Reasons, feedback) {
		return "", api.Invalid("feedback", "Choose one of the listed reasons.")
	}
	if features.Mode == "at_period_end" {
		s.Billing.ChangeSubscription(v.sub, func() {
			v.sub.CancelFeedback, v.sub.CancelComment = feedback, comment
			s.Billing.ScheduleCancel(v.sub, false, v.sub.PeriodEnd())
		})
		return s.finish(v, "canceled"), nil
	}
	form := url.Values{"cancellation_details[feedback]": {feedback}, "cancellation_details[comment]": {comment}}
	if features.Proration == "create_prorations" {
		form.Set("prorate", "true")
	}
	if _, err := s.Perform("DELETE", "/v1/subscriptions/"+v.sub.ID, form); err != nil {
		return "", err
	}
	return s.finish(v, "canceled"), nil
}
