package stripebilling_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

func TestWebhookEndpointFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	_, client := simulated(t)
	ctx := t.Context()
	want := stripebilling.WebhookEndpoint{URL: "https://lockstep.example/webhooks/stripe", Enabled: true,
		Events: []string{"customer.created", "invoice.paid"}, APIVersion: "2026-07-29.dahlia", Description: "Lockstep",
		Metadata: map[string]string{"a": "1"}}
	created, secret, err := client.CreateWebhookEndpoint(ctx, want)
	if err != nil || secret.Reveal()[:6] != "whsec_" || created.ID == "" || created.CreatedAt.IsZero() {
		t.Fatalf("%+v, %v", created, err)
	}
	same := func(want stripebilling.WebhookEndpoint) {
		t.Helper()
		list, err := client.WebhookEndpoints(ctx)
		i := slices.IndexFunc(list, func(e stripebilling.WebhookEndpoint) bool { return e.ID == created.ID })
		if err != nil || i < 0 {
			t.Fatalf("%+v, %v", list, err)
		}
		if diff := cmp.Diff(want, list[i], cmpopts.IgnoreFields(want, "ID", "CreatedAt")); diff != "" {
			t.Error(diff)
		}
	}
	same(want)
	off := false
	for _, change := range []stripebilling.WebhookEndpointChange{{Enabled: &off}, {Events: []string{"refund.failed"}},
		{Metadata: map[string]string{"b": "2", "a": ""}}} {
		if err := client.UpdateWebhookEndpoint(ctx, created.ID, change); err != nil {
			t.Fatal(err)
		}
	}
	want.Enabled, want.Events, want.Metadata = false, []string{"refund.failed"}, map[string]string{"b": "2"}
	same(want)
	if err := client.DeleteWebhookEndpoint(ctx, created.ID); err != nil {
		t.Fatal(err)
	}
	if err := client.DeleteWebhookEndpoint(ctx, created.ID); !errors.Is(err, lockstep.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := client.DeleteWebhookEndpoint(ctx, ""); err == nil {
		t.Error("an empty id was accepted")
	}
}

func TestPortalConfiguration(t *testing.T) {
	t.Parallel()
	_, client := simulated(t)
	created, err := client.CreatePortalConfiguration(t.Context(), "Lockstep", map[string]string{"a": "1"})
	if err != nil || !created.Active || created.Default || created.Metadata["a"] != "1" {
		t.Fatalf("%+v, %v", created, err)
	}
	list, err := client.PortalConfigurations(t.Context())
	if err != nil || len(list) != 2 || list[0].ID != created.ID || !list[1].Default {
		t.Fatalf("%+v, %v", list, err)
	}
}
