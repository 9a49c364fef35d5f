package listing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// counted is how many rows a count looks at: one more than it says.
const counted = int64(lockstep.MostCounted + 1)

// lookParked is the most open events that a look for payments reads.
const lookParked = 2000

// firstOf is how many accounts of a concern an overview has.
const firstOf = 5

// buyers are the kinds of keys that stand for someone who may have paid, and whom nobody knows yet, in the order of
// keys. They are counted apart from the keys in between, so that many of a kind do not hide the others.
var buyers = []lockstep.KeyKind{lockstep.KeyCheckout, lockstep.KeyCustomer, lockstep.KeyObject, lockstep.KeyPayment}

// bounds returns texts before and after all keys of a kind.
func bounds(kind lockstep.KeyKind) (from, below string) {
	return string(kind) + "/", string(kind) + "0"
}

// Attention implements [lockstep.AccountSearch].
func (l *Lists) Attention(ctx context.Context, paying []string) (all lockstep.Attention, err error) {
	err = l.View(ctx, func(v sqlstore.View) error {
		all = lockstep.Attention{Concerns: map[lockstep.Concern]lockstep.ConcernTally{}}
		if err := v.Send(ctx, tallies(&all)...); err != nil {
			return err
		}
		if err := concerns(ctx, v, &all); err != nil || all.Parked.Count == 0 {
			return err
		}
		return l.paid(ctx, v, &all, paying)
	})
	if err != nil {
		return lockstep.Attention{}, fmt.Errorf("count what needs a person: %w", err)
	}
	return all, nil
}

// tallies returns the queries of the counts.
func tallies(all *lockstep.Attention) []*sqlrun.Query {
	queries := []*sqlrun.Query{
		tallyQuery(&all.Unclassified, UnclassifiedTally, counted),
		tallyQuery(&all.Problems, ProblemTally, counted),
		tallyQuery(&all.Held, HeldTally, counted),
	}
	others := func(looked, _, failed int64) { add(&all.Failed, looked, failed) }
	after := ""
	for _, kind := range buyers {
		from, below := bounds(kind)
		queries = append(queries, endedQuery(after, from, others),
			endedQuery(from, below, func(looked, parked, failed int64) {
				add(&all.Parked, looked, parked)
				add(&all.Failed, looked, failed)
			}))
		after = below
	}
	return append(queries, endedQuery(after, "~", others))
}

// tallyQuery is a query of a count and the time of the oldest.
func tallyQuery(into *lockstep.Tally, statement string, args ...any) *sqlrun.Query {
	return &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
		var count, oldest int64
		err := row.Scan(&count, &oldest)
		*into = lockstep.Tally{Count: min(count, lockstep.MostCounted), More: count == counted, Oldest: moment(oldest)}
		return err
	}}
}

// endedQuery is a query about the keys of a range: how many it looked at, and how many of them are parked and failed.
func endedQuery(from, below string, take func(looked, parked, failed int64)) *sqlrun.Query {
	return &sqlrun.Query{SQL: EndedTally, Args: []any{from, below, counted}, Row: func(row sqlrun.Scanner) error {
		var looked, parked, failed int64
		err := row.Scan(&looked, &parked, &failed)
		take(looked, parked, failed)
		return err
	}}
}

// add adds what was found among some rows.
func add(to *lockstep.Tally, looked, found int64) {
	to.Count += found
	if looked == counted || to.Count > lockstep.MostCounted {
		to.More = true
	}
	to.Count = min(to.Count, lockstep.MostCounted)
}

// concerns counts the accounts of each concern, and reads the first ones.
func concerns(ctx context.Context, v sqlstore.View, all *lockstep.Attention) error {
	counts := make([]lockstep.ConcernTally, len(lockstep.Concerns))
	var queries []*sqlrun.Query
	for i, c := range lockstep.Concerns {
		statement, args := ofConcern(c).read(spot{}, firstOf)
		counts[i].Reasons = map[lockstep.ConcernReason]int64{}
		queries = append(queries, reasonQuery(&counts[i], c),
			accountQuery(&counts[i].First, statement, args...))
	}
	err := v.Send(ctx, queries...)
	for i, c := range lockstep.Concerns {
		all.Concerns[c] = counts[i]
	}
	return err
}

// reasonQuery is a query of the counts of a concern by reason.
func reasonQuery(into *lockstep.ConcernTally, c lockstep.Concern) *sqlrun.Query {
	return &sqlrun.Query{SQL: ConcernTally, Args: []any{string(c), counted}, Row: func(row sqlrun.Scanner) error {
		var why lockstep.ConcernReason
		var count, oldest int64
		err := row.Scan(&why, &count, &oldest)
		into.Reasons[why] = count
		into.Oldest = earlier(into.Oldest, moment(oldest))
		add(&into.Tally, count, count)
		return err
	}}
}

// earlier returns the earlier of two times. Zero means no time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// paid reads when the oldest event of parked payments was received, and those events that say what was paid.
func (l *Lists) paid(ctx context.Context, v sqlstore.View, all *lockstep.Attention, paying []string) error {
	var found []numbered
	left := lookParked
	for _, kind := range buyers {
		from, below := bounds(kind)
		var oldest int64
		var open []numbered
		err := v.Send(ctx, &sqlrun.Query{SQL: ParkedSince, Args: []any{from, below, counted},
			Row: func(row sqlrun.Scanner) error { return row.Scan(&oldest) }},
			eventQuery(&open, OpenOfKeys, from, below, int64(left)))
		if err != nil {
			return err
		}
		all.Parked.Oldest = earlier(all.Parked.Oldest, moment(oldest))
		all.PaidMore = all.PaidMore || len(open) == left
		left -= len(open)
		found = append(found, slices.DeleteFunc(open, func(e numbered) bool {
			return e.Status != lockstep.EventParked || !slices.Contains(paying, e.Type)
		})...)
	}
	if len(found) > lockstep.MostParkedBodies {
		found, all.PaidMore = found[:lockstep.MostParkedBodies], true
	}
	if err := l.bodies(ctx, v, found); err != nil {
		return err
	}
	for _, e := range found {
		all.Paid = append(all.Paid, e.Event)
	}
	return nil
}
