package api

import (
	"strings"
	"unicode"
)

// longestEmail is the longest e-mail address, in characters, that Stripe
// accepts.
const longestEmail = 512

// Email reads an e-mail address. It returns old when none was sent; an empty
// one clears it. An address that Stripe would reject fails with the code
// email_invalid.
func (p Params) Email(field, old string) string {
	text := p.TextOr(field, old)
	if p.Has(field) {
		if failure := RefuseEmail(p.Name(field), text); failure != nil {
			p.Fail(failure)
		}
	}
	return text
}

// RefuseEmail returns the error for an address that Stripe rejects, or nil.
func RefuseEmail(param, address string) *Error {
	switch {
	case address == "" || emailValid(address) && len(address) <= longestEmail:
		return nil
	case len(address) > longestEmail:
		return tooLong(param, address, longestEmail)
	}
	return Malformed("email_invalid", param, "Invalid email address: %s", address)
}

// emailValid follows what merchants report about Stripe: one @ with something
// before it, a domain of at least two labels (ada@gmile is rejected), no
// spaces, and ASCII only.
func emailValid(address string) bool {
	local, domain, found := strings.Cut(address, "@")
	if !found || local == "" || strings.ContainsFunc(address, func(r rune) bool {
		return r > unicode.MaxASCII ||
			r <= ' ' || r == 0x7f
	}) {
		return false
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || strings.ContainsAny(label, `@,;:<>()[]\"`) || strings.HasPrefix(label, "-") ||
			strings.HasSuffix(label, "-") {
			return false
		}
	}
	return len(labels) > 1
}

// tooLong is the error for a text over its limit.
func tooLong(param, text string, limit int) *Error {
	begin := []rune(text)
	return Malformed("", param, "Invalid string: %s...; must be at most %d characters",
		string(begin[:min(len(begin), 20)]), limit)
}

// Limited reads a string of at most limit characters. It returns old when none
// was sent.
func (p Params) Limited(field, old string, limit int) string {
	text := p.TextOr(field, old)
	if p.Has(field) && len([]rune(text)) > limit {
		p.Fail(tooLong(p.Name(field), text, limit))
	}
	return text
}
