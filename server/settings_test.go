package server

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// TestAProgramsSettingsTellNoSecret: an embedding program that lists no settings gets its values with fingerprints.
func TestAProgramsSettingsTellNoSecret(t *testing.T) {
	t.Parallel()
	const planted = lockstep.Secret("sk_test_hunter2-hunter2-hunter2")
	c := Config{HTTP: HTTP{APIKey: planted + "," + planted}, Stripe: Stripe{Key: planted, BaseURL: "https://x:hunter2@stripe.test",
		WebhookSecrets: []lockstep.Secret{planted}}, Clerk: Clerk{Key: planted},
		Webhooks: []Webhook{{ID: "app", URL: "https://app.test/hunter2", Secrets: []lockstep.Secret{planted}}},
		Catalog:  lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", Prices: []string{"price_1"}}}}}
	named := map[string]lockstep.Setting{}
	for _, s := range c.settings() {
		if strings.Contains(s.Value, "hunter") || s.Source != lockstep.FromProgram {
			t.Errorf("%+v", s)
		}
		named[s.Name] = s
	}
	if !named["Key"].Secret || named["Plans[pro]"].Value != "price_1" || named["app"].Value != "https://app.test/…" {
		t.Errorf("%+v", named)
	}
	c.Settings = []lockstep.Setting{{Name: "own"}}
	if all := c.settings(); len(all) != 1 || all[0].Name != "own" {
		t.Errorf("%+v", all)
	}
}
