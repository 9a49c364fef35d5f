package clerksim

import (
	"net/http"
	"time"
)

// Clerk's published limits (clerk.com/docs, "Rate limits"). The time is
// time.Now's, not the billing clock's.
const (
	developmentRate = 100 // requests per window, for the whole instance
	productionRate  = 1000

	writesPerWindow     = 10 // to one user, organization or membership
	windowLength        = 10 * time.Second
	invitationsPerHour  = 250
	bulkInvitesPerHour  = 50
	windowsBeforeSweep  = 10_000
	invitationsWindow   = time.Hour
	unlimitedOperation  = http.MethodGet + " /v1/jwks"
	inviteOperation     = http.MethodPost + " /v1/organizations/{}/invitations"
	bulkInviteOperation = http.MethodPost + " /v1/organizations/{}/invitations/bulk"
)

// window counts what happens in a stretch of time.
type window struct {
	began  time.Time
	length time.Duration
	count  int
}

// admit applies the limits of a request: those of the instance when the
// configuration has them, and those of the operation always. A refused request
// counts for nothing, and what is refused stays refused until its window ends,
// which is what Retry-After says.
func (c *Clerk) admit(operation *route, path []string) *Error {
	name := operation.name()
	if c.config.RateLimited && name != unlimitedOperation {
		rate := developmentRate
		if c.config.Instance.ProductionRate {
			rate = productionRate
		}
		if failure := c.within(c.state.Instance, rate, windowLength); failure != nil {
			return failure
		}
	}
	switch name {
	case inviteOperation:
		return c.within(name, invitationsPerHour, invitationsWindow)
	case bulkInviteOperation:
		return c.within(name, bulkInvitesPerHour, invitationsWindow)
	}
	if operation.writes != "" {
		subject := operation.writes
		for _, id := range path {
			subject += "/" + id
		}
		return c.within(subject, writesPerWindow, windowLength)
	}
	return nil
}

func (c *Clerk) within(subject string, limit int, length time.Duration) *Error {
	now := time.Now()
	w := c.limits[subject]
	if w == nil || now.Sub(w.began) >= w.length {
		c.sweep(now)
		w = &window{began: now, length: length}
		c.limits[subject] = w
	}
	if w.count >= limit {
		left := w.length - now.Sub(w.began)
		return &Error{Status: http.StatusTooManyRequests, Code: "too_many_requests",
			Message: "Too many requests. Please try again in a bit.",
			Long:    "Too many requests. Please try again in a bit.", RetryAfter: int((left + time.Second - 1) / time.Second)}
	}
	w.count++
	return nil
}

// sweep forgets windows that have passed, once there are many.
func (c *Clerk) sweep(now time.Time) {
	if len(c.limits) < windowsBeforeSweep {
		return
	}
	for subject, w := range c.limits {
		if now.Sub(w.began) >= w.length {
			delete(c.limits, subject)
		}
	}
}
