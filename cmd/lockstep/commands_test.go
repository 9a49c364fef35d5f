package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// patience is how long a script waits. It allows for a slow machine, and is longer than the minute after
// which the Stripe simulator retries a delivery.
const patience = 3 * time.Minute

var browser = &http.Client{Timeout: patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// request sends what `call` and `until` describe:
//
//	METHOD URL [key=KEY] [have=ETAG] [version=STRIPE-VERSION] [json=TEXT] [form=a=b&c=d]
func request(args []string) (status int, body string, err error) {
	var content io.Reader
	header := http.Header{}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "key":
			header.Set("Authorization", "Bearer "+value)
		case "have":
			header.Set("If-None-Match", value)
		case "version":
			header.Set("Stripe-Version", value)
		case "json":
			content = strings.NewReader(value)
			header.Set("Content-Type", "application/json")
		case "form":
			content = strings.NewReader(value)
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		default:
			return 0, "", fmt.Errorf("unknown argument %q", arg)
		}
	}
	r, err := http.NewRequest(args[0], args[1], content)
	if err != nil {
		return 0, "", err
	}
	r.Header = header
	response, err := browser.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if location := response.Header.Get("Location"); location != "" {
		text = append(text, "\nLocation: "+location...)
	}
	return response.StatusCode, string(text), err
}

// call STATUS METHOD URL …: sends a request. `stdout` and `cmp` see its answer.
func call(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: call STATUS METHOD URL [key=…] [json=…] [form=…]")
	}
	status, body, err := request(args[1:])
	ts.Check(err)
	_, err = fmt.Fprintln(ts.Stdout(), body)
	ts.Check(err)
	if fmt.Sprint(status) != args[0] {
		ts.Fatalf("status %d, want %s: %s", status, args[0], body)
	}
}

// until PATTERN METHOD URL …: repeats a request until the answer matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: until PATTERN METHOD URL [key=…]")
	}
	pattern, err := regexp.Compile(`(?s)` + args[0])
	ts.Check(err)
	eventually(ts, func() string {
		status, body, err := request(args[1:])
		if err != nil || !pattern.MatchString(body) {
			return fmt.Sprintf("an answer that matches %q: last %d %v: %s", args[0], status, err, body)
		}
		_, err = fmt.Fprintln(ts.Stdout(), body)
		ts.Check(err)
		return ""
	})
}

// eventually retries until look reports that nothing is missing.
func eventually(ts *testscript.TestScript, look func() (missing string)) {
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		missing := look()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("timed out waiting for %s", missing)
		}
	}
}

// field NAME PATH: sets an environment variable to a value from the last output, which is JSON. PATH is
// dotted; a number selects from a list.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field NAME PATH")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	for _, step := range strings.Split(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			var n int
			_, err := fmt.Sscan(step, &n)
			ts.Check(err)
			if n >= len(v) {
				ts.Fatalf("no element %d in a list of %d", n, len(v))
			}
			value = v[n]
		}
	}
	if value == nil {
		ts.Fatalf("no %s in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// signed returns the request of a signed delivery to Lockstep.
func signed(source, id string, body []byte, secret lockstep.Secret, at time.Time,
	target string) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, target+"/webhooks/"+source, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if source == "clerk" {
		header, err := clerkdirectory.Sign(id, body, secret, at)
		if err != nil {
			return nil, err
		}
		r.Header = header
	} else {
		r.Header.Set("Stripe-Signature", stripebilling.Sign(body, secret, at))
	}
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// deliver STATUS SOURCE FILE [times=N] [secret=…] [late=DURATION] [id=…] [path=…] [header=NAME:VALUE]:
// signs a file's bytes and delivers them N times at once. Each answer must have STATUS, and a success
// exactly {"status":"success"}.
func deliver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: deliver STATUS SOURCE FILE [times=N] [secret=…] [late=DURATION] [id=…] [path=…] [header=NAME:VALUE]")
	}
	times, id, at, path := 1, "msg_1", time.Now(), "/webhooks/"+args[1]
	more := http.Header{}
	secret := lockstep.Secret(map[string]string{"stripe": devStripeWebhook, "clerk": devClerkWebhook}[args[1]])
	for _, arg := range args[3:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "times":
			_, err := fmt.Sscan(value, &times)
			ts.Check(err)
		case "secret":
			secret = lockstep.Secret(value)
		case "late":
			late, err := time.ParseDuration(value)
			ts.Check(err)
			at = at.Add(-late)
		case "id":
			id = value
		case "path":
			path = value
		case "header":
			name, value, _ := strings.Cut(value, ":")
			more.Set(name, value)
		default:
			ts.Fatalf("unknown argument %q", arg)
		}
	}
	body := []byte(ts.ReadFile(args[2]))
	begin, statuses := make(chan struct{}), make(chan string, times)
	for range times {
		go func() {
			<-begin
			r, err := signed(args[1], id, body, secret, at, ts.Getenv("LOCKSTEP"))
			if err != nil {
				statuses <- err.Error()
				return
			}
			r.URL.Path = path
			maps.Copy(r.Header, more)
			response, err := browser.Do(r)
			if err != nil {
				statuses <- err.Error()
				return
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			switch {
			case err != nil:
				statuses <- err.Error()
			case response.StatusCode == http.StatusOK && string(text) != `{"status":"success"}`:
				statuses <- fmt.Sprintf("200 with the body %q", text)
			default:
				statuses <- fmt.Sprint(response.StatusCode)
			}
		}()
	}
	close(begin)
	for range times {
		if status := <-statuses; status != args[0] {
			ts.Fatalf("delivery of %s: %s, want %s", args[2], status, args[0])
		}
	}
}

// reverse: delivers all events of the Stripe simulator, newest first.
func reverse(ts *testscript.TestScript, neg bool, args []string) {
	_, body, err := request([]string{"GET", ts.Getenv("STRIPE") + "/v1/events?limit=100", "key=" + devStripeKey})
	ts.Check(err)
	var list struct{ Data []json.RawMessage }
	ts.Check(json.Unmarshal([]byte(body), &list))
	if neg || len(list.Data) < 12 {
		ts.Fatalf("only %d events: %s", len(list.Data), body)
	}
	for _, event := range list.Data {
		r, err := signed("stripe", "", event, devStripeWebhook, time.Now(), ts.Getenv("LOCKSTEP"))
		ts.Check(err)
		response, err := browser.Do(r)
		ts.Check(err)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			ts.Fatalf("status %d for %s", response.StatusCode, event)
		}
	}
}

// answered has, by script, a function that ends its `burst` and returns the ids of the events that were
// answered 200.
var answered sync.Map

// burst: eight senders deliver events until the script kills Lockstep. `acked` checks those that were
// answered 200. A sender ends when its connection fails, or at `acked`, because a slow one may not notice
// that Lockstep was gone in between. The senders run while the script continues.
func burst(ts *testscript.TestScript, neg bool, args []string) {
	var mu sync.Mutex
	ids := []string{}
	target := ts.Getenv("LOCKSTEP")
	var senders sync.WaitGroup
	many, over := make(chan struct{}), make(chan struct{})
	for sender := range 8 {
		senders.Go(func() {
			for n := 0; n < 20_000; n++ {
				select {
				case <-over:
					return
				default:
				}
				id := fmt.Sprintf("evt_burst_%d_%d", sender, n)
				body := fmt.Appendf(nil, `{"id":%q,"object":"event","type":"invoice.paid","livemode":false,"created":1,"data":{"object":{"id":"in_1","object":"invoice","customer":"cus_burst%d"}}}`, id, n%7)
				r, err := signed("stripe", "", body, devStripeWebhook, time.Now(), target)
				if err != nil {
					return
				}
				response, err := browser.Do(r)
				if err != nil {
					return // killed; the outcome of this one is unknown
				}
				response.Body.Close()
				if response.StatusCode == http.StatusOK {
					mu.Lock()
					ids = append(ids, id)
					if len(ids) == 200 {
						close(many)
					}
					mu.Unlock()
				}
			}
		})
	}
	answered.Store(ts.Getenv("WORK"), func() []string { close(over); senders.Wait(); return ids })
	select {
	case <-many: // the burst is running
	case <-time.After(patience):
		ts.Fatalf("fewer than 200 deliveries were answered")
	}
}

// acked: checks that every event of `burst` that was answered 200 is stored.
func acked(ts *testscript.TestScript, neg bool, args []string) {
	wait, began := answered.Load(ts.Getenv("WORK"))
	if !began {
		ts.Fatalf("acked needs a burst before it")
	}
	ids := wait.(func() []string)()
	stored := map[string]bool{}
	next := ""
	for {
		_, body, err := request([]string{"GET", ts.Getenv("LOCKSTEP") + "/v1/events?limit=200&before=" +
			url.QueryEscape(next), "key=" + devAPIKey})
		ts.Check(err)
		var page struct {
			Data []struct{ ID string }
			Next string
		}
		ts.Check(json.Unmarshal([]byte(body), &page))
		for _, e := range page.Data {
			stored[e.ID] = true
		}
		if next = page.Next; next == "" {
			break
		}
	}
	missing := 0
	for _, id := range ids {
		if !stored[id] {
			missing++
		}
	}
	ts.Logf("%d answered 200, %d stored, %d missing", len(ids), len(stored), missing)
	if missing > 0 || len(ids) < 200 {
		ts.Fatalf("%d of %d deliveries that were answered 200 are missing", missing, len(ids))
	}
}
