package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// outside is what Lockstep notifies: the app's webhook endpoint and a mail server.
type outside struct {
	*kit
	down  atomic.Bool // the endpoint answers 500, and the mail server refuses
	calls atomic.Int64
	mu    sync.Mutex
	mails []lockstep.Email
}

// Deliver implements lockstep.Mailer.
func (o *outside) Deliver(_ context.Context, mail lockstep.Email, ready func() error) error {
	if o.down.Load() {
		return &lockstep.EmailError{Fate: lockstep.EmailRefused, Reason: "550 " + evil}
	}
	if err := ready(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, mail)
	return nil
}

// sent is how many e-mails the mail server accepted.
func (o *outside) sent() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.mails)
}

// startOutside starts a kit that notifies an endpoint and a mail server.
func startOutside(t *testing.T, change ...func(*server.Config)) *outside {
	t.Helper()
	o := &outside{}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		o.calls.Add(1)
		if o.down.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(app.Close)
	o.kit = start(t, append([]func(*server.Config){func(c *server.Config) {
		c.Webhooks = []server.Webhook{{ID: "app", URL: app.URL + "/hidden-path", AllowPrivate: true,
			Secrets: []lockstep.Secret{"whsec_a2l0LXdlYmhvb2stc2VjcmV0LW9mLXRoZS1raXQ="}}}
		c.Email = server.Email{Mailer: o, App: "Acme", Domain: "acme.test"}
	}}, change...)...)
	return o
}

// work claims a key and does something with it, as a worker does. The server's workers may claim it first.
func (k *kit) work(key lockstep.Key, do func(claim lockstep.Claim) error) {
	k.Helper()
	k.until("the test has the key "+key.String(), func() bool {
		if err := k.store.Mark(k.Context(), lockstep.Mark{Key: key, Scope: lockstep.ScopeAll}); err != nil {
			k.Fatal(err)
		}
		claims, err := k.store.Claim(k.Context(), lockstep.ClaimRequest{Limit: 1000, Lease: 5 * time.Second,
			MaxPriority: lockstep.Background})
		if err != nil {
			k.Fatal(err)
		}
		for _, claim := range claims {
			if claim.Key != key {
				continue // its lease ends soon
			}
			if err := do(claim); err != nil {
				k.Fatal(err)
			}
			if err := k.store.Finish(k.Context(), claim, lockstep.Outcome{Disposition: lockstep.Done}); err != nil {
				k.Fatal(err)
			}
			return true
		}
		return false
	})
}

// notify stores a notice.
func (k *kit) notify(account lockstep.Account, n lockstep.Notice) {
	k.Helper()
	k.work(lockstep.Key{Kind: lockstep.KeyCheckout, ID: "cs_of_the_test"}, func(claim lockstep.Claim) error {
		return k.store.SaveNotices(k.Context(), claim, account, []lockstep.Notice{n})
	})
}

// disable stores a delivery that failed, and disables its endpoint.
func (k *kit) disable(d lockstep.WebhookDelivery, reason string) {
	k.Helper()
	k.work(d.Key(), func(claim lockstep.Claim) error {
		return k.store.SaveWebhookDelivery(k.Context(), claim, d, &lockstep.WebhookEndpoint{ID: d.Endpoint,
			FailingSince: time.Now().Add(-6 * 24 * time.Hour), DisabledAt: time.Now(), Reason: reason})
	})
}

// started is the notice of a subscription that an account bought.
func (k *kit) started(account lockstep.Account) (found lockstep.Notice) {
	k.Helper()
	k.until("there is a notice", func() bool {
		all, err := k.store.Notices(k.Context(), account)
		if err != nil {
			k.Fatal(err)
		}
		for _, n := range all {
			if n.Kind == lockstep.NoticeSubscriptionStarted {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// has fails the test for each part that the page lacks, and for markup that somebody put in.
func (a answer) has(t *testing.T, parts ...string) {
	t.Helper()
	if a.status != http.StatusOK {
		t.Errorf("%s: %d %s", a.url, a.status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s lacks %q: %s", a.url, part, a.body)
		}
	}
	if strings.Contains(a.body, "<img src=x") || strings.Contains(a.body, "<script>alert") ||
		strings.Contains(a.body, `href="javascript:`) {
		t.Errorf("%s has foreign markup: %s", a.url, a.body)
	}
}

var actionLink = regexp.MustCompile(`/console/actions/[a-z-]+`)

// readOnly fails the test if a page offers a viewer an action.
func (a answer) readOnly(t *testing.T) {
	t.Helper()
	if found := actionLink.FindString(a.body); found != "" {
		t.Errorf("%s offers a viewer %s", a.url, found)
	}
}

// confirms opens the page that asks, checks what it says, and does the action. It returns the page after it.
func (p *person) confirms(t *testing.T, name string, given []string, says ...string) answer {
	t.Helper()
	asked := p.open("/console/actions/" + name + "?" + form(given...).Encode())
	asked.has(t, says...)
	got := p.post("/console/actions/"+name, append([]string{"token", p.token(), "reason", "ticket 4711"}, given...)...)
	got.has(t)
	p.open("/console/audit").has(t, "console/anna", "ticket 4711")
	return got
}
