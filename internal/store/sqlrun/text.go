package sqlrun

import (
	"strings"
	"unicode/utf8"
)

// replaceUnstorable replaces what PostgreSQL cannot store as text by U+FFFD: the NUL character and
// bytes that are not UTF-8. SQLite could store them, so without this one database would fail where
// the other does not, and data could not be moved between them. An id with such a character then
// matches nothing, which is right: no provider uses one.
func replaceUnstorable(args []any) {
	for i, arg := range args {
		if text, is := arg.(string); is {
			args[i] = Storable(text)
		}
	}
}

// Storable returns a text as every database returns it.
func Storable(text string) string {
	if !strings.Contains(text, "\x00") && utf8.ValidString(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
