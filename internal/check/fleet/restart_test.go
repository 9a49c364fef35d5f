package fleet

import (
	"net/http"
	"syscall"
	"testing"
)

// TestTheDatabaseIsRestarted crashes PostgreSQL under load and lets it recover, as pg_ctl restart -m immediate does.
func TestTheDatabaseIsRestarted(t *testing.T) {
	t.Parallel()
	c, url := cluster(t)
	f := newFleet(t, options{replicas: 2, database: url})
	processes := []int{f.all()[0].run(), f.all()[1].run()}
	business := f.begin(2, 2)
	restarts := 0
	for more := rounds(2); more(); restarts++ {
		f.more(30)
		if err := c.Stop(syscall.SIGQUIT); err != nil { // a crash; it recovers at the next start
			t.Fatal(err)
		}
		for _, r := range f.all() {
			f.until(r.name+" reports that it is not ready", func() bool {
				return f.health(r,
					"/healthz") == http.StatusServiceUnavailable
			})
			if status := f.health(r, "/livez"); status != http.StatusOK {
				t.Errorf("%s: /livez is answered with %d", r.name, status)
			}
		}
		refused := f.balancer.so().refused
		f.until("a delivery is refused", func() bool { return f.balancer.so().refused > refused })
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
		for _, r := range f.all() {
			f.until(r.name+" is ready again", func() bool { return f.health(r, "/healthz") == http.StatusOK })
		}
		f.more(30)
	}
	business.end()
	f.atRest()
	f.report("pg_ctl restart -m immediate")
	t.Logf("%d restarts", restarts)
	for i, r := range f.all() {
		if r.run() != processes[i] {
			t.Errorf("%s did not survive", r.name)
		}
	}
}

// health returns the status of a health check.
func (f *fleet) health(r *replica, path string) (status int) {
	f.t.Helper()
	status, err := f.call(f.t.Context(), http.MethodGet, r.at()+path, nil, nil)
	if status == 0 {
		f.t.Errorf("%s: %v", r.name, err)
	}
	return status
}
