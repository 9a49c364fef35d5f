package setup_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/setup"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// The old endpoint is deleted only when the service has the new secret, and proves it.
func TestASecretIsRolledInTwoSteps(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.run(setup.Choice{})
	old := a.secrets[0]
	a.serve(old)
	before, _ := a.endpoints()
	a.leaves(setup.Choice{Roll: true}, "the service does not have its secret yet")
	after, _ := a.endpoints()
	if len(after) != 2 || after[1].ID != before[0].ID || len(a.secrets) != 2 {
		t.Fatalf("%+v", after)
	}
	fresh := a.secrets[0]
	for _, c := range []setup.Choice{{}, {Yes: true}, {Roll: true}} { // too early
		a.leaves(c, "STRIPE_WEBHOOK_SECRET does not contain its secret yet")
	}
	a.serve(fresh, old)
	a.accepts = a.accepts[1:] // the service was not restarted
	a.leaves(setup.Choice{}, "lockstep setup --yes deletes it")
	a.leaves(setup.Choice{Yes: true}, "not done, because the service did not prove that it accepts the secret of "+after[0].ID)
	a.has(after[0].ID, after[1].ID)
	a.serve(fresh, old)
	a.leaves(setup.Choice{Yes: true})
	a.has(after[0].ID)
	a.serve(fresh)
	a.leaves(setup.Choice{Yes: true})
	a.has(after[0].ID)
	if len(a.secrets) != 2 {
		t.Errorf("%d secrets", len(a.secrets))
	}
}

// A new secret that was lost before the service used it is replaced by another one.
func TestALostSecretIsReplaced(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.run(setup.Choice{})
	a.serve(a.secrets[0])
	first, _ := a.endpoints()
	a.run(setup.Choice{Roll: true})
	lost, _ := a.endpoints()
	a.leaves(setup.Choice{Roll: true, Yes: true}, "the service does not have its secret yet")
	now, _ := a.endpoints()
	if len(now) != 2 || now[0].ID == lost[0].ID || now[1].ID != first[0].ID || len(a.secrets) != 3 {
		t.Errorf("%+v", now)
	}
}

// Two endpoints for one URL: the one whose secret the service uses stays.
func TestADuplicateIsDisabledWithConsent(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.run(setup.Choice{})
	ours, _ := a.endpoints()
	a.serve(a.secrets[0])
	extra := a.byHand(url, a.wanted.Events()...)
	for range 2 {
		a.leaves(setup.Choice{}, "endpoint/"+extra+": it delivers every event to "+url+" a second time")
	}
	a.has(extra, ours[0].ID)
	a.accepts = nil
	a.leaves(setup.Choice{Yes: true}, "did not prove that it accepts")
	a.has(extra, ours[0].ID)
	a.serve(a.secrets[0])
	a.leaves(setup.Choice{Yes: true})
	a.has(ours[0].ID)
	a.leaves(setup.Choice{Yes: true})
}

// Nothing says which of two endpoints by hand has the service's secret, so the operator does.
func TestTheOperatorChoosesBetweenUnknownEndpoints(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.serve("whsec_of_one_of_them")
	older, newer := a.byHand(url, a.wanted.Events()...), a.byHand(url, "invoice.paid")
	for _, c := range []setup.Choice{{}, {Yes: true}, {Roll: true, Yes: true}} {
		a.leaves(c, "Stripe has 2 webhook endpoints for one URL")
	}
	a.has(newer, older)
	a.leaves(setup.Choice{Keep: older}, "endpoint/"+newer)
	a.leaves(setup.Choice{Keep: older, Yes: true})
	a.has(older)
	a.leaves(setup.Choice{})
}

// The endpoint to keep must not be one whose secret the service surely lacks: the other one, which works, would be
// disabled.
func TestTheOperatorCannotKeepTheWrongEndpoint(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.run(setup.Choice{})
	used, _ := a.endpoints()
	byHand := a.byHand(url, a.wanted.Events()...)
	a.serve(a.secrets[0]) // the service has no other secret, so none of the endpoint by hand
	a.leaves(setup.Choice{Keep: byHand, Yes: true}, "STRIPE_WEBHOOK_SECRET does not contain its secret")
	a.has(byHand, used[0].ID)
	a.serve("whsec_of_the_one_by_hand")
	a.leaves(setup.Choice{Keep: used[0].ID, Yes: true}, "STRIPE_WEBHOOK_SECRET does not contain its secret")
	a.has(byHand, used[0].ID)
	a.leaves(setup.Choice{Keep: byHand, Yes: true})
	a.has(byHand)
}

func TestAPortalConfigurationIsCreatedOnce(t *testing.T) {
	t.Parallel()
	w := setup.Wanted{URL: url}
	compare := func(portal string, has ...stripebilling.PortalConfiguration) string {
		w.Portal = portal
		for _, f := range setup.Compare(w, setup.Found{Portals: has}, setup.Choice{}) {
			if strings.HasPrefix(f.Subject, "portal") {
				return f.Problem + "; " + f.Fix
			}
		}
		return ""
	}
	standard := stripebilling.PortalConfiguration{ID: "bpc_1", Active: true, Default: true}
	other := stripebilling.PortalConfiguration{ID: "bpc_2", Active: true}
	ours := stripebilling.PortalConfiguration{ID: "bpc_3", Active: true, Metadata: map[string]string{"lockstep_portal": "created"}}
	off := stripebilling.PortalConfiguration{ID: "bpc_4"}
	for _, c := range []struct {
		setting string
		has     []stripebilling.PortalConfiguration
		want    string
	}{
		{"", nil, "setup creates one"},
		{"", []stripebilling.PortalConfiguration{other, off}, "setup creates one"},
		{"", []stripebilling.PortalConfiguration{other, standard}, ""},
		{"", []stripebilling.PortalConfiguration{other, ours}, `portal_configuration = "bpc_3"`},
		{"bpc_3", []stripebilling.PortalConfiguration{other, ours}, ""},
		{"bpc_4", []stripebilling.PortalConfiguration{standard, off}, "no active configuration with this id"},
	} {
		if got := compare(c.setting, c.has...); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%q of %+v: %q, want %q", c.setting, c.has, got, c.want)
		}
	}
}

// The proof stores nothing, so only the answer to a signed body that is no event counts.
func TestOnlyLockstepProvesASecret(t *testing.T) {
	t.Parallel()
	const secret = "whsec_of_the_service"
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, signed bool)
		want   string
	}{
		"it accepts the secret": {func(w http.ResponseWriter, signed bool) {
			code := map[bool]string{true: "not_an_event", false: "signature_invalid"}[signed]
			http.Error(w, `{"status":"error","code":"`+code+`"}`, http.StatusBadRequest)
		}, ""},
		"it refuses the secret": {func(w http.ResponseWriter, _ bool) {
			http.Error(w, `{"status":"error","code":"signature_invalid"}`, http.StatusBadRequest)
		}, "it refuses the signature"},
		"something else answers": {func(w http.ResponseWriter, _ bool) { _, _ = w.Write([]byte("hello")) }, "answers 200"},
		"it redirects": {func(w http.ResponseWriter, _ bool) {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusFound)
		}, "answers 302"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := stripebilling.Verify(r.Header, []byte(`{}`), []lockstep.Secret{secret}, time.Now(), time.Minute)
			c.answer(w, err == nil)
		}))
		err := setup.Prove(t.Context(), server.URL, secret)
		server.Close()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := setup.Prove(t.Context(), "http://127.0.0.1:1/", secret); err == nil || !strings.Contains(err.Error(), "nothing answers") {
		t.Errorf("nothing listens: %v", err)
	}
}

func TestParsePublicURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"https://a.example": "https://a.example", "https://a.example/": "https://a.example",
		"https://a.example/billing/": "https://a.example/billing", "a.example": "", "http://a.example": "", "https://": "",
		"https://u:p@a.example": "", "https://a.example?x=1": "", "https://localhost": "", "https://127.0.0.1:8080": ""} {
		if got, err := setup.ParsePublicURL(text, false); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if got, err := setup.ParsePublicURL("http://127.0.0.1:8080", true); err != nil || got != "http://127.0.0.1:8080" {
		t.Errorf("beside a simulator: %q, %v", got, err)
	}
}
