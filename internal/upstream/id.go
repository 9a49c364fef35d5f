package upstream

import (
	"strings"
	"unicode"
)

// LongestID bounds what is taken for an id, in bytes. It is Stripe's promise for
// its own; those of other providers are shorter.
const LongestID = 255

// Storable reports whether texts may be kept as ids: none is longer than
// [LongestID], and none holds a control character, which no id has and PostgreSQL
// cannot store. An empty text, an id that is absent, is storable.
func Storable(texts ...string) bool {
	for _, s := range texts {
		if len(s) > LongestID || strings.ContainsFunc(s, control) {
			return false
		}
	}
	return true
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// Printed returns a name or an address as it may be kept and passed on to another provider:
// without control characters. Line breaks and tabs become spaces; others U+FFFD, so that two
// texts that differ stay different.
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
