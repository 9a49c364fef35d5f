package api

import (
	"net/http"
	"time"
)

// Clerk's published limits (clerk.com/docs, "Rate limits"). Windows follow
// time.Now, not the billing clock.
const (
	// DevelopmentRate and ProductionRate are requests per window and instance.
	DevelopmentRate = 100
	ProductionRate  = 1000

	writesPerWindow    = 10 // to one user, organization or membership
	windowLength       = 10 * time.Second
	invitationsPerHour = 250
	bulkInvitesPerHour = 50
	invitationsWindow  = time.Hour

	unlimitedOperation  = http.MethodGet + " /v1/jwks"
	inviteOperation     = http.MethodPost + " /v1/organizations/{}/invitations"
	bulkInviteOperation = http.MethodPost + " /v1/organizations/{}/invitations/bulk"

	// maxWindows is how many windows may exist before sweep looks for old ones.
	maxWindows = 10_000
)

// Limits counts requests against Clerk's rate limits. It is not safe for
// concurrent use.
type Limits struct {
	instanceRate int
	windows      map[string]*window
}

// NewLimits returns limits with nothing counted. instanceRate is how many
// requests one instance may make per window; 0 turns that limit off. The limits
// per object and operation always apply.
func NewLimits(instanceRate int) *Limits {
	return &Limits{instanceRate: instanceRate, windows: map[string]*window{}}
}

// window counts requests since it started.
type window struct {
	start  time.Time
	length time.Duration
	count  int
}

// admit counts a request, or refuses it with 429 and a Retry-After that says
// when the window ends. A refused request counts for nothing. writes is the kind
// of object that the operation updates, "" if it updates none.
func (l *Limits) admit(instance, operation, writes string, path []string) *Error {
	if l.instanceRate > 0 && operation != unlimitedOperation {
		if failure := l.within(instance, l.instanceRate, windowLength); failure != nil {
			return failure
		}
	}
	switch operation {
	case inviteOperation:
		return l.within(operation, invitationsPerHour, invitationsWindow)
	case bulkInviteOperation:
		return l.within(operation, bulkInvitesPerHour, invitationsWindow)
	}
	if writes != "" {
		subject := writes
		for _, id := range path {
			subject += "/" + id
		}
		return l.within(subject, writesPerWindow, windowLength)
	}
	return nil
}

func (l *Limits) within(subject string, limit int, length time.Duration) *Error {
	now := time.Now()
	w := l.windows[subject]
	if w == nil || now.Sub(w.start) >= w.length {
		l.sweep(now)
		w = &window{start: now, length: length}
		l.windows[subject] = w
	}
	if w.count >= limit {
		left := w.length - now.Sub(w.start)
		return &Error{Status: http.StatusTooManyRequests, Code: "too_many_requests",
			Message: "Too many requests. Please try again in a bit.",
			Long:    "Too many requests. Please try again in a bit.", RetryAfter: int((left + time.Second - 1) / time.Second)}
	}
	w.count++
	return nil
}

// sweep forgets windows that have ended, once there are many.
func (l *Limits) sweep(now time.Time) {
	if len(l.windows) < maxWindows {
		return
	}
	for subject, w := range l.windows {
		if now.Sub(w.start) >= w.length {
			delete(l.windows, subject)
		}
	}
}
