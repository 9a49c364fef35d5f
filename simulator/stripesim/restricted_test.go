package stripesim_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/simharness"
	"github.com/lockstep-dev/lockstep/simulator"
)

const restrictedKey = "rk_test_of_this_test"

// TestARestrictedKeyMayDoWhatItsPermissionsSay also shows that permissions are checked before the object's existence.
func TestARestrictedKeyMayDoWhatItsPermissionsSay(t *testing.T) {
	t.Parallel()
	inConfiguredBubble(t, func(c *simulator.Config) {
		c.RestrictedKeys = map[string][]string{restrictedKey: {"rak_customer_read", "rak_subscription_write"}}
	}, func(t *testing.T, b *bench) {
		for _, c := range []struct {
			request string
			status  int
			missing string
		}{
			{"GET /v1/customers", 200, ""},
			{"GET /v1/customers/cus_none", 404, ""},
			{"POST /v1/customers", 403, "rak_customer_write"},
			{"POST /v1/customers/cus_none", 403, "rak_customer_write"},
			{"DELETE /v1/customers/cus_none", 403, "rak_customer_write"},
			{"GET /v1/subscriptions", 200, ""},
			{"POST /v1/subscriptions/sub_none", 404, ""},
			{"GET /v1/subscription_schedules/sub_sched_none", 404, ""},
			{"GET /v1/prices", 403, "rak_plan_read"},
			{"GET /v1/webhook_endpoints", 403, "rak_webhook_read"},
			{"GET /v1/balance", 403, ""},
		} {
			method, path, _ := strings.Cut(c.request, " ")
			response, body := b.Send(method, simharness.StripeHost+path, map[string]string{
				"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(restrictedKey+":"))}, "")
			message, _ := simharness.Hash(body, "error")["message"].(string)
			if response.StatusCode != c.status || c.missing != "" && !strings.Contains(message, "Having the '"+c.missing+"' permission") {
				t.Errorf("%s: %d %q, want %d %q", c.request, response.StatusCode, message, c.status, c.missing)
			}
			if strings.Contains(message, restrictedKey) {
				t.Errorf("%s: the message shows the key", c.request)
			}
		}
	})
}

func TestARestrictedKeyNeedsItsPrefixAndAPermission(t *testing.T) {
	t.Parallel()
	for _, keys := range []map[string][]string{{"rk_live_1": {"rak_customer_read"}}, {"rk_test_1": nil}} {
		if _, err := simulator.New(simulator.Config{RestrictedKeys: keys}); err == nil {
			t.Errorf("%v is accepted", keys)
		}
	}
}
