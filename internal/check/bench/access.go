package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// upstreamLatency is how long the providers take to answer a call.
const upstreamLatency = 20 * time.Millisecond

// providersAllow notes what the figures of checkouts depend on.
var providersAllow = fmt.Sprintf("each call to a provider takes %s; Stripe allows 250 a second, Clerk 150; processor time is per account written", upstreamLatency)

// checkoutEvents are the events of a checkout that we have templates for, in order.
var checkoutEvents = []string{"charge.succeeded", "customer.subscription.created", "invoice.paid",
	"customer.subscription.updated", "checkout.session.completed"}

// work configures a process that runs workers.
type work struct {
	stripe, clerk float64 // requests a second that each allows
	slots         int     // 0 means the default
}

// working runs Lockstep with its workers. Its arguments are those of servePlain, the address of the providers,
// and the fields of work.
func (v variant) working(ctx context.Context, listener net.Listener, args []string) (_ map[string]float64, err error) {
	store, err := openStore(ctx, args[0], args[1])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var numbers [3]float64
	for i := range numbers {
		if numbers[i], err = strconv.ParseFloat(args[3+i], 64); err != nil {
			return nil, err
		}
	}
	traces, stop, err := v.provider(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	lock, err := server.New(server.Config{Store: v.store(store), Traces: traces, HTTP: server.HTTP{APIKey: apiKey},
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"},
			Features: []string{"export"}}}},
		Stripe: server.Stripe{Key: "sk_test_bench", BaseURL: args[2], WebhookSecrets: []lockstep.Secret{secret},
			Limits: lockstep.Limits{PerSecond: numbers[0]}},
		Clerk: server.Clerk{Key: "sk_test_bench", BaseURL: args[2], WebhookSecrets: []lockstep.Secret{secret},
			Limits: lockstep.Limits{PerSecond: numbers[1]}},
		// The sweeps would find nothing here.
		Sync: server.Sync{
			Intervals: server.Intervals{Events: time.Hour, Directory: time.Hour, Accounts: 24 * time.Hour},
			Workers:   server.Workers{Slots: int(numbers[2])}},
		Log: slog.New(slog.DiscardHandler)}) // the directory lists nobody, and Lockstep warns of that
	if err != nil {
		return nil, err
	}
	return nil, lock.Serve(ctx, listener)
}

// access measures the time from a checkout to the metadata that grants access, at -checkouts a second: alone, and
// with -backlog renewals queued.
func access(ctx context.Context, b *bench) error {
	for _, backlog := range []int{0, b.Backlog} {
		for _, kind := range []string{"sqlite", "postgres"} {
			t := target{"lockstep " + kind, "working", kind}
			if !b.targets.MatchString(t.name) {
				continue
			}
			var rounds []Figures
			for range b.Rounds {
				f, err := b.checkouts(ctx, t, backlog)
				if err != nil {
					return fmt.Errorf("%s, %d waiting: %w", t.name, backlog, err)
				}
				rounds = append(rounds, f)
			}
			b.report.add(Result{Scenario: "access", Case: fmt.Sprintf("%.0f/s, %d waiting", b.Checkouts, backlog),
				Target: t.name, Rounds: rounds,
				Notes: []string{providersAllow}})
		}
	}
	return nil
}

// checkouts measures once, on a new database.
func (b *bench) checkouts(ctx context.Context, t target, backlog int) (f Figures, err error) {
	n := b.buyers()
	at, drop, err := b.populated(ctx, t.store, n+backlog, renewals(n, backlog))
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	return b.bought(ctx, t, at, 0, backlog > 0)
}

// renewals queues accounts as an event about a changed subscription would.
func renewals(first, accounts int) waiting {
	return waiting{first, accounts, lockstep.ScopeSubscriptions, lockstep.Normal}
}

// buyers is how many accounts buy during one measurement.
func (b *bench) buyers() int { return int(b.Checkouts * (b.Warmup + b.For).Seconds()) }

// bought measures once on an existing database, with the accounts from first on as buyers. others says that further
// accounts are queued, too.
func (b *bench) bought(ctx context.Context, t target, at string, first int, others bool) (f Figures, err error) {
	run, err := b.working(ctx, t, work{stripe: 250, clerk: 150, slots: b.Slots}, at)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	began, cpu := time.Now(), run.process.cpu()
	took, err := b.buy(ctx, run, first)
	if err != nil {
		return f, err
	}
	elapsed, written := time.Since(began), run.provider.count("metadata")
	measured := took[int(b.Checkouts*b.Warmup.Seconds()):]
	slices.Sort(measured)
	done := tally{latencies: measured, took: b.For}
	f = done.figures()
	f.Memory, f.CPU = run.process.peak(), float64((run.process.cpu()-cpu).Microseconds())/float64(written)
	if others {
		f.More = map[string]float64{"renewals per second meanwhile": float64(written-len(took)) / elapsed.Seconds()}
	} else {
		time.Sleep(confirmed)
		f.More = map[string]float64{"stripe reads per checkout": run.provider.per(len(took), "subscriptions"),
			"clerk writes per checkout": run.provider.per(len(took), "metadata")}
	}
	return f, nil
}

// confirmed is how long after the last checkout the runs are over that confirm what the first ones found.
const confirmed = 4 * time.Second

// buy delivers the checkouts of the accounts from first on. It returns, for each, the time from when its checkout was
// due to the metadata that granted access.
func (b *bench) buy(ctx context.Context, run *running, first int) ([]time.Duration, error) {
	n := b.buyers()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	templates, err := templatesOf(checkoutEvents)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	took := make([]time.Duration, n)
	failed := make(chan error, n)
	var buyers sync.WaitGroup
	for i := range n {
		due := began.Add(time.Duration(float64(i) / b.Checkouts * float64(time.Second)))
		time.Sleep(time.Until(due))
		buyers.Go(func() {
			customer := first + i
			user := "user_" + customerID(customer)
			written := run.provider.await(user)
			for j, t := range templates {
				if err := deliver(ctx, client, run.process.address, t.of(customer, uint64(customer*len(templates)+j))); err != nil {
					failed <- err
					return
				}
			}
			select {
			case at := <-written:
				took[i] = at.Sub(due)
			case <-time.After(time.Minute):
				failed <- fmt.Errorf("%s has no access a minute after the checkout", user)
			case <-ctx.Done():
				failed <- ctx.Err()
			}
		})
	}
	buyers.Wait()
	close(failed)
	return took, <-failed
}

// running is a process with workers, and its providers.
type running struct {
	provider *provider
	process  *process
}

func (r *running) close() error {
	_, err := r.process.stop()
	return errors.Join(err, r.provider.close())
}

// working starts a process with workers on an existing database.
func (b *bench) working(ctx context.Context, t target, w work, at string) (r *running, err error) {
	r = &running{}
	if r.provider, err = newProvider(upstreamLatency); err != nil {
		return nil, err
	}
	r.process, err = b.start(ctx, t.role, t.store, at, r.provider.address,
		fmt.Sprint(w.stripe), fmt.Sprint(w.clerk), strconv.Itoa(w.slots))
	if err != nil {
		return nil, errors.Join(err, r.provider.close())
	}
	return r, nil
}

func templatesOf(kinds []string) (all []template, err error) {
	for _, kind := range kinds {
		text, err := eventFiles.ReadFile("events/" + kind + ".json")
		if err != nil {
			return nil, err
		}
		all = append(all, parseTemplate(string(text)))
	}
	return all, nil
}

// of returns the event for a customer.
func (t template) of(customer int, n uint64) []byte {
	var body []byte
	for _, s := range t {
		body = append(body, s.text...)
		switch s.id {
		case 'e', 'o':
			body = appendID(body, n, rand.Uint64())
		case 'c':
			body = append(body, customerID(customer)...)
		}
	}
	return body
}

// deliver sends an event as Stripe would.
func deliver(ctx context.Context, client *http.Client, address string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/webhooks/stripe", bytes.NewReader(body))
	if err != nil {
		return err
	}
	signed := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", "t="+signed+",v1="+signature(signed, body))
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("the target answered a delivery with %d", response.StatusCode))
	}
	return errors.Join(err, response.Body.Close())
}
