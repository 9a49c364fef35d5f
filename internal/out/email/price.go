package email

import (
	"fmt"
	"strings"
)

// decimals is how many there are of a currency's smallest unit, where it is not
// two; as Stripe counts (docs.stripe.com/currencies).
var decimals = map[string]int{
	"bif": 0, "clp": 0, "djf": 0, "gnf": 0, "jpy": 0, "kmf": 0, "krw": 0, "mga": 0, "pyg": 0, "rwf": 0,
	"vnd": 0, "vuv": 0, "xaf": 0, "xof": 0, "xpf": 0,
	"bhd": 3, "jod": 3, "kwd": 3, "omr": 3, "tnd": 3,
}

// price is an amount for people to read: "49.00 EUR".
func price(amount int64, currency string) string {
	if currency == "" || amount <= 0 {
		return ""
	}
	places, special := decimals[strings.ToLower(currency)]
	if !special {
		places = 2
	}
	unit := int64(1)
	for range places {
		unit *= 10
	}
	code := strings.ToUpper(currency)
	if places == 0 {
		return fmt.Sprintf("%d %s", amount, code)
	}
	return fmt.Sprintf("%d.%0*d %s", amount/unit, places, amount%unit, code)
}
