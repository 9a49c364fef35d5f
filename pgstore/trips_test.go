package pgstore_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/ownership"
	"github.com/lockstep-dev/lockstep/internal/sync/pricebook"
	"github.com/lockstep-dev/lockstep/internal/sync/reconcile"
)

// turnstile is a proxy in front of a server that counts round trips.
type turnstile struct {
	url   string // of the database through the turnstile
	trips atomic.Int64
}

// newTurnstile starts a turnstile in front of a database's server, until the test ends.
func newTurnstile(t *testing.T, database string) *turnstile {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := u.Host
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = listener.Addr().String()
	n := &turnstile{url: u.String()}
	var through sync.WaitGroup
	through.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed below
			}
			through.Go(func() { n.pass(client, server) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		through.Wait() // the store is closed by then
	})
	return n
}

// pass forwards everything between a client and its server until one of them closes the connection.
func (n *turnstile) pass(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	answers, out := bufio.NewReader(server), bufio.NewWriterSize(client, 1<<20)
	var last byte
	for {
		kind, err := n.message(answers, out)
		if err != nil {
			return
		}
		// A server is ready for the next query after it has answered everything that was sent
		// together. An empty query is pgx's check of a connection that was idle for a second; it
		// does not count.
		if kind == 'Z' && last != 'I' {
			n.trips.Add(1)
		}
		last = kind
		if answers.Buffered() > 0 {
			continue
		}
		if err := out.Flush(); err != nil { // after counting: the client continues when it gets this
			return
		}
	}
}

// message forwards one message of a server: a byte for its kind, its length and its text.
func (n *turnstile) message(in *bufio.Reader, out *bufio.Writer) (kind byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, err
	}
	if _, err := out.Write(head[:]); err != nil {
		return 0, err
	}
	if _, err := io.CopyN(out, in, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
		return 0, err
	}
	return head[0], nil
}

// shop is a Stripe and a Clerk in which one user has one subscription.
type shop struct {
	lockstep.Billing
	lockstep.Directory
	subscription lockstep.Subscription
}

func (s *shop) Subscriptions(context.Context, string) ([]lockstep.Subscription, error) {
	return []lockstep.Subscription{s.subscription}, nil
}

func (s *shop) Checkouts(context.Context, string) ([]lockstep.Checkout, error) { return nil, nil }

func (s *shop) Customer(_ context.Context, id string) (lockstep.Customer, error) {
	return lockstep.Customer{ID: id, Email: "ada@example.com", Name: "Ada"}, nil
}

func (s *shop) UpdateCustomer(context.Context, string, lockstep.CustomerDetails) error { return nil }

func (s *shop) MergeMetadata(context.Context, lockstep.Account, map[string]any) error { return nil }

// counted is a store behind a turnstile, and the accounts reconciler that runs on it.
type counted struct {
	*testing.T
	*turnstile
	lockstep.Store
	shop     *shop
	accounts *reconcile.Accounts
}

var buyer = lockstep.Account{Kind: lockstep.User, ID: "user_buyer"}

// count returns the number of round trips of do.
func (c *counted) count(do func()) int64 {
	before := c.trips.Load()
	do()
	return c.trips.Load() - before
}

func (c *counted) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *counted) receive(ids ...string) {
	c.Helper()
	var deliveries []lockstep.Delivery
	for _, id := range ids {
		deliveries = append(deliveries, lockstep.Delivery{
			Event: lockstep.Event{Source: lockstep.Stripe, ID: id, Type: "invoice.paid", CustomerID: "cus_1",
				Body: []byte("{}")},
			Mark: &lockstep.Mark{Key: lockstep.Key{Kind: lockstep.KeyCustomer, ID: "cus_1"},
				Scope: lockstep.ScopeSubscriptions}})
	}
	_, err := c.Receive(c.Context(), deliveries)
	c.ok(err)
}

func (c *counted) claim() lockstep.Claim {
	c.Helper()
	claims, err := c.Claim(c.Context(), lockstep.ClaimRequest{Limit: 16, Lease: time.Minute,
		MaxPriority: lockstep.Background})
	c.ok(err)
	if len(claims) != 1 {
		c.Fatalf("claimed %+v", claims)
	}
	return claims[0]
}

func (c *counted) mark(scope lockstep.Scope) {
	c.Helper()
	c.ok(c.Mark(c.Context(), lockstep.Mark{Key: buyer.Key(), Scope: scope}))
}

// sync does what a runner does for one due key, starting with the query for the next due time.
func (c *counted) sync() {
	c.Helper()
	_, pending, err := c.NextDue(c.Context(), lockstep.Background)
	c.ok(err)
	if !pending {
		c.Fatal("nothing is due")
	}
	claim := c.claim()
	result, err := c.accounts.Reconcile(c.Context(), claim)
	c.ok(err)
	c.ok(c.Finish(c.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done,
		Run: &lockstep.RunReport{Began: time.Now(), RunFacts: result.Facts}}))
}

// drain finishes the work that a sync left for others, such as its notices.
func (c *counted) drain() {
	c.Helper()
	for {
		next, pending, err := c.NextDue(c.Context(), lockstep.Background)
		c.ok(err)
		if !pending {
			return
		}
		time.Sleep(time.Until(next))
		claims, err := c.Claim(c.Context(), lockstep.ClaimRequest{Limit: 16, Lease: time.Minute,
			MaxPriority: lockstep.Background})
		c.ok(err)
		for _, claim := range claims {
			c.ok(c.Finish(c.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}))
		}
	}
}

// TestRoundTrips checks the number of round trips of each operation against the limits in
// docs/postgresql.md. A database that is a millisecond away costs as many milliseconds.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_statement", "simple_protocol", "exec"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			n := newTurnstile(t, fresh(t))
			store := open(t, n.url+"?sslmode=disable&default_query_exec_mode="+mode)
			began := time.Now().Truncate(time.Second).UTC() // like the times of the adapters
			s := &shop{subscription: lockstep.Subscription{ID: "sub_1", CustomerID: "cus_1", Status: "incomplete",
				CreatedAt: began,
				Items: []lockstep.Item{{ID: "si_1", PriceID: "price_1", LookupKey: "pro", Quantity: 1, PeriodStart: began,
					PeriodEnd: began.Add(time.Hour)}}}}
			c := &counted{T: t, turnstile: n, Store: store, shop: s, accounts: &reconcile.Accounts{Store: store,
				Providers: reconcile.Providers{Billing: s, Directory: s},
				Owners:    &ownership.Resolver{Store: store, Billing: s, Directory: s},
				Catalog:   lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro"}}}},
				Keys:      lockstep.DefaultProjectionKeys, Book: &pricebook.Book{Store: store, Stripe: s},
				Listeners: []string{"we_1"},
				Log:       slog.New(slog.DiscardHandler)}}
			c.mark(0)
			claim := c.claim()
			c.ok(c.Link(t.Context(), claim, lockstep.Identity{Account: buyer, Email: "ada@example.com", Name: "Ada"}, "cus_1",
				lockstep.Proven))
			c.ok(c.Finish(t.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}))
			c.drain()

			at := 0
			// Each operation runs several times, so that the connections have prepared its
			// statements.
			steps := []struct {
				name string
				most int64
				do   func() int64
			}{
				{"a delivery", 2, func() int64 {
					at++
					return c.count(func() { c.receive(fmt.Sprint("evt_", at)) })
				}},
				{"three deliveries at once", 2, func() int64 {
					at++
					return c.count(func() { c.receive(fmt.Sprint("evt_a", at), fmt.Sprint("evt_b", at), fmt.Sprint("evt_c", at)) })
				}},
				{"a duplicate", 2, func() int64 { return c.count(func() { c.receive("evt_1") }) }},
				{"when is work due", 1, func() int64 {
					return c.count(func() {
						_, _, err := c.NextDue(t.Context(), lockstep.Background)
						c.ok(err)
					})
				}},
				{"a claim and its end", 2, func() int64 {
					c.mark(0)
					return c.count(func() { c.ok(c.Finish(t.Context(), c.claim(), lockstep.Outcome{Disposition: lockstep.Done})) })
				}},
				{"reading an account", 1, func() int64 {
					return c.count(func() {
						_, err := c.Account(t.Context(), buyer)
						c.ok(err)
					})
				}},
				{"a sync that changes access", 9, func() int64 {
					s.subscription.Status = map[string]string{"incomplete": "active", "active": "past_due",
						"past_due": "active"}[s.subscription.Status]
					c.mark(lockstep.ScopeSubscriptions | lockstep.ScopePayments)
					trips := c.count(c.sync)
					c.drain()
					return trips
				}},
				{"a sync that changes access, and measures its lag as the service does", 10, func() int64 {
					c.accounts.AccessWritten = func(ctx context.Context, key lockstep.Key, _ reconcile.AccessWrites) {
						_, err := store.(lockstep.Measured).FirstOpen(ctx, key)
						c.ok(err)
					}
					defer func() { c.accounts.AccessWritten = nil }()
					s.subscription.Status = map[string]string{"active": "past_due", "past_due": "active"}[s.subscription.Status]
					c.mark(lockstep.ScopeSubscriptions | lockstep.ScopePayments)
					trips := c.count(c.sync)
					c.drain()
					return trips
				}},
				{"a sync that changes nothing", 4, func() int64 {
					c.mark(lockstep.ScopeSubscriptions | lockstep.ScopePayments)
					return c.count(c.sync)
				}},
			}
			for _, step := range steps {
				var trips int64
				for range 3 {
					trips = step.do()
				}
				t.Logf("%s: %d round trips", step.name, trips)
				if trips > step.most {
					t.Errorf("%s takes %d round trips, which may be %d at most", step.name, trips, step.most)
				}
				c.drain()
			}
		})
	}
}
