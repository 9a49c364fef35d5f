package ingest

// Outcomes returns how a delivery can end: stored, a duplicate of a stored one, not stored and answered
// 503, given up by its sender, refused with a code, or sent to a server without a signing secret.
func Outcomes() []string {
	return []string{"stored", "duplicate", "not_stored", "sender_left", "signature_invalid", "not_an_event",
		"body_too_large", "body_too_slow", "body_unreadable",
		"not_configured"}
}

// outcomeOf is the outcome of a delivery that the database has.
func outcomeOf(stored bool) string {
	if stored {
		return "stored"
	}
	return "duplicate"
}

func (e *Endpoint) count(outcome string) {
	if e.Counted != nil {
		e.Counted(outcome)
	}
}
