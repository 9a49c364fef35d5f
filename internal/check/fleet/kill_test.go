package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockstep-dev/lockstep/internal/store/pgtest"
)

// TestAReplicaIsKilledEverySecond kills a random replica every second under load, every other time while a commit of
// the replica is blocked.
func TestAReplicaIsKilledEverySecond(t *testing.T) {
	t.Parallel()
	for name, through := range map[string]func(*testing.T, string) string{
		"directly":          func(_ *testing.T, direct string) string { return direct },
		"through PgBouncer": throughPooler,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.Empty(t)
			f := newFleet(t, options{replicas: 3, database: through(t, direct), direct: direct})
			business := f.begin(2, 2)
			second := time.NewTicker(time.Second)
			defer second.Stop()
			kills := 0
			for more := rounds(4); more(); kills++ {
				<-second.C
				f.more(5)
				victim := f.all()[rand.IntN(3)]
				if kills%2 == 0 {
					f.killUncommitted(victim, kills)
				} else if err := victim.kill(); err != nil {
					t.Fatal(err)
				}
				if err := victim.start(); err != nil {
					t.Fatal(err)
				}
			}
			f.until("three users have signed up", func() bool { return len(f.sim.Users()) >= 3 })
			business.end()
			f.atRest()
			f.report("kill -9 every second")
			t.Logf("%d kills", kills)
		})
	}
}

// throughPooler returns the URL of a database through PgBouncer.
func throughPooler(t *testing.T, direct string) string {
	at, err := url.Parse(pgtest.Pooler(t))
	if err != nil {
		t.Fatal(err)
	}
	database, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	database.Host = at.Host
	database.RawQuery = "default_query_exec_mode=exec" // for versions before 1.21
	return database.String()
}

// killUncommitted kills a replica whose commit of a delivery is blocked. The replica must not have answered the
// delivery.
func (f *fleet) killUncommitted(victim *replica, n int) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.direct)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(f.t.Context())) }() // releases the lock
	if _, err := conn.Exec(f.t.Context(), `begin; lock table events in exclusive mode`); err != nil {
		f.t.Fatal(err)
	}
	const its = ` from pg_stat_activity where datname = current_database() and application_name = $1`
	id, at := fmt.Sprintf("evt_uncommitted_%d", n), victim.at()
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		body := fmt.Sprintf(`{"id":%q,"object":"event","type":"invoice.paid","livemode":false,"created":%d,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_nobody"}}}`, id, time.Now().Unix())
		f.balancer.note("stripe "+id, max(f.deliver(f.t.Context(), f.balancer.client, at, []byte(body)), outcomeUnknown), nil)
	}()
	f.until("the replica is storing the delivery", func() bool {
		select {
		case <-settled:
			return true
		default:
		}
		return f.must(`select cast(count(*) as text)`+its+` and wait_event_type = 'Lock'`, victim.label()) != "0"
	})
	if err := victim.kill(); err != nil {
		f.t.Fatal(err)
	}
	// End its sessions, too. Otherwise PostgreSQL would execute what the replica has sent, maybe including the commit,
	// before it notices that the client is gone.
	if _, err := conn.Exec(f.t.Context(), `select pg_terminate_backend(pid)`+its, victim.label()); err != nil {
		f.t.Fatal(err)
	}
	<-settled
}
