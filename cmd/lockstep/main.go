// Command lockstep keeps who your users are (Clerk) and what they have paid for
// (Stripe) in step. See README.md, or run: lockstep --help
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line.
type program struct {
	Dev       devCommand       `cmd:"" help:"Everything on this machine, with simulators and a sample app: no keys, no network."`
	Serve     serveCommand     `cmd:"" help:"The service, against the real Stripe and Clerk unless told otherwise."`
	Doctor    doctorCommand    `cmd:"" help:"Say what is wrong with an installation; configured as serve is."`
	Migrate   migrateCommand   `cmd:"" help:"Move the business from an SQLite file into an empty PostgreSQL database. The file is not written any more from then on; a move that was interrupted goes on when it is run again."`
	Backfill  backfillCommand  `cmd:"" help:"Link the customers of a business that is older than Lockstep. The first start on an empty database does so by itself."`
	Forget    forgetCommand    `cmd:"" help:"Forget a deleted account's personal data at once."`
	Link      linkCommand      `cmd:"" help:"Link a customer, a guest's payment or a former account to an account."`
	Unlink    unlinkCommand    `cmd:"" help:"Take a customer from its account."`
	Merge     mergeCommand     `cmd:"" help:"Choose the primary one of an account's customers."`
	Instance  instanceCommand  `cmd:"" help:"Move to another Clerk instance: show, accept."`
	Deletions deletionsCommand `cmd:"" help:"What the brake on deletions holds: list, approve, discard."`

	Sim simCommand `cmd:"" help:"The Stripe and Clerk simulators alone."`

	LogLevel  slog.Level `help:"debug, info, warn or error." env:"LOCKSTEP_LOG_LEVEL" default:"info"`
	LogFormat string     `help:"text or json." env:"LOCKSTEP_LOG_FORMAT" enum:"text,json" default:"text"`
}

// surroundings is what a command gets from the process, so that tests can give
// it something else.
type surroundings struct {
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	log    *slog.Logger
}

// The rules of what is printed: a command's result goes to standard output, all
// else to standard error; an error says what is wrong, and then what to do.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	var p program
	parsed := kong.Parse(&p,
		kong.Name("lockstep"),
		kong.Description("Keeps Clerk users and organizations, Stripe customers and payments, and who has access in step."),
		kong.UsageOnError())
	options := &slog.HandlerOptions{Level: p.LogLevel}
	var handler slog.Handler = slog.NewTextHandler(os.Stderr, options)
	if p.LogFormat == "json" {
		handler = slog.NewJSONHandler(os.Stderr, options)
	}
	in := &surroundings{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, log: slog.New(handler)}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(in); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "lockstep: %v\n", err)
		return 1
	}
	return 0
}
