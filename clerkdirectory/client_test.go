package clerkdirectory

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	user = lockstep.Account{Kind: lockstep.User, ID: "user_1"}
	org  = lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
)

// serve returns a client for a local server.
func serve(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := server.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	client, err := New(Config{Key: "sk_test_1", BaseURL: server.URL, HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
