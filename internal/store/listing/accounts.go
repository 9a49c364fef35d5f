package listing

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/sqlrun"
	"github.com/lockstep-dev/lockstep/internal/store/sqlstore"
)

// LookAccounts is the most accounts that a page looks at, and lookStep how many it reads at once.
const (
	LookAccounts = 2000
	lookStep     = 500
)

// last is above every id and address, next makes the id after an id: ids have no control characters.
const (
	last = "\U0010FFFF"
	next = "\x01"
)

// spot is where a page of accounts begins: on a path, at the first row that no page has read.
type spot struct {
	Path  int    `json:"p,omitempty"`
	Since int64  `json:"s,omitempty"`
	Email string `json:"e,omitempty"`
	Kind  string `json:"k,omitempty"`
	ID    string `json:"i,omitempty"`
}

// String returns the spot as a cursor.
func (s spot) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("listing: a cursor does not marshal: " + err.Error()) // numbers and texts
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// after returns the spot after an account on the same path.
func (s spot) after(a lockstep.FoundAccount) spot {
	at := spot{Path: s.Path, Email: fold(a.Email), Kind: string(a.Account.Kind), ID: a.Account.ID + next}
	if !a.Standing.Since.IsZero() {
		at.Since = a.Standing.Since.UnixMilli()
	}
	return at
}

// path is one index that may hold what a filter selects.
type path struct {
	matched lockstep.AccountMatch
	begin   spot             // where it begins, without its number
	below   lockstep.Account // of a path by kind and id: where it ends; zero: with its rows
	// read returns the query of the rows from a spot on.
	read func(at spot, most int) (statement string, args []any)
}

// FindAccounts implements [lockstep.AccountSearch].
func (l *Lists) FindAccounts(ctx context.Context, f lockstep.AccountFilter) (page lockstep.AccountPage, err error) {
	s := &search{filter: f, limit: cmp.Or(f.Limit, defaultPage), looks: LookAccounts}
	if s.paths, err = l.paths(f); err == nil {
		err = s.start(f.After)
	}
	if err == nil && !storable(f.Text, f.Status, f.Plan, s.from.Email, s.from.Kind, s.from.ID) {
		err = fmt.Errorf("%w: a text has characters that no account has", lockstep.ErrInvalid)
	}
	if err == nil {
		err = l.View(ctx, func(v sqlstore.View) error { return s.run(ctx, v) })
	}
	if err != nil {
		return page, fmt.Errorf("find accounts: %w", err)
	}
	page.Accounts = s.found
	if s.at.Path < len(s.paths) {
		page.Next = s.at.String()
	}
	return page, nil
}

// search fills a page, one path after the other.
type search struct {
	filter lockstep.AccountFilter
	paths  []path
	from   spot
	at     spot
	limit  int
	looks  int // how many accounts it may still look at
	found  []lockstep.FoundAccount
}

// start goes to a cursor; an empty one is the start.
func (s *search) start(cursor string) error {
	if cursor == "" {
		s.enter(0)
		s.from = s.at
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &s.from)
	}
	if err != nil || s.from.Path < 0 || s.from.Path >= len(s.paths) {
		return fmt.Errorf("%w: cursor %q is not the Next of a page of the same search", lockstep.ErrInvalid, cursor)
	}
	return nil
}

// enter goes to the begin of a path.
func (s *search) enter(n int) {
	if s.at = (spot{}); n < len(s.paths) {
		s.at = s.paths[n].begin
	}
	s.at.Path = n
}

// run fills the page. The database may run it again, so it starts afresh.
func (s *search) run(ctx context.Context, v sqlstore.View) error {
	s.at, s.looks, s.found = s.from, LookAccounts, nil
	for s.at.Path < len(s.paths) && s.looks > 0 && len(s.found) < s.limit {
		if err := s.step(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

// step looks at the next accounts of a path.
func (s *search) step(ctx context.Context, v sqlstore.View) error {
	p := s.paths[s.at.Path]
	most := min(s.looks, max(lookStep, s.limit))
	if s.plain() {
		most = min(s.looks, s.limit-len(s.found)+1)
	}
	statement, args := p.read(s.at, most)
	looked, err := askAccounts(ctx, v, statement, args...)
	if err != nil {
		return err
	}
	s.looks -= len(looked)
	for i, a := range looked {
		if p.ends(a.Account) {
			s.enter(s.at.Path + 1)
			return nil
		}
		if s.at = s.at.after(a); s.selects(a) {
			a.Matched = p.matched
			s.found = append(s.found, a)
		}
		if len(s.found) == s.limit && i < len(looked)-1 {
			return nil
		}
	}
	if len(looked) < most {
		s.enter(s.at.Path + 1)
	}
	return nil
}

// ends reports whether an account is beyond the path.
func (p path) ends(a lockstep.Account) bool {
	return !p.below.IsZero() && cmp.Or(cmp.Compare(a.Kind, p.below.Kind), cmp.Compare(a.ID, p.below.ID)) >= 0
}

// plain reports whether each row of a path is selected.
func (s *search) plain() bool {
	f := s.filter
	f.Limit, f.After, f.Text = 0, "", ""
	return f == lockstep.AccountFilter{}
}

// selects compares an account with the filter. One that an earlier path has listed is not listed again.
func (s *search) selects(a lockstep.FoundAccount) bool {
	f, account := s.filter, a.Account
	if s.paths[s.at.Path].matched == lockstep.MatchedEmail && strings.HasPrefix(account.ID, f.Text) {
		return false
	}
	return (f.Kind == "" || f.Kind == account.Kind) && (f.State == "" || f.State == a.State) &&
		(f.Status == "" || f.Status == a.Standing.Status) && (f.Plan == "" || f.Plan == a.Standing.Plan) &&
		(f.Concern == "" || f.Concern == a.Standing.Concern) && (!f.Problems || a.Problems) &&
		!slices.ContainsFunc(s.found, func(b lockstep.FoundAccount) bool { return b.Account == account })
}

// askAccounts runs a statement whose rows are accounts.
func askAccounts(ctx context.Context, v sqlstore.View, statement string,
	args ...any) (found []lockstep.FoundAccount, err error) {
	err = v.Send(ctx, accountQuery(&found, statement, args...))
	return found, err
}

// accountQuery is a query whose rows are accounts.
func accountQuery(into *[]lockstep.FoundAccount, statement string, args ...any) *sqlrun.Query {
	return &sqlrun.Query{SQL: statement, Args: args, Row: func(row sqlrun.Scanner) error {
		a, err := scanAccount(row)
		*into = append(*into, a)
		return err
	}}
}

func scanAccount(row sqlrun.Scanner) (a lockstep.FoundAccount, err error) {
	var since, problems, updated int64
	s := &a.Standing
	err = row.Scan(&a.Account.Kind, &a.Account.ID, &a.State, &a.Email, &a.Name, &a.CustomerID, &s.Status, &s.Plan,
		&s.Concern, &s.Why, &since, &problems, &updated)
	s.Since, a.UpdatedAt, a.Problems = moment(since), moment(updated), problems != 0
	return a, err
}

// storable reports whether both databases can compare with texts.
func storable(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.Contains(s, "\x00") })
}

// fold makes the ASCII letters of an address small, as the databases do.
func fold(email string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, email)
}
