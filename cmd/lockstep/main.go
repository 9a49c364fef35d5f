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
	"slices"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line.
type program struct {
	Dev       devCommand       `cmd:"" help:"Try it: Lockstep with simulators of Stripe and Clerk and a sample app, without keys or network."`
	Serve     serveCommand     `cmd:"" help:"Run the service."`
	Doctor    doctorCommand    `cmd:"" help:"Check keys, endpoints, prices and work. Takes the flags and environment of serve."`
	Migrate   migrateCommand   `cmd:"" help:"Copy an SQLite database into an empty PostgreSQL database. Seals the file against further writes. Run it again to continue after an interruption."`
	Backfill  backfillCommand  `cmd:"" help:"Link the Stripe customers of an existing business. The first start on an empty database does this by itself."`
	Forget    forgetCommand    `cmd:"" help:"Erase the stored personal data of a deleted account now."`
	Link      linkCommand      `cmd:"" help:"Link a customer or a guest's payment to an account, or carry an account of a former Clerk instance over."`
	Unlink    unlinkCommand    `cmd:"" help:"Remove a customer from its account."`
	Merge     mergeCommand     `cmd:"" help:"Choose the primary customer of an account."`
	Instance  instanceCommand  `cmd:"" help:"Move to another Clerk instance: show, accept."`
	Deletions deletionsCommand `cmd:"" help:"Review deletions that the safety brake holds or Stripe refused: list, approve, discard."`

	Sim simCommand `cmd:"" help:"Run only the Stripe and Clerk simulators."`

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

// asked turns "lockstep", "lockstep help" and "lockstep help COMMAND" into --help.
func asked(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

func run(ctx context.Context) int {
	var p program
	parser := kong.Must(&p,
		kong.Name("lockstep"),
		kong.Description("Keeps Clerk users, Stripe payments and your app's view of access in sync. Start with: lockstep dev"),
		kong.UsageOnError())
	parsed, err := parser.Parse(asked(os.Args[1:]))
	parser.FatalIfErrorf(err)
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
