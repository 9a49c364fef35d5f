package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep/simulator"
)

// clerkCLI runs the Clerk CLI against the simulator.
func (b *bench) clerkCLI(args ...string) (string, error) {
	return b.run([]string{"CLERK_BACKEND_API_URL=" + b.clerkURL}, "clerk", args...)
}

// TestTheClerkCLICallsTheBackendAPI creates, lists and changes a user, and checks two errors.
func TestTheClerkCLICallsTheBackendAPI(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	created, err := b.clerkCLI("api", "/users", "--secret-key", simulator.DefaultClerkKey, "--yes",
		"-d", `{"email_address":["cli@example.com"],"public_metadata":{"plan":"pro"},"skip_password_requirement":true}`)
	if err != nil {
		t.Fatalf("%v\n%s", err, created)
	}
	var user struct{ ID string }
	if err := json.Unmarshal([]byte(created), &user); err != nil || len(b.Users()) != 1 || b.Users()[0].ID != user.ID {
		t.Fatalf("the CLI printed %s; the simulator has %v (%v)", created, b.Users(), err)
	}
	listed, err := b.clerkCLI("api", "/users?email_address=cli@example.com", "--secret-key", simulator.DefaultClerkKey)
	if err != nil || !strings.Contains(listed, user.ID) {
		t.Fatalf("%v\n%s", err, listed)
	}
	changed, err := b.clerkCLI("api", "/users/"+user.ID+"/metadata", "-X", "PATCH", "-d",
		`{"public_metadata":{"plan":null}}`, "--secret-key", simulator.DefaultClerkKey, "--yes")
	if err != nil || !strings.Contains(changed, `"public_metadata": {}`) {
		t.Fatalf("%v\n%s", err, changed)
	}
	if missing, err := b.clerkCLI("api", "/users/user_none", "--secret-key", simulator.DefaultClerkKey); err == nil ||
		!strings.Contains(missing, "resource_not_found") {
		t.Fatalf("an unknown user: %v\n%s", err, missing)
	}
	if refused, err := b.clerkCLI("api", "/users", "--secret-key", "sk_test_wrong"); err == nil ||
		!strings.Contains(refused, "clerk_key_invalid") {
		t.Fatalf("a wrong key: %v\n%s", err, refused)
	}
}

// TestTheClerkCLIVerifiesADelivery has the CLI verify a delivery that the simulator signed, then one with an altered
// body.
func TestTheClerkCLIVerifiesADelivery(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	got := signedDelivery(t, b)
	verify := func(body []byte) (string, error) {
		file := filepath.Join(b.home, "body.json")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return b.clerkCLI("webhooks", "verify", "--secret", clerkWebhookSecret, "--payload", "@"+file, "--id",
			got.header.Get("Svix-Id"),
			"--timestamp", got.header.Get("Svix-Timestamp"), "--signature", got.header.Get("Svix-Signature"))
	}
	if output, err := verify(got.body); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	altered := slices.Clone(got.body)
	altered[len(altered)/2] ^= 1
	if output, err := verify(altered); err == nil {
		t.Errorf("the CLI verified an altered body: %s", output)
	}
}

// delivery is a webhook that arrived.
type delivery struct {
	header http.Header
	body   []byte
}

// signedDelivery signs a user up and returns the webhook that the simulator sends.
func signedDelivery(t *testing.T, b *bench) delivery {
	t.Helper()
	deliveries := make(chan delivery, 1)
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			deliveries <- delivery{r.Header.Clone(), body}
		}
	}))
	t.Cleanup(inbox.Close)
	b.SetClerkWebhooks([]simulator.WebhookEndpoint{{URL: inbox.URL, Secret: clerkWebhookSecret}})
	if _, err := b.SignUp(simulator.SignUp{Email: "signed@example.com"}); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-deliveries:
		return got
	case <-time.After(patience):
		t.Fatal("no webhook arrived")
		return delivery{}
	}
}
