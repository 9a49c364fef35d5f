package money_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/money"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{104900, "usd", "$1,049.00"}, {2000, "USD", "$20.00"}, {5, "eur", "€0.05"}, {0, "usd", "$0.00"},
		{-2000, "usd", "-$20.00"}, {500, "jpy", "¥500"}, {1234567, "krw", "₩1,234,567"}, {4900, "chf", "49.00 CHF"},
		{1500, "kwd", "1.500 KWD"}, {-9223372036854775808, "jpy", "-¥9,223,372,036,854,775,808"},
	} {
		if got := money.Text(c.amount, c.currency); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}
