package upstream

import (
	"strings"
	"unicode"
)

// LongestID is the longest id that we accept, in bytes. It is the limit that Stripe
// documents; other providers' ids are shorter.
const LongestID = 255

// Storable reports whether all texts can be stored as ids: at most [LongestID] bytes, and
// no control characters, because PostgreSQL cannot store all of them. An empty text, which is an
// absent id, is storable.
func Storable(texts ...string) bool {
	for _, s := range texts {
		if len(s) > LongestID || strings.ContainsFunc(s, control) {
			return false
		}
	}
	return true
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// Printed removes control characters from a name or an address, so that we can store it and
// send it to another provider. Line breaks and tabs become spaces. Others become U+FFFD,
// so that different texts stay different.
func Printed(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case !unicode.IsControl(r):
			return r
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		}
		return unicode.ReplacementChar
	}, s)
}
