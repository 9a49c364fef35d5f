// Command lockstep keeps Clerk users, Stripe payments and your app's view of access in sync. See README.md,
// or run: lockstep --help
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// program is the command line.
type program struct {
	Dev   devCommand   `cmd:"" group:"start" help:"Try Lockstep on this machine, with simulators of Stripe and Clerk and a sample app. Needs no keys and no network."`
	Serve serveCommand `cmd:"" group:"start" help:"Run the service."`

	Doctor    doctorCommand    `cmd:"" group:"operate" help:"Check the installation: keys, webhook endpoints, prices, held deletions and failed work."`
	Setup     setupCommand     `cmd:"" group:"operate" help:"Create or repair the webhook endpoint and the portal at Stripe, and say what to paste into Clerk."`
	Health    healthCommand    `cmd:"" group:"operate" help:"Check that the running service answers and can write its database."`
	Console   consoleCommand   `cmd:"" group:"operate" help:"Print a link that opens the console in a browser, once."`
	Explain   explainCommand   `cmd:"" group:"operate" help:"Tell why an account has the access that it has, what happened, and how to fix what is wrong."`
	Accounts  accountsCommand  `cmd:"" group:"operate" help:"Find accounts by an id or e-mail address, or list those that pay without access."`
	Backfill  backfillCommand  `cmd:"" group:"operate" help:"Link the Stripe customers of an existing business. The first start on an empty database does this by itself."`
	Verify    verifyCommand    `cmd:"" group:"operate" help:"Compare accounts with Stripe and Clerk, say why they differ, and repair them."`
	Link      linkCommand      `cmd:"" group:"operate" help:"Link a customer or a guest's payment to an account."`
	Unlink    unlinkCommand    `cmd:"" group:"operate" help:"Remove a customer from its account."`
	Merge     mergeCommand     `cmd:"" group:"operate" help:"Choose the primary customer of an account."`
	Deletions deletionsCommand `cmd:"" group:"operate" help:"Review deletions that the safety brake holds or Stripe refused."`
	Forget    forgetCommand    `cmd:"" group:"operate" help:"Erase the stored personal data of a deleted account now."`
	Instance  instanceCommand  `cmd:"" group:"operate" help:"Move to another Clerk instance."`
	Keys      keysCommand      `cmd:"" group:"operate" help:"Create, list and revoke API keys."`
	Settings  settingsCommand  `cmd:"" group:"operate" help:"Show the effective configuration of the running service, and where each value came from."`
	Audit     auditCommand     `cmd:"" group:"operate" help:"Show what operators did, when and why."`
	Events    eventsCommand    `cmd:"" group:"operate" help:"List, show and replay stored events."`
	Work      workCommand      `cmd:"" group:"operate" help:"List, retry and drop what is pending, parked or failed."`
	Backup    backupCommand    `cmd:"" group:"operate" help:"Copy the SQLite database to a file, also while the service runs."`
	Migrate   migrateCommand   `cmd:"" group:"operate" help:"Move from SQLite to PostgreSQL."`

	Sim simCommand `cmd:"" group:"develop" help:"Run only the Stripe and Clerk simulators."`

	Version    versionCommand    `cmd:"" group:"about" help:"Show the version, the commit and the Go version."`
	Completion completionCommand `cmd:"" group:"about" help:"Print a script that completes lockstep's commands and flags in a shell."`
	Complete   completeCommand   `cmd:"" hidden:"" help:"Print what can stand at the cursor, for the scripts of completion."`

	LogLevel  slog.Level `help:"What to log: debug, info, warn or error." env:"LOCKSTEP_LOG_LEVEL" default:"info"`
	LogFormat string     `help:"How to log: text or json." env:"LOCKSTEP_LOG_FORMAT" enum:"text,json" default:"text"`
}

// surroundings are what a command gets from the process, so that tests can replace them.
type surroundings struct {
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	log    *slog.Logger
}

// The rules of the output: a command's result goes to standard output, and everything else to standard
// error. An error says what is wrong, then what to do.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx))
}

// newParser returns the parser of p's flags and commands.
func newParser(p *program) *kong.Kong {
	return kong.Must(p, append(valueMappers(),
		kong.Name("lockstep"),
		kong.Description("Lockstep keeps Clerk users, Stripe payments and your app's view of access in sync.\n\nStart with: lockstep dev"),
		kong.ExplicitGroups([]kong.Group{
			{Key: "start", Title: "Start:"},
			{Key: "operate", Title: "Operate a running service:"},
			{Key: "develop", Title: "Develop:"},
			{Key: "about", Title: "About this program:"},
		}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))...)
}

func run(ctx context.Context) int {
	var p program
	parser := newParser(&p)
	parsed, err := parser.Parse(withHelp(os.Args[1:]))
	if err != nil {
		return report(os.Stderr, parsed, err)
	}
	in := &surroundings{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, log: p.logger()}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(in); err != nil && !errors.Is(err, context.Canceled) {
		return report(os.Stderr, parsed, err)
	}
	return 0
}

func (p program) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: p.LogLevel}
	if p.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
