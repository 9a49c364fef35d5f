package upstream

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnAnswerThatIsKeptComesPastTheSDK(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		answer  string
		objects bool
		kept    string // of the answer
		member  string // of the object
		sdk     string // what the SDK is given
	}{
		"an object":             {200, `{"id":"a"}`, true, `{"id":"a"}`, "a", "{}"},
		"any JSON":              {200, `[{"id":"a"}]`, false, `[{"id":"a"}]`, "", "{}"},
		"a list is no object":   {200, `[{"id":"a"}]`, true, "", "", ""},
		"half an object":        {200, `{"id":"a"`, true, "", "", ""},
		"half of any JSON":      {200, `[{"id":"a"}`, false, "", "", ""},
		"a refusal":             {400, `{"acme":true,"code":"a"}`, true, "", "", ""},
		"nothing with a status": {204, ``, true, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(answering(c.status, c.answer))
			t.Cleanup(server.Close)
			rules := acme
			rules.Objects = c.objects
			ctx, answer := Keep(t.Context())
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			given := ""
			if res, err := rules.Client(server.Client(), time.Minute, limit).Do(r); err == nil {
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				given = string(body)
				_ = res.Body.Close()
			}
			if string(answer.Raw) != c.kept || answer.Object.Text("id") != c.member || given != c.sdk {
				t.Errorf("kept %q with id %q, and the SDK was given %q", answer.Raw, answer.Object.Text("id"), given)
			}
		})
	}
}

// Concurrent calls each open a connection, which later calls reuse, although net/http
// keeps only two by default.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	const atOnce = 16
	var opened atomic.Int64
	var here sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		here.Done()
		here.Wait() // so that all are under way at once
		_, _ = io.WriteString(w, `{"id":"a"}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := acme.Client(nil, time.Minute, limit)
	t.Cleanup(client.CloseIdleConnections)
	for range 3 {
		here.Add(atOnce)
		var calls sync.WaitGroup
		for range atOnce {
			calls.Go(func() {
				res, err := client.Get(server.URL)
				if err != nil {
					t.Error(err)
					return
				}
				_ = res.Body.Close()
			})
		}
		calls.Wait()
	}
	if n := opened.Load(); n != atOnce {
		t.Errorf("%d connections were opened for %d calls at once", n, atOnce)
	}
}
