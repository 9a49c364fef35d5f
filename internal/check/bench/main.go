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

// scenario is something that can be measured.
type scenario struct {
	name string
	what string // for -list
	run  func(ctx context.Context, b *bench) error
}

// scenarios are all that there are, in the order in which they run.
var scenarios = []scenario{
	{"ingest", "deliveries answered per second at 1, 16 and 64 senders, on both stores, beside a bare and a plain handler", ingest},
	{"ingest-full", "the rate on PostgreSQL with -events stored and -accounts known, beside the rate on an empty database", ingestFull},
	{"ingest-open", "latency of deliveries at a fixed rate, on both stores", ingestOpen},
	{"access", "from a checkout to the metadata that says so, at -checkouts a second, by itself and while -backlog renewals wait, on both stores", access},
	{"access-full", "the same on PostgreSQL with -events stored and -accounts known, some of which are what waits, beside a small database", accessFull},
	{"reads", "access of accounts read per second, from memory, beside a handler that answers the same to everybody",
		reads},
	{"backfill", "the first start on an existing business of -accounts customers, with a kill -9 in the middle: memory, rate, 429s", backfill},
	{"verify", "accounts looked at wholly per second, of -backlog, on both stores", verify},
}

// settings are what flags say.
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
	Slots      int           `json:"slots"` // of the workers; 0: the default
	Profiles   string        `json:"-"`     // a folder; empty: none are written

	postgres string
	dir      string
	targets  *regexp.Regexp
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == roleFlag {
		exit(playRole(os.Args[2], os.Args[3:]))
	}
	var s settings
	only := flag.String("only", "", "run the scenarios whose name matches this regular expression")
	file := flag.String("json", "", "write the report to this file")
	targets := flag.String("targets", "", "beside a baseline, measure the targets whose name matches this regular expression")
	s.Senders = []int{1, 16, 64}
	flag.Func("senders", "how many send at once, as in 1,16,64",
		func(text string) error { return json.Unmarshal([]byte("["+text+"]"), &s.Senders) })
	list := flag.Bool("list", false, "list the scenarios")
	flag.IntVar(&s.Rounds, "rounds", 3, "how often each target is measured")
	flag.DurationVar(&s.For, "for", 5*time.Second, "how long a measurement takes")
	flag.DurationVar(&s.Warmup, "warmup", 2*time.Second, "how long a target is asked before")
	flag.Float64Var(&s.Duplicates, "duplicates", 0.2, "share of events that were sent before, where a scenario sends some")
	flag.Float64Var(&s.Rate, "rate", 1000, "events per second of an open loop")
	flag.IntVar(&s.Events, "events", 10_000_000, "how many events are stored before, where a scenario fills the database")
	flag.IntVar(&s.Accounts, "accounts", 1_000_000, "how many accounts there are, where a scenario fills the database")
	flag.IntVar(&s.Backlog, "backlog", 100_000, "how many accounts wait to be looked at, where a scenario has some wait")
	flag.Float64Var(&s.Checkouts, "checkouts", 50, "checkouts per second")
	flag.IntVar(&s.Slots, "slots", 0, "runs at once of the workers; 0: as by default")
	flag.StringVar(&s.Profiles, "profiles", "", "have the servers write profiles (CPU, allocations) into this folder")
	flag.StringVar(&s.postgres, "postgres", os.Getenv("LOCKSTEP_TEST_POSTGRES"),
		"`URL` of a server on which databases may be created; empty: a throw-away one")
	flag.Parse()
	if *list {
		for _, sc := range scenarios {
			fmt.Printf("%-14s %s\n", sc.name, sc.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	chosen, err := regexp.Compile(*only)
	if err != nil {
		exit(err)
	}
	if s.targets, err = regexp.Compile(*targets); err != nil {
		exit(err)
	}
	exit(measure(ctx, s, chosen, *file))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// bench is what a scenario measures with.
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
	defer func() { err = errors.Join(err, b.databases.close(), os.RemoveAll(s.dir)) }()
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
