package sqlstore

import (
	"strings"
	"unicode/utf8"
)

// replaceUnstorable puts U+FFFD for what PostgreSQL cannot keep as text: the NUL character and
// bytes that are not UTF-8. SQLite could keep them, so without this one database would fail
// where the other does not, and a business could not move. Ids with such a character match
// nothing then, which is right: no provider has any.
func replaceUnstorable(args []any) {
	for i, arg := range args {
		if text, is := arg.(string); is {
			args[i] = Storable(text)
		}
	}
}

// Storable is a text as every database returns it.
func Storable(text string) string {
	if !strings.Contains(text, "\x00") && utf8.ValidString(text) {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
