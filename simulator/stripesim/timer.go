package stripesim

// The kinds of timers. Each names the object that something happens to.
const (
	timerPeriod     = "subscription.period"
	timerCancel     = "subscription.cancel_at"
	timerTrialEnds  = "subscription.trial_will_end"
	timerIncomplete = "subscription.incomplete"
	timerFinalize   = "invoice.finalize"
	timerRetry      = "invoice.retry"
	timerOverdue    = "invoice.overdue"
	timerUpcoming   = "invoice.upcoming"
	timerUnpause    = "subscription.unpause"
	timerPhase      = "subscription_schedule.phase"
	timerExpiring   = "subscription_schedule.expiring"
	timerResume     = "subscription.resumption"
	timerPending    = "subscription.pending_update"
	timerSettle     = "payment_intent.settle"
	timerSession    = "checkout.session.expire"
	timerRefund     = "refund.settle"

	timerAuthorization = "payment_intent.authorization"
	timerDiscount      = "discount.end"
	timerClockDue      = "test_clock.due"
	timerClockRuns     = "test_clock.run"
	timerClockReady    = "test_clock.ready"
	timerClockExpire   = "test_clock.expire"
)
