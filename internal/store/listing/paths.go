package listing

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lockstep-dev/lockstep"
)

// defaultFolded is the indexed expression of a folded address on SQLite.
const defaultFolded = "lower(email)"

// paths returns the indexes that may hold what a filter selects, in the order of the list. The rest of the filter
// is compared row by row.
func (l *Lists) paths(f lockstep.AccountFilter) ([]path, error) {
	if f.Text != "" {
		return l.ofText(f)
	}
	switch from, below := ofKind(f.Kind, "", last); {
	case f.Concern != "":
		return []path{ofConcern(f.Concern)}, nil
	case f.Problems:
		return []path{between("", AccountsWithProblems, from, below)}, nil
	case f.Plan != "" && (f.Status == "" || usual[f.Status]):
		return []path{between("", AccountsByPlan, from, below, f.Plan)}, nil
	case f.Status != "":
		return []path{between("", AccountsByStatus, from, below, f.Status)}, nil
	default:
		return []path{between("", AccountsByKey, from, below)}, nil
	}
}

// usual are statuses that most accounts have, so a plan selects better.
var usual = map[string]bool{"active": true, "none": true, "licensed": true, "canceled": true}

// exact are the ids that identify an account, by how they begin.
var exact = []struct {
	prefix string
	paths  []path
}{
	{"cus_", []path{whole(lockstep.MatchedCustomer, AccountOfPrimary), whole(lockstep.MatchedFurther, AccountOfFurther)}},
	{"sub_", []path{whole(lockstep.MatchedSubscription, AccountOfSubscription)}},
	{"cs_", []path{whole(lockstep.MatchedCheckout, AccountOfLicense)}},
	{"pi_", []path{whole(lockstep.MatchedPayment, AccountOfPayment), whole(lockstep.MatchedPayment, AccountOfLicense)}},
}

// ofText returns where to look for a text.
func (l *Lists) ofText(f lockstep.AccountFilter) ([]path, error) {
	for _, of := range exact {
		if strings.HasPrefix(f.Text, of.prefix) {
			return ofWhole(f.Text, of.paths), nil
		}
	}
	if kind, id, has := strings.Cut(f.Text, "/"); has {
		if kind != string(lockstep.User) && kind != string(lockstep.Organization) {
			return nil, fmt.Errorf("%w: %q is not an account; write user/ID or organization/ID", lockstep.ErrInvalid, f.Text)
		}
		from, below := ofKind(lockstep.Kind(kind), id, id+last)
		return []path{between(lockstep.MatchedAccount, AccountsByKey, from, below)}, nil
	}
	var all []path
	for _, kind := range []lockstep.Kind{lockstep.User, lockstep.Organization} {
		if from, below := ofKind(kind, f.Text, f.Text+last); f.Kind == "" || f.Kind == kind {
			all = append(all, between(lockstep.MatchedAccount, AccountsByKey, from, below))
		}
	}
	return append(all, l.ofEmail(fold(f.Text))), nil
}

// ofKind returns the accounts between two ids of a kind, or of all kinds.
func ofKind(kind lockstep.Kind, id, below string) (from, to lockstep.Account) {
	return lockstep.Account{Kind: kind, ID: id}, lockstep.Account{Kind: cmp.Or(kind, last), ID: below}
}

// between is a path by kind and id, from an account and below another one.
func between(matched lockstep.AccountMatch, statement string, from, below lockstep.Account, more ...any) path {
	return path{matched, spot{Kind: string(from.Kind), ID: from.ID}, below, func(at spot, most int) (string, []any) {
		return statement, append([]any{at.Kind, at.ID, int64(most)}, more...)
	}}
}

// ofConcern is the path of a concern, by time.
func ofConcern(c lockstep.Concern) path {
	return path{"", spot{}, lockstep.Account{}, func(at spot, most int) (string, []any) {
		return AccountsOfConcern, []any{string(c), at.Since, at.Kind, at.ID, int64(most)}
	}}
}

// ofEmail is the path of the addresses that begin with a folded text.
func (l *Lists) ofEmail(prefix string) path {
	statement := AccountsByEmail(cmp.Or(l.Folded, defaultFolded))
	return path{lockstep.MatchedEmail, spot{Email: prefix}, lockstep.Account{}, func(at spot, most int) (string, []any) {
		return statement, []any{at.Email, at.Kind, at.ID, prefix + last, int64(most)}
	}}
}

// whole is a path by a whole id. It has a few rows, which the first look reads.
func whole(matched lockstep.AccountMatch, statement string) path {
	return path{matched: matched, read: func(spot, int) (string, []any) { return statement, nil }}
}

// ofWhole returns paths of a whole id.
func ofWhole(id string, of []path) (all []path) {
	for _, p := range of {
		statement, _ := p.read(spot{}, 0)
		all = append(all, path{matched: p.matched, read: func(spot, int) (string, []any) {
			return statement, []any{id}
		}})
	}
	return all
}
