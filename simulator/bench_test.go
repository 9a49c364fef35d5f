package simulator_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

// BenchmarkCustomerRetrieve retrieves a customer over HTTP on loopback. In the same run
// it measures a handler that only writes the same bytes. The difference is the cost of
// the simulator, on any machine.
func BenchmarkCustomerRetrieve(b *testing.B) {
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		b.Fatal(err)
	}
	customer := simharness.Post(b, sim, "/v1/customers", "email=a@example.com&metadata[clerk_user_id]=user_1")
	target := "/v1/customers/" + simharness.Field(b, customer, "id")
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(customer)))
		_, _ = w.Write(customer)
	})
	for _, server := range []struct {
		name    string
		handler http.Handler
	}{{"simulator", sim.StripeHandler()}, {"bare", bare}} {
		b.Run(server.name, func(b *testing.B) {
			web := httptest.NewServer(server.handler)
			defer web.Close()
			b.ReportAllocs()
			began := time.Now()
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				wire, err := net.Dial("tcp", web.Listener.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				defer func() { _ = wire.Close() }()
				request := []byte("GET " + target + " HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer " +
					simulator.DefaultStripeKey + "\r\n\r\n")
				answers := bufio.NewReader(wire)
				for pb.Next() {
					if err := exchange(wire, answers, request); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "req/s")
		})
	}
}

// exchange is a client that costs almost nothing, so the benchmark measures the server.
func exchange(wire io.Writer, answers *bufio.Reader, request []byte) error {
	if _, err := wire.Write(request); err != nil {
		return err
	}
	length, first := 0, true
	for {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("answer is %q", line)
		}
		first = false
		if rest, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			break
		}
	}
	_, err := answers.Discard(length)
	return err
}

// population is how many subscribers BenchmarkPopulation creates.
const population = 100_000

// BenchmarkPopulation creates 100,000 customers with a subscription each, through the
// API but without sockets. It saves them to a file and loads the file into a second
// simulator. Run it with -benchtime=1x.
func BenchmarkPopulation(b *testing.B) {
	for b.Loop() {
		sim, err := simulator.New(simulator.Config{})
		if err != nil {
			b.Fatal(err)
		}
		empty := heap()
		began := time.Now()
		simharness.Populate(b, sim, population)
		made := time.Since(began)
		full := heap()
		file := filepath.Join(b.TempDir(), "state.json")
		began = time.Now()
		save(b, sim, file)
		saved := time.Since(began)
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(sim)
		second, err := simulator.New(simulator.Config{})
		if err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		load(b, second, file)
		b.ReportMetric(time.Since(began).Seconds(), "load-s")
		b.ReportMetric(saved.Seconds(), "save-s")
		b.ReportMetric(made.Seconds(), "make-s")
		b.ReportMetric(float64(full-empty)/(1<<20), "MiB")
		b.ReportMetric(float64(info.Size())/(1<<20), "file-MiB")
		if got := len(second.Subscriptions()); got != population {
			b.Fatalf("%d subscriptions were loaded", got)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func save(tb testing.TB, sim *simulator.Simulator, file string) {
	tb.Helper()
	f, err := os.Create(file)
	if err != nil {
		tb.Fatal(err)
	}
	if err := sim.Save(f); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

func load(tb testing.TB, sim *simulator.Simulator, file string) {
	tb.Helper()
	f, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := sim.Load(f); err != nil {
		tb.Fatal(err)
	}
}
