package conformance

import (
	"bytes"
	"context"
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

// wanted skips a test that needs the npm packages, where nobody installed them.
func wanted(t *testing.T) {
	t.Helper()
	if os.Getenv("LOCKSTEP_CONFORMANCE") == "" {
		t.Skip("make clients installs the clients and runs this")
	}
}

// patience is how long a client may take, and what it caused, on a machine that is slow.
const patience = 3 * time.Minute

// bench is a simulator on loopback.
type bench struct {
	*simulator.Simulator
	t         *testing.T
	stripeURL string
	clerkURL  string
	home      string // of the child processes: empty, so that nothing of this machine is read
}

// newBench starts a simulator. When the test ends, the simulator does, and all
// that it said is compared with the documents that Stripe and Clerk publish.
func newBench(t *testing.T) *bench {
	t.Helper()
	var listeners [2]net.Listener
	for i := range listeners {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i] = listener
	}
	b := &bench{t: t, home: t.TempDir(), stripeURL: "http://" + listeners[0].Addr().String(), clerkURL: "http://" +
		listeners[1].Addr().String()}
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
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	go func() { ended <- sim.Run(ctx) }()
	var servers []*http.Server
	for i, handler := range []http.Handler{sim.StripeHandler(), sim.ClerkHandler()} {
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		go func() {
			if err := server.Serve(listeners[i]); err != http.ErrServerClosed { //nolint:errorlint // never wrapped
				ended <- err
				return
			}
			ended <- nil
		}()
	}
	t.Cleanup(func() {
		cancel()
		for _, server := range servers {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		transport.CloseIdleConnections()
		if !t.Failed() { // or it has said enough
			sim.ClearFaults()
			openapicheck.Check(t, sim.History())
		}
	})
	return b
}

// environment is what a client is given: addresses, keys, an empty home, and
// nothing to reach the world with.
func (b *bench) environment(more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.home, "XDG_CONFIG_HOME=" + filepath.Join(b.home, ".config"), "TMPDIR=" +
			b.home,
		"STRIPE_URL=" + b.stripeURL, "STRIPE_KEY=" + simulator.DefaultStripeKey,
		"CLERK_URL=" + b.clerkURL, "CLERK_KEY=" + simulator.DefaultClerkKey,
		"STRIPE_CLI_TELEMETRY_OPTOUT=1", "CLERK_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "NO_COLOR=1", "CI=1",
		// Whoever tries to leave this machine is told so at once.
		"HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1,localhost",
	}, more...)
}

// run runs a client of node_modules/.bin or node itself, and returns what it
// wrote to both outputs.
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

// failures tells the requests that were answered with an error, newest last, to
// say why a client gave up.
func failures(entries []simulator.Entry) string {
	var told strings.Builder
	for _, entry := range entries {
		if entry.Side != "delivery" && entry.Status >= 400 {
			fmt.Fprintf(&told, "%s %s\n    %s\n    -> %d %s\n", entry.Method, entry.Path, shortened(entry.Request),
				entry.Status, shortened(entry.Response))
		}
	}
	return told.String()
}

func shortened(body string) string {
	body = strings.Join(strings.Fields(body), " ")
	return body[:min(len(body), 600)]
}
