package server

import "testing"

func TestDashboardsAreThoseOfTheProviders(t *testing.T) {
	t.Parallel()
	for base, own := range map[string]bool{"": true, "https://api.stripe.com": true, "https://api.stripe.com/": true,
		"http://127.0.0.1:12111": false, "https://api.stripe.com.example": false} {
		c := Config{Stripe: Stripe{BaseURL: base}, Clerk: Clerk{BaseURL: "https://api.clerk.com"}}
		if got := c.dashboards(); got.Stripe.Provider != own || !got.Clerk.Provider {
			t.Errorf("%q: %+v", base, got)
		}
	}
}
