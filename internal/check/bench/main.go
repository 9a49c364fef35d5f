package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// scenario is one thing to measure.
type scenario struct {
	name string
	what string // for -list
	run  func(ctx context.Context, b *bench) error
}

// scenarios lists all scenarios in the order in which they run.
var scenarios = []scenario{
	{"ingest", "deliveries per second at 1, 16 and 64 senders, on both stores, beside a bare and a plain handler", ingest},
	{"ingest-full", "deliveries per second on PostgreSQL with -events and -accounts stored, beside an empty database", ingestFull},
	{"ingest-open", "latency of deliveries at a fixed rate, on both stores", ingestOpen},
	{"access", "time from a checkout to the metadata that grants access, at -checkouts a second, alone and with -backlog renewals queued, on both stores", access},
	{"access-full", "the same on PostgreSQL with -events and -accounts stored, beside a small database", accessFull},
	{"reads", "reads of an account's access and checks per second, from memory, beside a handler with the same answer",
		reads},
	{"backfill", "first start on an existing business of -accounts customers, with a kill -9 in the middle: memory, rate, 429s", backfill},
	{"verify", "full syncs of accounts per second, of -backlog, on both stores, also without history and with traces", verify},
}

// settings holds the flags.
type settings struct {
	Rounds     int           `json:"rounds"`
	Senders    []int         `json:"senders"`
	For        time.Duration `json:"for_ns"`
	Warmup     time.Duration `json:"warmup_ns"`
	Duplicates float64       `json:"duplicates"`
	Rate       float64       `json:"rate"`
	Events     int           `json:"events"`
	Accounts   int           `json:"accounts"`
	Backlog    int           `json:"backlog"`
	Checkouts  float64       `json:"checkouts"`
	Slots      int           `json:"slots"` // of the workers; 0 means the default
	Profiles   string        `json:"-"`     // a folder; empty writes none

	postgres string
	dir      string
	targets  *regexp.Regexp
}

// options are the flags of the command line.
type options struct {
	settings settings
	only     string
	file     string
	targets  string
	list     bool
}

func parseFlags() (o options) {
	flag.StringVar(&o.only, "only", "", "run the scenarios whose name matches this regular expression")
	flag.StringVar(&o.file, "json", "", "write the report to this file")
	flag.StringVar(&o.targets, "targets", "", "beside the baseline, measure only the targets whose name matches this regular expression")
	o.settings.Senders = []int{1, 16, 64}
	flag.Func("senders", "how many `senders` send at once, as in 1,16,64",
		func(text string) error { return json.Unmarshal([]byte("["+text+"]"), &o.settings.Senders) })
	flag.BoolVar(&o.list, "list", false, "list the scenarios")
	flag.IntVar(&o.settings.Rounds, "rounds", 3, "how often each target is measured")
	flag.DurationVar(&o.settings.For, "for", 5*time.Second, "length of a measurement")
	flag.DurationVar(&o.settings.Warmup, "warmup", 2*time.Second, "length of the warm-up before a measurement")
	flag.Float64Var(&o.settings.Duplicates, "duplicates", 0.2, "share of duplicate events, in scenarios that send some")
	flag.Float64Var(&o.settings.Rate, "rate", 1000, "events per second of an open loop")
	flag.IntVar(&o.settings.Events, "events", 10_000_000, "how many events to store first, in scenarios that fill the database")
	flag.IntVar(&o.settings.Accounts, "accounts", 1_000_000, "how many accounts to store first, in scenarios that fill the database")
	flag.IntVar(&o.settings.Backlog, "backlog", 100_000, "how many accounts are queued, in scenarios with a backlog")
	flag.Float64Var(&o.settings.Checkouts, "checkouts", 50, "checkouts per second")
	flag.IntVar(&o.settings.Slots, "slots", 0, "how many accounts the workers sync at once; 0 means the default")
	flag.StringVar(&o.settings.Profiles, "profiles", "", "have the servers write CPU and allocation profiles into this `folder`")
	flag.StringVar(&o.settings.postgres, "postgres", os.Getenv("LOCKSTEP_TEST_POSTGRES"),
		"`URL` of a server on which to create databases; empty starts a throw-away one")
	flag.Parse()
	return o
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == roleFlag {
		exit(playRole(os.Args[2], os.Args[3:]))
	}
	o := parseFlags()
	if o.list {
		for _, sc := range scenarios {
			fmt.Printf("%-14s %s\n", sc.name, sc.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := regexp.Compile(o.only)
	if err != nil {
		exit(fmt.Errorf("-only: %w", err))
	}
	if o.settings.targets, err = regexp.Compile(o.targets); err != nil {
		exit(fmt.Errorf("-targets: %w", err))
	}
	exit(measure(ctx, o.settings, chosen, o.file))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// bench is what a scenario needs to measure.
type bench struct {
	settings
	report    *Report
	databases databases
}

func measure(ctx context.Context, s settings, chosen *regexp.Regexp, file string) (err error) {
	if s.dir, err = os.MkdirTemp("", "lockstep-bench-"); err != nil {
		return err
	}
	b := &bench{settings: s, report: newReport(s)}
	b.databases.server = s.postgres
	traces, err := newSink()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.databases.close(), traces.close(), os.RemoveAll(s.dir)) }()
	for _, sc := range scenarios {
		if !chosen.MatchString(sc.name) {
			continue
		}
		fmt.Printf("\n%s: %s\n", sc.name, sc.what)
		if err := sc.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", sc.name, err)
		}
	}
	b.report.Ended = time.Now().UTC()
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
