package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator"
)

const clerkWebhookSecret = "whsec_plJ3nmyCDGBKInavdOK15jsl"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wanted skips a test that needs the npm packages unless they are installed.
func wanted(t *testing.T) {
	t.Helper()
	if os.Getenv("LOCKSTEP_CONFORMANCE") == "" {
		t.Skip("LOCKSTEP_CONFORMANCE is not set; make clients installs the clients and runs this test")
	}
}

// patience is how long to wait for a client, and for what it causes, on a slow machine.
const patience = 3 * time.Minute

// bench is a simulator on loopback.
type bench struct {
	*simulator.Simulator
	t         *testing.T
	stripeURL string
	clerkURL  string
	home      string // home of the child processes: empty, so that they read none of this machine's settings
}

// newBench starts a simulator. When the test ends it stops the simulator and compares everything that it sent with
// the API descriptions that Stripe and Clerk publish.
func newBench(t *testing.T) *bench {
	t.Helper()
	stripe, clerk := listen(t), listen(t)
	b := &bench{t: t, home: t.TempDir(), stripeURL: "http://" + stripe.Addr().String(),
		clerkURL: "http://" + clerk.Addr().String()}
	transport := &http.Transport{}
	sim, err := simulator.New(simulator.Config{
		StripeURL: b.stripeURL, ClerkURL: b.clerkURL, Seed: 1, PortalSaved: true,
		HTTPClient:    &http.Client{Transport: transport, Timeout: 15 * time.Second},
		SessionClaims: map[string]string{"plan": "{{user.public_metadata.billing.plan}}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Simulator = sim
	stop := start(sim, stripe, clerk)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		if !t.Failed() { // a failed test has reported enough
			sim.ClearFaults()
			openapicheck.Check(t, sim.History())
		}
	})
	return b
}

// listen opens a port on loopback.
func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// start runs the simulator and serves both of its APIs until stop.
func start(sim *simulator.Simulator, stripe, clerk net.Listener) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	go func() { ended <- sim.Run(ctx) }()
	serve := func(handler http.Handler, listener net.Listener) *http.Server {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() {
			err := server.Serve(listener)
			if err == http.ErrServerClosed { //nolint:errorlint // never wrapped
				err = nil
			}
			ended <- err
		}()
		return server
	}
	servers := []*http.Server{serve(sim.StripeHandler(), stripe), serve(sim.ClerkHandler(), clerk)}
	return func() error {
		cancel()
		return errors.Join(servers[0].Close(), servers[1].Close(), <-ended, <-ended, <-ended)
	}
}

// environment is the environment of a client: addresses, keys, an empty home, and proxies that refuse every other host.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.home, "XDG_CONFIG_HOME=" + filepath.Join(b.home, ".config"), "TMPDIR=" +
			b.home,
		"STRIPE_URL=" + b.stripeURL, "STRIPE_KEY=" + simulator.DefaultStripeKey,
		"CLERK_URL=" + b.clerkURL, "CLERK_KEY=" + simulator.DefaultClerkKey,
		"STRIPE_CLI_TELEMETRY_OPTOUT=1", "CLERK_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "NO_COLOR=1", "CI=1",
		// A client that tries to reach another machine fails at once.
		"HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1,localhost",
	}, more...)
}

// run runs node, or a client from node_modules/.bin, and returns what it wrote to standard output and standard error.
func (b *bench) run(env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	if name != "node" {
		name = filepath.Join("node_modules", ".bin", name)
	}
	command := exec.CommandContext(ctx, name, args...)
	var output bytes.Buffer
	command.Env, command.Stdout, command.Stderr, command.WaitDelay = b.environment(env...), &output, &output, 5*time.Second
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return output.String(), nil
}

// failures lists the requests that the simulator answered with an error, oldest first, to explain why a client failed.
func failures(entries []simulator.Entry) string {
	var list strings.Builder
	for _, entry := range entries {
		if entry.Side != "delivery" && entry.Status >= 400 {
			fmt.Fprintf(&list, "%s %s\n    %s\n    -> %d %s\n", entry.Method, entry.Path, shortened(entry.Request),
				entry.Status, shortened(entry.Response))
		}
	}
	return list.String()
}

func shortened(body string) string {
	body = strings.Join(strings.Fields(body), " ")
	return body[:min(len(body), 600)]
}
