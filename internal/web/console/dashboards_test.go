package console

import "testing"

func TestDashboards(t *testing.T) {
	t.Parallel()
	own, simulated := Dashboard{Provider: true, Prefix: "http://sim/?q="}, Dashboard{Prefix: "http://sim/?q="}
	for _, test := range []struct{ got, want string }{
		{own.stripe("cus_1", true), "https://dashboard.stripe.com/customers/cus_1"},
		{own.stripe("sub_1", false), "https://dashboard.stripe.com/test/subscriptions/sub_1"},
		{own.stripe("pi_1/../x?y", true), "https://dashboard.stripe.com/payments/pi_1%2F..%2Fx%3Fy"},
		{own.stripe("user_1", true), ""},
		{own.stripe("cus", true), ""},
		{simulated.stripe("cus_1&x", true), "http://sim/?q=cus_1%26x"},
		{Dashboard{}.stripe("cus_1", true), ""},
		{own.clerk("user_1"), "https://dashboard.clerk.com/~/users"},
		{own.clerk("org_1"), "https://dashboard.clerk.com/~/organizations"},
		{own.clerk("ada"), ""},
		{simulated.clerk("user_1"), "http://sim/?q=user_1"},
		{Dashboard{}.clerk("user_1"), ""},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
