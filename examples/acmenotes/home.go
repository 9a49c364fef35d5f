package acmenotes

import (
	"time"

	"github.com/lockstep-dev/lockstep"
)

// homePage is the content of the home page.
type homePage struct {
	Config
	SignUp, SignIn, Profile string // addresses of Clerk's pages
	UserID                  string // empty: not signed in
	User                    user
	TokenPlan               string // the plan in the session token
	Claims                  string
	Account                 *account // nil: Lockstep cannot answer
	Waiting                 bool     // it can in a moment
	Problem                 string
}

// Plan returns the plan that Lockstep knows, else the one in the session token. Empty: free.
func (p homePage) Plan() string {
	if p.Account != nil {
		return p.Account.Access.Plan
	}
	return p.TokenPlan
}

// Outdated reports whether the session token has another plan than Lockstep. Lockstep writes the plan to
// Clerk within seconds, and Clerk puts it into the next token.
func (p homePage) Outdated() bool { return p.Account != nil && p.Account.Access.Plan != p.TokenPlan }

// Updating reports whether the page will show something else in a moment.
func (p homePage) Updating() bool { return p.Waiting || p.Outdated() && p.Account.Pending }

// Buyable reports whether to show the offers.
func (p homePage) Buyable() bool {
	return p.Account != nil && !p.Account.Access.Active && p.Standing().Status != paymentFailed
}

// standing is how a user's plan stands, in words.
type standing struct {
	Status string // "Active"
	Tone   string // good, warn, bad or empty
	Words  string // "Renews on"
	Day    *time.Time
}

const paymentFailed = "Payment failed"

// Standing describes the access.
func (p homePage) Standing() standing {
	if p.Account == nil {
		return standing{}
	}
	access := p.Account.Access
	switch {
	case len(access.Reasons) == 0:
		return standing{Words: "You have not bought anything yet."}
	case access.Active:
		return active(access)
	}
	return inactive(access)
}

func active(access lockstep.Access) standing {
	switch {
	case access.Status == "past_due":
		return standing{Status: paymentFailed, Tone: "bad",
			Words: "Your last payment failed. Choose Manage billing and update your payment method to keep your plan."}
	case access.Until == nil:
		return standing{Status: "Active", Tone: "good", Words: "Yours for life."}
	case access.Status == "trialing" && access.Ending:
		return standing{"Trial", "warn", "Your trial ends on", access.Until}
	case access.Status == "trialing":
		return standing{"Trial", "good", "Your trial ends, and your first payment is due, on", access.Until}
	case access.Ending:
		return standing{"Ending", "warn", "Ends on", access.Until}
	case access.Status == "licensed":
		return standing{"Active", "good", "Ends on", access.Until}
	}
	return standing{"Active", "good", "Renews on", access.Until}
}

// inactive describes access that has ended or not started. The first reason is the latest purchase.
func inactive(access lockstep.Access) standing {
	last := access.Reasons[0]
	switch last.Status {
	case "past_due", "unpaid":
		return standing{Status: paymentFailed, Tone: "bad",
			Words: "Your payment failed, and your plan has stopped. Choose Manage billing to pay and get it back."}
	case "incomplete", string(lockstep.LicensePending):
		return standing{Status: "Processing", Tone: "warn", Words: "Your payment is not confirmed yet."}
	case "paused":
		return standing{Status: "Paused", Tone: "warn", Words: "Your subscription is paused."}
	case string(lockstep.LicenseRefunded):
		return standing{Status: "Refunded", Words: "Your payment was refunded."}
	case "incomplete_expired", string(lockstep.LicenseFailed):
		return standing{Status: "Not paid", Words: "Your payment did not go through. You were not charged."}
	}
	if last.Until == nil {
		return standing{Status: "Ended", Words: "Your plan has ended."}
	}
	return standing{"Ended", "", "Ended on", last.Until}
}
