package mask

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Limit is the longest body that JSON masks, in bytes.
const Limit = 1 << 20

// ErrTooLong is the error of a body that is longer than [Limit].
var ErrTooLong = errors.New("the body is longer than 1 MiB")

// nested is how deep JSON within strings is looked into. A string further within is masked as a whole.
const nested = 3

// JSON returns a JSON text without personal data: each personal string is replaced by dots, and each personal number by
// 0. The members keep their order. It fails for a text that is not JSON or is longer than [Limit].
func JSON(body []byte) ([]byte, error) {
	if len(body) > Limit {
		return nil, ErrTooLong
	}
	return masked(body, nested)
}

// masker copies one JSON text.
type masker struct {
	in     *jsontext.Decoder
	out    *jsontext.Encoder
	levels int // of JSON within strings that it may still look into
}

func masked(text []byte, levels int) ([]byte, error) {
	var out bytes.Buffer
	lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	m := masker{jsontext.NewDecoder(bytes.NewReader(text), lenient...), jsontext.NewEncoder(&out, lenient...), levels}
	if err := m.value(none); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	if _, err := m.in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("mask: there is text behind the value")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// value copies the next value.
func (m masker) value(within int) error {
	switch m.in.PeekKind() {
	case '{':
		return m.object(within)
	case '[':
		return m.list(within)
	case '"':
		token, err := m.in.ReadToken()
		if err != nil {
			return err
		}
		return m.out.WriteToken(jsontext.String(m.text(token.String(), within)))
	case '0':
		number, err := m.in.ReadValue()
		if err != nil {
			return err
		}
		if within != none {
			number = jsontext.Value("0")
		}
		return m.out.WriteValue(number)
	}
	value, err := m.in.ReadValue()
	if err != nil {
		return err
	}
	return m.out.WriteValue(value)
}

// object copies an object. Within a list of a personal key, its members count by their own names.
func (m masker) object(within int) error {
	if within == scalar {
		within = none
	}
	return m.copy(func() error {
		token, err := m.in.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		shown := name
		if tells(name) {
			shown = dots(name)
		}
		if err := m.out.WriteToken(jsontext.String(shown)); err != nil {
			return err
		}
		return m.value(depth(name, within))
	})
}

func (m masker) list(within int) error {
	return m.copy(func() error { return m.value(within) })
}

// copy copies the brackets of an object or a list, and its elements by one.
func (m masker) copy(one func() error) error {
	begin, err := m.in.ReadToken()
	if err != nil {
		return err
	}
	if err := m.out.WriteToken(begin); err != nil {
		return err
	}
	for {
		switch m.in.PeekKind() {
		case '}', ']':
			end, err := m.in.ReadToken()
			if err != nil {
				return err
			}
			return m.out.WriteToken(end)
		}
		if err := one(); err != nil {
			return err
		}
	}
}

// text masks a string. One that holds JSON itself is masked by its own members.
func (m masker) text(text string, within int) string {
	if within != none {
		return dots(text)
	}
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if m.levels == 0 {
			return dots(text)
		}
		if inner, err := masked([]byte(text), m.levels-1); err == nil {
			text = string(inner)
		}
	}
	if tells(text) {
		return dots(text)
	}
	return text
}

// The masks say roughly how long a text is.
const (
	short = "••••"
	usual = "••••••••"
	long  = "••••••••••••"
)

// dots returns the mask of a text. An empty text and a mask stay as they are.
func dots(text string) string {
	if strings.Trim(text, "•") == "" {
		return text
	}
	switch n := utf8.RuneCountInString(text); {
	case n <= 8:
		return short
	case n <= 40:
		return usual
	}
	return long
}
