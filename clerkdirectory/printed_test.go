package clerkdirectory

import (
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// TestNamesAndAddressesHoldNoControlCharacters matters to the databases and to Stripe.
func TestNamesAndAddressesHoldNoControlCharacters(t *testing.T) {
	t.Parallel()
	user := identityOf(lockstep.User, upstream.Decode([]byte(`{"id":"user_1","first_name":"Ada\u0000","last_name":"King\nLovelace\t",
		"primary_email_address_id":"idn_1","email_addresses":[{"id":"idn_1","email_address":"ada\u0007@example.com"}]}`)))
	if user.Name != "Ada\uFFFD King Lovelace" || user.Email != "ada\uFFFD@example.com" {
		t.Errorf("a user: %q, %q", user.Name, user.Email)
	}
	organization := identityOf(lockstep.Organization,
		upstream.Decode([]byte(`{"id":"org_1","name":"Engines\u0085\r\nLtd Zoë"}`)))
	if organization.Name != "Engines\uFFFD  Ltd Zoë" {
		t.Errorf("an organization: %q", organization.Name)
	}
}
