package email

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

// price returns an amount for people: "$1,049.00", "49.00 CHF"; empty for none.
func price(amount int64, currency string) string {
	currency = strings.ToLower(oneLine(currency))
	if currency == "" || amount <= 0 {
		return ""
	}
	places, special := decimals[currency]
	if !special {
		places = 2
	}
	digits := strconv.FormatInt(amount, 10)
	digits = strings.Repeat("0", max(0, places+1-len(digits))) + digits
	whole, cents := digits[:len(digits)-places], digits[len(digits)-places:]
	text := thousands(whole)
	if cents != "" {
		text += "." + cents
	}
	if symbol, known := symbols[currency]; known {
		return symbol + text
	}
	return text + " " + strings.ToUpper(currency)
}

// thousands puts a comma before every third digit from the right.
func thousands(digits string) string {
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
