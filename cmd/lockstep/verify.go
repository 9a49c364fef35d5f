package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// verifyCommand compares accounts with Stripe and the directory, and may repair what differs.
type verifyCommand struct {
	operating
	Accounts []string      `arg:"" optional:"" help:"The accounts, for example user/user_2x…; or --all."`
	All      bool          `help:"Compare all accounts, and look for users, organizations and customers that Lockstep does not know."`
	Fix      bool          `help:"Sync what differs, wait, and compare it again."`
	Wait     time.Duration `help:"With --fix: how long to wait for the syncs." default:"2m"`
	From     string        `help:"With --all: continue at the position that an interrupted verification printed." placeholder:"POSITION" example:"accounts:0:user/user_2x"`
	JSON     bool          `help:"Print each comparison as a JSON object on a line."`
}

// Help is shown by verify --help.
func (*verifyCommand) Help() string {
	return "Exit status: 0 all agree, or will after runs that are due; 3 something differs; 4 something could not be compared."
}

// comparison is what the API says about an account.
type comparison struct {
	Account     string
	State       string
	Differences []difference
	Failure     string
	Notes       []string
	Fix         []string

	text json.RawMessage // as the API wrote it
}

type difference struct{ Where, Field, Ours, Theirs, Expected, Cause, Detail string }

// The states of a comparison.
const (
	stateInSync      = "in_sync"
	stateCatchingUp  = "catching_up"
	stateDrift       = "drift"
	stateNotCompared = "not_compared"
)

// verifyPage is the API's answer to a verification.
type verifyPage struct {
	Data    []json.RawMessage
	Phase   string
	Looked  int64
	Failure string
	Next    string
}

// mostNamed is how many accounts one request names.
const mostNamed = 50

// Run compares, repairs if that is wanted, and compares again.
func (c *verifyCommand) Run(ctx context.Context, in *surroundings) error {
	switch {
	case c.All == (len(c.Accounts) > 0):
		return wrongUsage("name the accounts, or add --all; one of both")
	case c.From != "" && !c.All:
		return wrongUsage("--from: it continues a verification of all accounts; add --all")
	}
	v := &verification{command: c, in: in, show: newProgress(os.Stderr)}
	defer v.show.end()
	err := v.compare(ctx)
	if err == nil && c.Fix {
		err = v.fix(ctx)
	}
	v.show.end()
	switch {
	case errors.Is(err, context.Canceled): // its status must not say that all agree
		return endedWith(statusUnknown, errors.New("interrupted"+v.resume()))
	case err != nil:
		return fmt.Errorf("%w%s", err, v.resume())
	}
	return v.conclude()
}

// verification is one run of the command.
type verification struct {
	command *verifyCommand
	in      *surroundings
	show    *progress
	tally   tally
	differ  []comparison // that --fix repairs
	began   bool         // the fix
	at      string       // the position in a verification of all accounts; empty: at the start or the end
}

// compare compares the named accounts, or all.
func (v *verification) compare(ctx context.Context) error {
	if v.command.All {
		return v.all(ctx)
	}
	return v.named(ctx, v.command.Accounts)
}

// named compares accounts. An answer may have only the first of them.
func (v *verification) named(ctx context.Context, accounts []string) error {
	for len(accounts) > 0 {
		page, err := v.ask(ctx, map[string]any{"accounts": accounts[:min(len(accounts), mostNamed)]})
		if err != nil {
			return err
		}
		if err := v.take(page); err != nil {
			return err
		}
		accounts = accounts[len(page.Data):]
	}
	return nil
}

// all goes through the pages of a verification of all accounts.
func (v *verification) all(ctx context.Context) error {
	v.at = v.command.From
	for done, phase := int64(0), ""; ; {
		page, err := v.ask(ctx, map[string]any{"cursor": v.at})
		if err != nil {
			return err
		}
		if page.Phase != phase {
			phase, done = page.Phase, 0
		}
		done += page.Looked
		if err := v.take(page); err != nil {
			return err
		}
		if page.Failure != "" {
			v.tally.unread++
			v.line("%s could not be listed: %s\n", page.Phase, page.Failure)
		}
		v.show.at(backfillProgress{Phase: page.Phase, Done: done})
		if v.at = page.Next; v.at == "" {
			return nil
		}
	}
}

// resume says how to continue.
func (v *verification) resume() string {
	if v.at == "" {
		return ""
	}
	return "; to continue: lockstep verify --all --from '" + v.at + "'"
}

func (v *verification) ask(ctx context.Context, question any) (page verifyPage, err error) {
	err = v.command.send(ctx, v.in, message{method: http.MethodPost, path: "/v1/verify", body: question}, &page)
	return page, err
}

// take counts and prints the comparisons of a page.
func (v *verification) take(page verifyPage) error {
	for _, text := range page.Data {
		c := comparison{text: text}
		if err := json.Unmarshal(text, &c); err != nil {
			return err
		}
		v.tally.add(c)
		if len(c.Fix) > 0 {
			v.differ = append(v.differ, c)
		}
		if err := v.print(c); err != nil {
			return err
		}
	}
	return nil
}

// conclude prints the counts, and returns the error that says what is left.
func (v *verification) conclude() error {
	v.line("%s\n", v.tally.text())
	t := v.tally
	switch {
	case t.of[stateNotCompared]+t.unread > 0:
		return endedWith(statusUnknown, errors.New("not everything could be compared"))
	case t.of[stateDrift] > 0 && v.command.Fix:
		return endedWith(statusDiffers, errors.New("some differences are left; each says why"))
	case t.of[stateDrift] > 0:
		return endedWith(statusDiffers, errors.New("to repair what differs, add --fix"))
	}
	return nil
}
