package verify

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/drift"
)

// The causes of the differences of one account. Evidence decides, in this order:
//
//	pending        the account's key is due: a stored event or a mark has not been processed
//	failed write   the last run failed and retries, or a provider refused the step
//	restored       the directory holds what we wrote, and our record does not know it
//	unlinked       a customer names the account and has no link
//	manual edit    the metadata differs from what we last wrote, and the directory changed since
//	price changed  the item has the same price, and the price another name
//	missed event   Stripe's list has an event that we never stored; or only the directory, which keeps
//	               no list, has the change
//
// What only follows from other differences (metadata that repeats the record, a customer's address) has
// their cause.
type causes struct {
	Result
	now    time.Time
	works  []lockstep.Work // of the account's key, as read before and after the comparison
	missed func(ctx context.Context, about []string) (lockstep.Hint, bool, error)
	names  []string // our keys in the metadata
}

// wait is from when on a pending key only waits for a time, such as the end of a trial.
const wait = time.Minute

// Due reports whether a key has work that is not only scheduled.
func Due(w lockstep.Work, now time.Time) bool {
	return w.Pending() && (w.Disposition == lockstep.Retry || !w.RunAt.After(now.Add(wait)))
}

// find sets the causes.
func (c *causes) find(ctx context.Context) error {
	if open, detail := c.open(); open != "" {
		for i := range c.differences {
			c.differences[i].Cause, c.differences[i].Detail = open, detail
		}
		return nil
	}
	for i := range c.differences {
		d := &c.differences[i]
		if d.Cause != "" {
			continue
		}
		var err error
		if d.Cause, d.Detail, err = c.of(ctx, *d); err != nil {
			return err
		}
	}
	for i := range c.differences {
		if c.differences[i].Cause == "" {
			c.follow(&c.differences[i])
		}
	}
	return nil
}

// open returns the cause of everything while the account's work is open; empty: it is not.
func (c *causes) open() (lockstep.DriftCause, string) {
	for _, w := range c.works {
		switch {
		case Due(w, c.now) && w.Disposition == lockstep.Retry && w.Attempts > 0:
			return lockstep.CauseFailedWrite, fmt.Sprintf("the last run failed and is retried at %s: %s",
				w.RunAt.UTC().Format(time.RFC3339), w.Reason)
		case Due(w, c.now):
			return lockstep.CausePending, "the next run is due"
		case w.Disposition == lockstep.Failed && len(c.record.Problems) == 0:
			return lockstep.CauseFailedWrite, w.Reason
		}
	}
	return "", ""
}

// of returns the cause of a difference; empty if it only follows from others.
func (c *causes) of(ctx context.Context, d lockstep.Difference) (lockstep.DriftCause, string, error) {
	for _, p := range c.record.Problems {
		if stepPlaces[p.Step] == d.Where {
			return lockstep.CauseFailedWrite, string(p.Step) + ": " + p.Reason, nil
		}
	}
	switch d.Where {
	case lockstep.DriftIdentity:
		cause, detail := c.ofMetadata(d)
		return cause, detail, nil
	case lockstep.DriftStripe:
		return "", "", nil
	case lockstep.DriftDatabase, lockstep.DriftLink:
	}
	if why := c.restored(); why != "" {
		return lockstep.CauseRestored, why, nil
	}
	if cause, detail := c.ofRecord(d); cause != "" {
		return cause, detail, nil
	}
	return c.ofStripe(ctx, d)
}

// restored says why the database seems to be older than what the directory holds; empty: it does not.
func (c *causes) restored() string {
	if c.identity == nil {
		return ""
	}
	if !c.stored {
		for _, name := range c.names {
			if _, has := c.identity.Metadata[name]; has && name != "" {
				return "the directory has metadata that we wrote for an account that we do not know"
			}
		}
		return ""
	}
	older := false
	for _, d := range c.differences {
		metadata := strings.HasPrefix(d.Field, "metadata.")
		if metadata && d.Where == lockstep.DriftIdentity {
			return ""
		}
		older = older || metadata && d.Where == lockstep.DriftDatabase
	}
	if older {
		return "the directory has what we wrote later than our record"
	}
	return ""
}

// ofMetadata returns the cause of a difference in the metadata.
func (c *causes) ofMetadata(d lockstep.Difference) (lockstep.DriftCause, string) {
	switch {
	case !strings.HasPrefix(d.Field, "metadata."), d.Theirs == d.Ours, !c.stored:
		return "", "" // it follows from our record
	case c.identity.UpdatedAt != 0 && c.identity.UpdatedAt <= c.record.IdentityUpdatedAt:
		return lockstep.CauseFailedWrite, "the directory accepted our last write and does not have it"
	}
	return lockstep.CauseManualEdit, "the directory was changed at " + moment(c.identity.UpdatedAt)
}

func moment(ms int64) string {
	if ms == 0 {
		return "an unknown time"
	}
	return time.UnixMilli(ms).UTC().Format(time.RFC3339)
}

// directoryFields are the fields of a record that the directory says.
var directoryFields = []string{"account", "state", "email", "email_verified", "name", "members", "member_limit",
	"departed"}

// ofRecord returns the cause of a difference in our record if that needs no further evidence.
func (c *causes) ofRecord(d lockstep.Difference) (lockstep.DriftCause, string) {
	if slices.Contains(directoryFields, d.Field) {
		return lockstep.CauseMissedEvent, "the directory has it, and no event told us; it keeps no list of events"
	}
	if cause, detail := c.ofCustomer(d); cause != "" {
		return cause, detail
	}
	item, is := drift.PriceName(d.Field)
	if !is {
		return "", ""
	}
	moved := func(o lockstep.Difference) bool { return o.Field == item+".price_id" }
	if slices.ContainsFunc(c.differences, moved) {
		return "", ""
	}
	return lockstep.CausePrice, "the price is the same and has another name at Stripe"
}

// ofCustomer returns the cause of what belongs to a customer without a link: the link, and its purchases.
func (c *causes) ofCustomer(d lockstep.Difference) (lockstep.DriftCause, string) {
	if d.Ours != "" {
		return "", ""
	}
	isNew := func(id string) bool {
		return !slices.ContainsFunc(c.record.Customers(), func(l lockstep.Link) bool { return l.CustomerID == id })
	}
	for _, l := range c.after.Customers() {
		if !isNew(l.CustomerID) || l.CustomerID == newCustomer {
			continue
		}
		if d.Where == lockstep.DriftLink && strings.Contains(d.Field+" "+d.Theirs, l.CustomerID) {
			return lockstep.CauseUnlinked, c.named(l.CustomerID)
		}
		for _, s := range c.after.Subscriptions {
			if s.CustomerID == l.CustomerID && d.Field == "subscriptions["+s.ID+"]" {
				return lockstep.CauseUnlinked, "customer " + l.CustomerID + " bought it and has no link"
			}
		}
	}
	return "", ""
}

// named says what names the account of a customer that has no link.
func (c *causes) named(customerID string) string {
	if named, ok := lockstep.AccountNamedIn(c.customers[customerID].Metadata); ok && named == c.account {
		return "customer " + customerID + " names the account at Stripe"
	}
	return "customer " + customerID + " belongs to the account by what names it at Stripe or in the directory"
}

var objectID = regexp.MustCompile(`\b(?:sub|cs|cus|pi)_[A-Za-z0-9_]+`)

// ofStripe looks for an event that we never stored.
func (c *causes) ofStripe(ctx context.Context, d lockstep.Difference) (lockstep.DriftCause, string, error) {
	event, found, err := c.missed(ctx, objectID.FindAllString(d.Field+" "+d.Theirs, -1))
	switch {
	case err != nil:
		return "", "", err
	case found:
		return lockstep.CauseMissedEvent, fmt.Sprintf("%s (%s) of %s was not stored", event.Event.ID, event.Event.Type,
			event.Event.OccurredAt.UTC().Format(time.RFC3339)), nil
	case len(c.linked) > 0:
		return lockstep.CauseUnlinked, "it is a purchase of a customer without a link", nil
	}
	return lockstep.CauseUnknown, "", nil
}

// follow gives a difference the cause of those that it follows from.
func (c *causes) follow(d *lockstep.Difference) {
	seats := d.Where == lockstep.DriftStripe && strings.HasSuffix(d.Field, ".quantity")
	for _, o := range c.differences {
		if o.Cause == "" || o.Where != lockstep.DriftDatabase && o.Where != lockstep.DriftLink || seats && o.Field != "members" {
			continue
		}
		d.Cause, d.Detail = o.Cause, "it follows from "+o.Field
		return
	}
	d.Cause = lockstep.CauseUnknown
	switch {
	case seats:
		d.Cause, d.Detail = lockstep.CauseManualEdit, "the quantity was changed at Stripe"
	case d.Where == lockstep.DriftIdentity:
		d.Detail = "neither provider changed: the catalog, a setting or the version did"
	}
}
