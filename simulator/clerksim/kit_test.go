package clerksim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulator in a bubble, with the helpers of this package's tests.
type bench struct{ *simharness.Bench }

func inBubble(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	inConfiguredBubble(t, func(*simulator.Config) {}, f)
}

func inConfiguredBubble(t *testing.T, change func(*simulator.Config), f func(t *testing.T, b *bench)) {
	t.Helper()
	simharness.InBubble(t, change, func(t *testing.T, b *simharness.Bench) { f(t, &bench{b}) })
}

// backend makes a raw request to Clerk's Backend API. Headers come as pairs.
func (b *bench) backend(method, path, body string, header ...string) *backendAnswer {
	b.T.Helper()
	request, err := http.NewRequestWithContext(b.T.Context(), method, simharness.ClerkHost+"/v1"+path,
		bytes.NewReader([]byte(body)))
	if err != nil {
		b.T.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultClerkKey)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := b.HTTP.Do(request)
	if err != nil {
		b.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := &backendAnswer{t: b.T, what: method + " " + path, Status: response.StatusCode, Header: response.Header}
	if response.StatusCode == http.StatusNoContent {
		return answer
	}
	if err := json.NewDecoder(response.Body).Decode(&answer.value); err != nil {
		b.T.Fatalf("%s answered no JSON: %v", answer.what, err)
	}
	return answer
}

// backendAnswer is an answer of the Backend API.
type backendAnswer struct {
	t      *testing.T
	what   string
	Status int
	Header http.Header
	value  any
}

// ok fails the test unless the request succeeded.
func (a *backendAnswer) ok() *backendAnswer {
	a.t.Helper()
	if a.Status != http.StatusOK {
		a.t.Fatalf("%s answers %d %v", a.what, a.Status, a.value)
	}
	return a
}

// at returns the value at a path of names and indexes, such as "data.0.id"; nil if
// there is none.
func (a *backendAnswer) at(path string) any {
	value := a.value
	for name := range strings.SplitSeq(path, ".") {
		switch level := value.(type) {
		case map[string]any:
			value = level[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(level) {
				return nil
			}
			value = level[i]
		default:
			return nil
		}
	}
	return value
}

func (a *backendAnswer) text(path string) string { text, _ := a.at(path).(string); return text }

// has reports whether the answer has a member, null or not.
func (a *backendAnswer) has(name string) bool {
	members, _ := a.value.(map[string]any)
	_, has := members[name]
	return has
}

// all collects one member of each element of a list, with or without a total.
func (a *backendAnswer) all(name string) []string {
	a.t.Helper()
	list, bare := a.value.([]any)
	if !bare {
		list, _ = a.at("data").([]any)
	}
	all := []string{}
	for _, element := range list {
		members, _ := element.(map[string]any)
		text, _ := members[name].(string)
		all = append(all, text)
	}
	return all
}

// refused fails the test unless the answer is an error of Clerk's with the status and
// the code.
func (a *backendAnswer) refused(status int, code string) *backendAnswer {
	a.t.Helper()
	trace := a.text("clerk_trace_id")
	if a.Status != status || a.text("errors.0.code") != code || a.text("errors.0.message") == "" ||
		a.text("errors.0.long_message") == "" {
		a.t.Errorf("%s answers %d %v, want %d %s", a.what, a.Status, a.value, status, code)
	}
	if len(trace) != 32 || a.Header.Get("Clerk-Trace-Id") != trace || a.Header.Get("Content-Type") != "application/json" {
		a.t.Errorf("%s answers the trace %q with the headers %v", a.what, trace, a.Header)
	}
	return a
}

// person signs up a user.
func (b *bench) person(email string) simulator.ClerkUser {
	b.T.Helper()
	user, err := b.SignUp(simulator.SignUp{Email: email})
	if err != nil {
		b.T.Fatal(err)
	}
	return user
}

// team creates an organization with an admin.
func (b *bench) team(name string) (simulator.ClerkOrganization, simulator.ClerkUser) {
	b.T.Helper()
	admin := b.person("admin@" + strings.ToLower(name) + ".example.com")
	organization, err := b.CreateOrganization(name, admin.ID)
	if err != nil {
		b.T.Fatal(err)
	}
	return organization, admin
}

// data returns the data of the last webhook of a type.
func (b *bench) data(kind string) map[string]any {
	b.T.Helper()
	b.Settle()
	var envelope struct{ Data map[string]any }
	for _, in := range b.Inbox.All() {
		if in.Kind == kind {
			envelope.Data = nil
			if err := json.Unmarshal(in.Body, &envelope); err != nil {
				b.T.Fatal(err)
			}
		}
	}
	if envelope.Data == nil {
		b.T.Fatalf("no webhook %s among %v", kind, b.Inbox.Kinds())
	}
	return envelope.Data
}
