package account

// The kinds of timers. A timer carries the id of the object it is for.
const (
	TimerPeriod     = "subscription.period"
	TimerCancel     = "subscription.cancel_at"
	TimerTrialEnds  = "subscription.trial_will_end"
	TimerIncomplete = "subscription.incomplete"
	TimerFinalize   = "invoice.finalize"
	TimerRetry      = "invoice.retry"
	TimerOverdue    = "invoice.overdue"
	TimerUpcoming   = "invoice.upcoming"
	TimerUnpause    = "subscription.unpause"
	TimerPhase      = "subscription_schedule.phase"
	TimerExpiring   = "subscription_schedule.expiring"
	TimerResume     = "subscription.resumption"
	TimerPending    = "subscription.pending_update"
	TimerSettle     = "payment_intent.settle"
	TimerSession    = "checkout.session.expire"
	TimerRefund     = "refund.settle"

	TimerAuthorization = "payment_intent.authorization"
	TimerDiscount      = "discount.end"
	TimerClockDue      = "test_clock.due"
	TimerClockRuns     = "test_clock.run"
	TimerClockReady    = "test_clock.ready"
	TimerClockExpire   = "test_clock.expire"
)
