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

// clerkCLI is the one variable that the Clerk CLI is pointed with.
func (b *bench) clerkCLI(args ...string) (string, error) {
	return b.run([]string{"CLERK_BACKEND_API_URL=" + b.clerkURL}, "clerk", args...)
}

// TestTheClerkCLICallsTheBackendAPI reads, writes and is refused.
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
		t.Fatalf("the CLI printed %s, and there is %v (%v)", created, b.Users(), err)
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
		t.Fatalf("a user that is not: %v\n%s", err, missing)
	}
	if refused, err := b.clerkCLI("api", "/users", "--secret-key", "sk_test_wrong"); err == nil ||
		!strings.Contains(refused, "clerk_key_invalid") {
		t.Fatalf("a wrong key: %v\n%s", err, refused)
	}
}

// TestTheClerkCLIVerifiesADelivery hands it what the simulator signed, and the
// same with another body.
func TestTheClerkCLIVerifiesADelivery(t *testing.T) {
	wanted(t)
	t.Parallel()
	b := newBench(t)
	type delivery struct {
		header http.Header
		body   []byte
	}
	deliveries := make(chan delivery, 1)
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			deliveries <- delivery{r.Header.Clone(), body}
		}
	}))
	defer inbox.Close()
	b.SetClerkWebhooks([]simulator.WebhookEndpoint{{URL: inbox.URL, Secret: clerkWebhookSecret}})
	if _, err := b.SignUp(simulator.SignUp{Email: "signed@example.com"}); err != nil {
		t.Fatal(err)
	}
	var got delivery
	select {
	case got = <-deliveries:
	case <-time.After(patience):
		t.Fatal("nothing was delivered")
	}
	verify := func(body []byte) (string, error) {
		file := filepath.Join(b.home, "body.json")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return b.clerkCLI("webhooks", "verify", "--secret", clerkWebhookSecret, "--payload", "@"+file, "--id",
			got.header.Get("Svix-Id"),
			"--timestamp", got.header.Get("Svix-Timestamp"), "--signature", got.header.Get("Svix-Signature"))
	}
	if told, err := verify(got.body); err != nil {
		t.Errorf("%v\n%s", err, told)
	}
	altered := slices.Clone(got.body)
	altered[len(altered)/2] ^= 1
	if told, err := verify(altered); err == nil {
		t.Errorf("an altered body was verified: %s", told)
	}
}
