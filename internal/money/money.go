// Package money writes amounts as people write them.
package money

import (
	"strconv"
	"strings"
)

// decimals are the currencies that do not have two decimals, as Stripe counts them
// (docs.stripe.com/currencies).
var decimals = map[string]int{
	"bif": 0, "clp": 0, "djf": 0, "gnf": 0, "jpy": 0, "kmf": 0, "krw": 0, "mga": 0, "pyg": 0, "rwf": 0,
	"vnd": 0, "vuv": 0, "xaf": 0, "xof": 0, "xpf": 0,
	"bhd": 3, "jod": 3, "kwd": 3, "omr": 3, "tnd": 3,
}

// symbols are the currencies that English texts write with a symbol. All others are written
// with their code.
var symbols = map[string]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "krw": "₩", "ils": "₪",
	"aud": "A$", "brl": "R$", "cad": "CA$", "hkd": "HK$", "mxn": "MX$", "nzd": "NZ$", "twd": "NT$"}

// Text writes an amount, which is in the currency's smallest unit: "$1,049.00", "49.00 CHF".
func Text(amount int64, currency string) string {
	currency = strings.ToLower(currency)
	places, special := decimals[currency]
	if !special {
		places = 2
	}
	digits, sign := strconv.FormatInt(amount, 10), ""
	if amount < 0 {
		digits, sign = digits[1:], "-"
	}
	digits = strings.Repeat("0", max(0, places+1-len(digits))) + digits
	text := thousands(digits[:len(digits)-places])
	if places > 0 {
		text += "." + digits[len(digits)-places:]
	}
	if symbol, known := symbols[currency]; known {
		return sign + symbol + text
	}
	return sign + text + " " + strings.ToUpper(currency)
}

// thousands puts a comma before every third digit from the right.
func thousands(digits string) string {
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
