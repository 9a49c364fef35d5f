package main

import (
	"bytes"
	"context"
	"database/sql"
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
	"github.com/lockstep-dev/lockstep/pgstore"
	"github.com/lockstep-dev/lockstep/server"
	"github.com/lockstep-dev/lockstep/sqlitestore"
)

// upstreamLatency is how long the providers take for each call.
const upstreamLatency = 20 * time.Millisecond

// checkoutEvents are what a checkout delivers, of what there is a template for, in order.
var checkoutEvents = []string{"charge.succeeded", "customer.subscription.created", "invoice.paid", "customer.subscription.updated", "checkout.session.completed"}

// work is how a process that works on what is delivered is set up.
type work struct {
	stripe, clerk float64 // requests a second that are allowed
	slots         int     // 0: the default
}

// serveWorking is lockstep with its workers. Its arguments are those of servePlain, the
// address of the providers, and the fields of work.
func serveWorking(ctx context.Context, listener net.Listener, args []string) (_ map[string]float64, err error) {
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
	lock, err := server.New(server.Config{Store: store, APIKey: apiKey,
		Catalog: lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"}, Features: []string{"export"}}}},
		Stripe: server.Stripe{Key: "sk_test_bench", BaseURL: args[2], WebhookSecrets: []lockstep.Secret{secret},
			Limits: lockstep.Limits{PerSecond: numbers[0]}},
		Clerk: server.Clerk{Key: "sk_test_bench", BaseURL: args[2], WebhookSecrets: []lockstep.Secret{secret}, Limits: lockstep.Limits{PerSecond: numbers[1]}},
		// The sweeps have nothing to find here.
		Intervals: server.Intervals{Events: time.Hour, Directory: time.Hour, Accounts: 24 * time.Hour},
		Workers:   server.Workers{Slots: int(numbers[2])},
		Log:       slog.New(slog.DiscardHandler)}) // the directory lists nobody, which is said again and again
	if err != nil {
		return nil, err
	}
	return nil, lock.Serve(ctx, listener)
}

func openStore(ctx context.Context, kind, at string) (lockstep.Store, error) {
	if kind == "postgres" {
		return pgstore.Open(ctx, at)
	}
	return sqlitestore.Open(ctx, at)
}

// populate stores accounts that are linked to customers; those from first on have
// something to be done, of the scope and priority.
func populate(ctx context.Context, kind, at string, accounts, first int, scope lockstep.Scope, priority lockstep.Priority) (err error) {
	store, err := openStore(ctx, kind, at) // makes the schema
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		return err
	}
	driver, numbers, name := "sqlite", "with recursive n (n) as (select 0 union all select n + 1 from n where n + 1 < %d)", "printf('%%09d', n)"
	if kind == "postgres" {
		driver, numbers, name = "pgx", "with n (n) as (select generate_series(0, %d - 1))", "lpad(cast(n as text), 9, '0')"
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range []string{
		fmt.Sprintf("insert into accounts (kind, id, state, email, name, identity_updated_at, customer_id, customer_email, created_at, updated_at) "+
			numbers+" select 'user', 'user_Bench' || "+name+", 'active', 'ada@example.com', 'Ada', 1, 'cus_Bench' || "+name+", 'ada@example.com', 1, 1 from n", accounts),
		fmt.Sprintf("insert into work (key, scope, priority, generation, run_at) "+
			numbers+" select 'user/user_Bench' || "+name+", %d, %d, 1, 1 from n where n >= %d", accounts, scope, priority, first),
		// The full verify comes later: a server that starts would have it begin.
		"insert into work (key, scope, priority, generation, run_at) values ('sweep/accounts', 0, 2, 1, 4000000000000)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.40s…: %w", statement, err)
		}
	}
	if kind == "postgres" {
		_, err = db.ExecContext(ctx, "vacuum analyze")
	}
	return err
}

// access measures how long after a checkout the user's metadata says so, at 50 checkouts a
// second; by itself, and while as many renewals as -backlog wait.
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
			b.report.add(Result{Scenario: "access", Case: fmt.Sprintf("%.0f/s, %d waiting", b.Checkouts, backlog), Target: t.name, Rounds: rounds,
				Notes: []string{fmt.Sprintf("each call to a provider takes %s; Stripe allows 250 a second, Clerk 150", upstreamLatency)}})
		}
	}
	return nil
}

// checkouts measures once.
func (b *bench) checkouts(ctx context.Context, t target, backlog int) (f Figures, err error) {
	n := int(b.Checkouts * (b.Warmup + b.For).Seconds())
	w := work{stripe: 250, clerk: 150, slots: b.Slots}
	run, err := b.working(ctx, t, w, n+backlog, n, lockstep.ScopeSubscriptions, lockstep.Normal)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	templates, err := templatesOf(checkoutEvents)
	if err != nil {
		return f, err
	}
	began := time.Now()
	took := make([]time.Duration, n)
	failed := make(chan error, n)
	var buyers sync.WaitGroup
	for i := range n {
		due := began.Add(time.Duration(float64(i) / b.Checkouts * float64(time.Second)))
		time.Sleep(time.Until(due))
		buyers.Go(func() {
			user := "user_" + customerID(i)
			written := run.provider.await(user)
			for j, t := range templates {
				if err := deliver(ctx, client, run.process.address, t.of(i, uint64(i*len(templates)+j))); err != nil {
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
	if err := <-failed; err != nil {
		return f, err
	}
	measured := took[int(b.Checkouts*b.Warmup.Seconds()):]
	slices.Sort(measured)
	done := tally{latencies: measured, took: b.For}
	f = done.figures()
	f.Memory = run.process.peak()
	f.More = map[string]float64{"stripe calls per checkout": float64(run.provider.count("subscriptions")) / float64(n)}
	if backlog > 0 {
		f.More = map[string]float64{"renewals meanwhile": float64(run.provider.count("metadata") - n)}
	}
	return f, nil
}

// running is a process that works, its providers, and its database.
type running struct {
	provider *provider
	process  *process
	drop     func() error
}

func (r *running) close() error {
	_, err := r.process.stop()
	return errors.Join(err, r.provider.close(), r.drop())
}

// working starts a process on a database in which there are accounts, see populate.
func (b *bench) working(ctx context.Context, t target, w work, accounts, first int, scope lockstep.Scope, priority lockstep.Priority) (r *running, err error) {
	r = &running{}
	database, drop, err := b.database(ctx, t.store)
	if err != nil {
		return nil, err
	}
	r.drop = drop
	if err := populate(ctx, t.store, database, accounts, first, scope, priority); err != nil {
		return nil, errors.Join(err, r.drop())
	}
	if r.provider, err = newProvider(upstreamLatency); err != nil {
		return nil, errors.Join(err, r.drop())
	}
	r.process, err = b.start(ctx, t.role, t.store, database, r.provider.address,
		fmt.Sprint(w.stripe), fmt.Sprint(w.clerk), strconv.Itoa(w.slots))
	if err != nil {
		return nil, errors.Join(err, r.provider.close(), r.drop())
	}
	return r, nil
}

// verify measures how fast every account is looked at, with the workers as the limit
// instead of what the providers allow: the rate that the default limits leave is in the
// report's ratio.
func verify(ctx context.Context, b *bench) error {
	for _, kind := range []string{"sqlite", "postgres"} {
		t := target{"lockstep " + kind, "working", kind}
		if !b.targets.MatchString(t.name) {
			continue
		}
		var rounds []Figures
		for range b.Rounds {
			f, err := b.verifyOnce(ctx, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			rounds = append(rounds, f)
		}
		b.report.add(Result{Scenario: "verify", Case: fmt.Sprintf("%d accounts", b.Backlog), Target: t.name, Rounds: rounds,
			Notes: []string{"of the rate that Stripe's 25 requests a second to one endpoint allow, 20 accounts a second, it is " +
				fmt.Sprintf("%.0f times", medians(rounds).Rate/20)}})
	}
	return nil
}

func (b *bench) verifyOnce(ctx context.Context, t target) (f Figures, err error) {
	run, err := b.working(ctx, t, work{1e6, 1e6, b.Slots}, b.Backlog, 0, lockstep.ScopeAll, lockstep.Background)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	time.Sleep(b.Warmup)
	before, cpu := run.provider.count("subscriptions"), run.process.cpu()
	time.Sleep(b.For)
	looked := run.provider.count("subscriptions") - before
	f = Figures{Rate: float64(looked) / b.For.Seconds(), Memory: run.process.peak()}
	if looked > 0 {
		f.CPU = float64((run.process.cpu() - cpu).Microseconds()) / float64(looked)
	}
	return f, nil
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

// of is the event about a customer.
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

// deliver sends an event as Stripe does.
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
		err = errors.Join(err, fmt.Errorf("a delivery was answered %d", response.StatusCode))
	}
	return errors.Join(err, response.Body.Close())
}
