package lockstep

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// Setting is one value of the effective configuration, for operators to read. It holds no secret: see [Fingerprint] and
// [MaskURL].
type Setting struct {
	Section string
	Name    string // the key in lockstep.toml; for what only the environment sets, the variable
	Value   string // as a user would write it; of a secret: its fingerprint, or empty if it is not set
	Source  SettingSource
	From    string // the flag, the variable or the file that set it; empty for a default
	Doc     string // what it means, in one line
	Secret  bool
}

// SettingSource says what decided a setting.
type SettingSource string

// The sources, by precedence.
const (
	FromFlag        SettingSource = "flag"
	FromEnvironment SettingSource = "environment"
	FromFile        SettingSource = "file"
	FromDefault     SettingSource = "default"
	FromProgram     SettingSource = "program" // that embeds Lockstep
)

// longSecret is how many bytes a secret needs for a fingerprint: a shorter one could be guessed by it.
const longSecret = 24

// Fingerprint identifies a secret without telling it: its known prefix, and the first 8 hexadecimal digits of the
// SHA-256 of a label and the secret. Of a secret that is short enough to guess, it says only that it is set. It is
// empty for an empty secret.
func Fingerprint(s Secret) string {
	text := s.Reveal()
	switch {
	case text == "":
		return ""
	case len(text) < longSecret:
		return "set"
	}
	sum := sha256.Sum256([]byte("lockstep setting\x00" + text))
	class := ""
	prefixes := []string{"sk_test_", "sk_live_", "rk_test_", "rk_live_", "whsec_", "lockstep_"}
	if at := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(text, p) }); at >= 0 {
		class = prefixes[at]
	}
	return class + "…" + hex.EncodeToString(sum[:4])
}

// hidden replaces what is left out of a value.
const hidden = "…"

// MaskURL returns a text without credentials: of a URL, it hides the user's password and the values of all parameters.
// A URL that cannot be parsed keeps only its scheme. Other texts do not change.
func MaskURL(text string) string {
	scheme, _, is := strings.Cut(text, "://")
	if !is || strings.ContainsAny(scheme, " \t\"<") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil {
		return scheme + "://" + hidden
	}
	masked := u.Scheme + "://"
	if u.User != nil {
		masked += u.User.Username()
		if _, set := u.User.Password(); set {
			masked += ":" + hidden
		}
		masked += "@"
	}
	masked += u.Host + u.EscapedPath()
	separator := "?"
	for _, pair := range strings.FieldsFunc(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		masked += separator + name + "=" + hidden
		separator = "&"
	}
	return masked
}

// MaskPath returns the origin of a URL, and hides its path: the address of a webhook often is its password.
func MaskPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return hidden
	}
	if u.Path == "" || u.Path == "/" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	return u.Scheme + "://" + u.Host + "/" + hidden
}
