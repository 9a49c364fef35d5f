package setup_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/simulator"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

const url = "https://lockstep.example/webhooks/stripe"

// account is a simulated Stripe account with a service.
type account struct {
	*testing.T
	client  *stripebilling.Client
	wanted  setup.Wanted
	secrets []lockstep.Secret // revealed, newest first
	accepts []lockstep.Secret // by the service
}

func newAccount(t *testing.T) *account {
	t.Helper()
	sim, err := simulator.New(simulator.Config{PortalSaved: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { openapicheck.Check(t, sim.History()) })
	server := httptest.NewServer(sim.StripeHandler())
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := stripebilling.New(stripebilling.Config{Key: simulator.DefaultStripeKey, BaseURL: server.URL,
		HTTPClient: &http.Client{Transport: transport}, Limits: lockstep.Limits{PerSecond: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	return &account{T: t, client: client, wanted: setup.Wanted{URL: url}}
}

// run is one run of the command. It returns what is left.
func (a *account) run(c setup.Choice) (left []setup.Finding) {
	a.Helper()
	found, err := setup.Read(a.Context(), a.client)
	if err != nil {
		a.Fatal(err)
	}
	s := &setup.Setup{Stripe: a.client, Wanted: a.wanted, Choice: c,
		Reveal: func(secret lockstep.Secret, _ string) error {
			a.secrets = append([]lockstep.Secret{secret}, a.secrets...)
			return nil
		},
		Prove: func(_ context.Context, _ string, secret lockstep.Secret) error {
			if slices.Contains(a.accepts, secret) {
				return nil
			}
			return errors.New("it refuses the signature")
		}}
	after, err := s.Apply(a.Context(), setup.Compare(a.wanted, found, c))
	if err != nil {
		a.Fatal(err)
	}
	return slices.DeleteFunc(after, func(f setup.Finding) bool { return f.Fixed })
}

// leaves runs setup and compares the problems that are left with parts of their texts.
func (a *account) leaves(c setup.Choice, want ...string) {
	a.Helper()
	left := a.run(c)
	same := slices.EqualFunc(left, want, func(f setup.Finding, text string) bool {
		return strings.Contains(f.Subject+": "+f.Problem+"; "+f.Fix, text)
	})
	if !same {
		a.Errorf("left is %+v, want %q", left, want)
	}
}

func (a *account) endpoints() (enabled, disabled []stripebilling.WebhookEndpoint) {
	a.Helper()
	all, err := a.client.WebhookEndpoints(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	for _, e := range all {
		if e.Enabled {
			enabled = append(enabled, e)
		} else {
			disabled = append(disabled, e)
		}
	}
	return enabled, disabled
}

// has checks the ids of the endpoints that are left, newest first.
func (a *account) has(ids ...string) {
	a.Helper()
	enabled, _ := a.endpoints()
	if !slices.EqualFunc(enabled, ids, func(e stripebilling.WebhookEndpoint, id string) bool { return e.ID == id }) {
		a.Errorf("enabled are %+v, want %v", enabled, ids)
	}
}

// byHand creates an endpoint as the dashboard does.
func (a *account) byHand(address string, events ...string) (id string) {
	a.Helper()
	e, _, err := a.client.CreateWebhookEndpoint(a.Context(), stripebilling.WebhookEndpoint{URL: address, Events: events,
		APIVersion: stripebilling.APIVersion})
	if err != nil {
		a.Fatal(err)
	}
	return e.ID
}

// serve makes the service use these secrets.
func (a *account) serve(secrets ...lockstep.Secret) { a.wanted.Secrets, a.accepts = secrets, secrets }

func TestAnEndpointIsCreatedOnce(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.leaves(setup.Choice{}, "the service does not have its secret yet")
	a.leaves(setup.Choice{}, "STRIPE_WEBHOOK_SECRET is not set")
	a.serve("whsec_other")
	a.leaves(setup.Choice{}, "STRIPE_WEBHOOK_SECRET does not contain its secret")
	a.serve(a.secrets[0])
	a.leaves(setup.Choice{})
	enabled, disabled := a.endpoints()
	if len(enabled) != 1 || len(disabled) != 0 || len(a.secrets) != 1 {
		t.Fatalf("%+v %+v, %d secrets", enabled, disabled, len(a.secrets))
	}
	e := enabled[0]
	if e.URL != url || e.APIVersion != stripebilling.APIVersion || !slices.Equal(e.Events, a.wanted.Events()) {
		t.Errorf("%+v", e)
	}
	for key, value := range e.Metadata {
		if strings.Contains(a.secrets[0].Reveal(), value) {
			t.Errorf("the metadata %s gives a part of the secret away", key)
		}
	}
}

func TestAnEndpointIsRepaired(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]stripebilling.WebhookEndpointChange{
		"it is disabled":              {Enabled: new(false)},
		"it lacks events":             {Events: []string{"invoice.paid"}},
		"it delivers everything":      {Events: []string{"*"}},
		"it is disabled and lacks":    {Enabled: new(false), Events: []string{"invoice.paid"}},
		"it delivers what is useless": {Events: append(setup.Wanted{}.Events(), "coupon.created")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			a.serve("whsec_by_hand")
			id := a.byHand(url, a.wanted.Events()...)
			a.leaves(setup.Choice{})
			if err := a.client.UpdateWebhookEndpoint(t.Context(), id, spoil); err != nil {
				t.Fatal(err)
			}
			found, err := setup.Read(t.Context(), a.client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := setup.Compare(a.wanted, found, setup.Choice{}); len(diff) != 1 {
				t.Errorf("found %+v", diff)
			}
			a.leaves(setup.Choice{})
			a.has(id)
			if enabled, _ := a.endpoints(); !slices.Equal(enabled[0].Events, a.wanted.Events()) {
				t.Errorf("%v", enabled[0].Events)
			}
		})
	}
}

// Nothing of another service is touched.
func TestAnEndpointElsewhereIsLeftAlone(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	other := a.byHand("https://staging.example/webhooks/stripe", "invoice.paid")
	byQuery := a.byHand(url+"?tenant=other", "invoice.paid")
	a.leaves(setup.Choice{Yes: true}, "the service does not have its secret yet")
	a.serve(a.secrets[0])
	a.leaves(setup.Choice{Yes: true})
	enabled, _ := a.endpoints()
	if len(enabled) != 3 || enabled[1].ID != byQuery || len(enabled[1].Events) != 1 || enabled[2].ID != other ||
		len(enabled[2].Events) != 1 {
		t.Errorf("%+v", enabled)
	}
}

// The account's older version cannot be changed, only replaced.
func TestAnOtherVersionNeedsAReplacement(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.serve("whsec_by_hand")
	e, secret, err := a.client.CreateWebhookEndpoint(t.Context(), stripebilling.WebhookEndpoint{URL: url,
		Events: a.wanted.Events(), APIVersion: "2026-07-29.dahlia"})
	if err != nil {
		t.Fatal(err)
	}
	a.serve(secret)
	for range 2 {
		a.leaves(setup.Choice{Yes: true}, "it sends API version 2026-07-29.dahlia")
	}
	a.leaves(setup.Choice{Roll: true}, "the service does not have its secret yet")
	a.serve(a.secrets[0], secret)
	a.leaves(setup.Choice{Yes: true})
	if enabled, _ := a.endpoints(); len(enabled) != 1 || enabled[0].ID == e.ID {
		t.Errorf("%+v", enabled)
	}
}
