package explain

import (
	"slices"

	"github.com/lockstep-dev/lockstep"
)

// ofIdentity says what is unusual about the account itself.
func (r *reading) ofIdentity() (all []Cause) {
	account := r.account.String()
	switch r.record.Deletion {
	case lockstep.DeletionHeld:
		all = append(all, Cause{Code: DeletionHeld, Fault: true, Object: account, Since: orNil(r.record.DeletionAt),
			Text: "the directory deleted the account at " + r.moment(r.record.DeletionAt) +
				", and the brake on bulk deletions holds that. Billing and access continue until an operator decides: approve it, or discard it with lockstep deletions discard " + account + ".",
			Command: "lockstep deletions approve " + account})
	case lockstep.DeletionDiscarded:
		all = append(all, Cause{Code: DeletionDropped, Object: account, Since: orNil(r.record.DeletionAt),
			Text: "the directory deleted the account, but an operator discarded the deletion at " + r.moment(r.record.DeletionAt) +
				", so billing and access continue.", Command: "lockstep deletions approve " + account})
	}
	if since := r.record.MissingSince; !since.IsZero() && r.record.State != lockstep.AccountDeleted {
		all = append(all, Cause{Code: MissingIdentity, Fault: true, Object: account, Since: orNil(since),
			Command: r.retryCommand(),
			Text:    "the directory's list lacks the account since " + r.moment(since) + ". Lockstep confirms that before it deletes anything."})
	}
	if former := r.record.Candidate; former != "" {
		former = string(r.account.Kind) + "/" + former
		all = append(all, Cause{Code: FormerAccount, Fault: true, Object: former,
			Command: "lockstep link " + former + " " + account,
			Text:    former + " of a former Clerk instance has the same verified address, and its purchases are not here. Link it if it is the same person."})
	}
	return all
}

// ofLinks says what is unusual about the customers.
func (r *reading) ofLinks() (all []Cause) {
	if r.record.CustomerDeleted && r.record.State != lockstep.AccountDeleted {
		all = append(all, Cause{Code: CustomerDeleted, Fault: true, Object: r.record.CustomerID, Command: r.retryCommand(),
			Text: r.record.CustomerID + ", the primary customer, is deleted at Stripe, which ended its subscriptions. The next purchase creates another customer."})
	}
	for _, l := range r.record.Further {
		if l.Trust != lockstep.Claimed || l.Deleted {
			continue
		}
		all = append(all, Cause{Code: Claimed, Object: l.CustomerID,
			Text:    l.CustomerID + " is linked only by a client_reference_id, which anyone can write. Its purchases give access and nothing else: no portal, no metadata. Confirm the link if it is theirs.",
			Command: "lockstep link " + l.CustomerID + " " + r.account.String()})
	}
	if ids := r.unlinked(); len(ids) > 0 {
		all = append(all, Cause{Code: UnlinkedPayments, Object: ids[0], Command: "lockstep explain " + ids[0],
			Text: "customers without an account had events lately: " + some(ids,
				5) + ". If the buyer paid, it may be one of these."})
	}
	return all
}

// unlinked returns the customers of parked events, the newest first.
func (r *reading) unlinked() (ids []string) {
	if r.record.State == lockstep.AccountDeleted {
		return nil
	}
	for _, e := range r.parked {
		if e.Key.Kind == lockstep.KeyCustomer && !slices.Contains(ids, e.Key.ID) {
			ids = append(ids, e.Key.ID)
		}
	}
	return ids
}

// ofPurchases says why there is no access, or what endangers it, and whether seats are short.
func (r *reading) ofPurchases() (all []Cause) {
	if r.account.IsZero() {
		return nil
	}
	if !r.access.Active {
		all = append(all, r.deniedBy())
		if len(r.access.Reasons) == 0 || r.record.State == lockstep.AccountDeleted {
			return all
		}
	}
	for i, reason := range r.access.Reasons {
		switch {
		case reason.Grants && reason.Status == "past_due":
			all = append(all, r.inGrace(reason))
		case !reason.Grants && (r.access.Active || i > 0) && len(all) < mostPurchases:
			all = append(all, r.deniedFor(reason))
		}
	}
	return append(all, r.ofSeats()...)
}

// inGrace: a payment failed, and access continues for now.
func (r *reading) inGrace(reason lockstep.Reason) Cause {
	text := reason.ID + " is past due: a payment failed, and Stripe tries again. Access continues "
	if reason.GraceUntil.IsZero() {
		text += "as long as Stripe tries."
	} else {
		text += "until the grace ends at " + r.moment(reason.GraceUntil) + "."
	}
	return Cause{Code: InGrace, Object: reason.ID, Text: text}
}

// ofSeats: an organization with more members than paid seats, or without room for more.
func (r *reading) ofSeats() []Cause {
	members, seats, limit := r.record.Members, r.access.Seats, r.record.MemberLimit
	c := Cause{Code: SeatsFull, Object: r.account.String()}
	switch {
	case r.account.Kind != lockstep.Organization || members == 0:
		return nil
	case limit > 0 && members >= limit:
		c.Text = "the organization has " + count(members, "member") + ", and Clerk lets it have " + count(limit, "member") +
			". To add more, buy more seats."
	case seats > 0 && members > seats:
		c.Text = "the organization has " + count(members, "member") + " but pays for " + count(seats, "seat") + "."
	default:
		return nil
	}
	return []Cause{c}
}
