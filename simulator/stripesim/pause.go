package stripesim

import "time"

// pause stops a subscription whose trial ended without a payment method.
func (s *Stripe) pause(sub *Subscription) {
	before := s.showSubscription(sub)
	sub.Status = "paused"
	after := s.showSubscription(sub)
	s.emit("customer.subscription.paused", after, nil)
	s.emitUpdate("customer.subscription.updated", before, after)
	s.refreshEntitlements(sub.Customer)
}

// readPauseCollection reads pause_collection: a hash pauses, an empty value ends it.
func (s *Stripe) readPauseCollection(p params, sub *Subscription) {
	if !p.has("pause_collection") {
		return
	}
	sent := p.sub("pause_collection").only("behavior", "resumes_at")
	if !p.hash("pause_collection") {
		sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{}
		return
	}
	sent.required("behavior")
	sub.PauseBehavior = sent.enum("behavior", "", "keep_as_draft", "mark_uncollectible", "void")
	sub.PauseResumesAt = sent.time("resumes_at")
	if !sub.PauseResumesAt.IsZero() && !sub.PauseResumesAt.After(s.now()) {
		p.fail(invalid(sent.name("resumes_at"), "The `resumes_at` timestamp must be in the future."))
	}
}

// unpauseComes ends pause_collection at its resumes_at. Drafts that were kept
// stay drafts, as at Stripe.
func (s *Stripe) unpauseComes(id string) {
	sub := s.state.Subscriptions.Get(id)
	if sub.live() && sub.PauseBehavior != "" && !sub.PauseResumesAt.IsZero() && !sub.PauseResumesAt.After(s.now()) {
		s.changeSubscription(sub, func() { sub.PauseBehavior, sub.PauseResumesAt = "", time.Time{} })
	}
}
