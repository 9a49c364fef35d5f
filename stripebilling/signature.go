package stripebilling

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// SignatureHeader is where Stripe puts its signatures.
const SignatureHeader = "Stripe-Signature"

// DefaultTolerance is how far a signature's time may be from ours, either way;
// Stripe's libraries use it for the past.
const DefaultTolerance = 5 * time.Minute

// Errors of [Verify].
var (
	// ErrNoSecret: no secret was given, or a blank one. Stripe's own library
	// accepts what is signed with an empty secret, which anybody can do.
	ErrNoSecret = errors.New("stripe signature: there is no secret to verify with")
	// ErrNoSignature: there is no header, or none of its signatures is of scheme v1.
	ErrNoSignature = errors.New("stripe signature: not signed")
	// ErrBadHeader: the header is not of the form t=…,v1=….
	ErrBadHeader = errors.New("stripe signature: malformed header")
	// ErrBadSignature: none of the signatures is of this body by any of the secrets.
	ErrBadSignature = errors.New("stripe signature: does not match")
	// ErrTooOld: signed by Stripe, but longer ago than the tolerance.
	ErrTooOld = errors.New("stripe signature: too old")
	// ErrTooNew: signed by Stripe for a time further ahead than the tolerance.
	ErrTooNew = errors.New("stripe signature: from the future")
)

// window is what [Verify] says of a signature's time.
var window = upstream.Window{Tolerance: DefaultTolerance, Malformed: ErrBadHeader, TooOld: ErrTooOld, TooNew: ErrTooNew}

// Verify reports whether Stripe signed body with one of the secrets at about now.
// Body is the raw bytes of the request. Several secrets are those of several
// endpoints, or the old and the new one while a secret is rolled. A tolerance of
// zero or less is [DefaultTolerance]; it cannot be switched off.
//
// The rule is that of https://docs.stripe.com/webhooks#verify-manually, and
// stricter than that of Stripe's libraries: the time is bounded in both
// directions and must be plain digits, and hexadecimal digits are lower case.
func Verify(header http.Header, body []byte, secrets []lockstep.Secret, now time.Time, tolerance time.Duration) error {
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	for _, s := range secrets {
		if strings.TrimSpace(s.Reveal()) == "" {
			return ErrNoSecret
		}
	}
	signed, signatures, err := parseSignature(header.Values(SignatureHeader))
	if err != nil {
		return err
	}
	matches := false
	for _, s := range secrets {
		want := []byte(signature(body, s, signed))
		for _, got := range signatures {
			matches = hmac.Equal(want, []byte(got)) || matches
		}
	}
	if !matches {
		return ErrBadSignature
	}
	return window.Check(signed, now, tolerance)
}

// Plausible reports, before the body is there, whether the headers could be those of a delivery
// that Stripe signed at about now. It says nothing of who signed.
func Plausible(header http.Header, now time.Time, tolerance time.Duration) error {
	signed, _, err := parseSignature(header.Values(SignatureHeader))
	if err != nil {
		return err
	}
	return window.Check(signed, now, tolerance)
}

// Sign returns the header's value that makes [Verify] accept body at t.
func Sign(body []byte, secret lockstep.Secret, t time.Time) string {
	signed := strconv.FormatInt(t.Unix(), 10)
	return "t=" + signed + ",v1=" + signature(body, secret, signed)
}

// signature is keyed with the whole secret as text, whsec_ included, and covers
// the time as it was sent.
func signature(body []byte, secret lockstep.Secret, signed string) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(signed))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func parseSignature(lines []string) (signed string, signatures []string, err error) {
	switch len(lines) {
	case 0:
		return "", nil, ErrNoSignature
	case 1:
	default:
		return "", nil, ErrBadHeader
	}
	parts := 0
	for part := range strings.SplitSeq(lines[0], ",") {
		scheme, value, found := strings.Cut(part, "=")
		if parts++; !found || parts > 2*upstream.MostSignatures {
			return "", nil, ErrBadHeader
		}
		switch {
		case scheme == "t" && signed == "" && upstream.IsTime(value):
			signed = value
		case scheme == "t": // twice, or not a time
			return "", nil, ErrBadHeader
		case scheme == "v1":
			signatures = append(signatures, value)
		}
	}
	switch {
	case signed == "" || len(signatures) > upstream.MostSignatures:
		return "", nil, ErrBadHeader
	case len(signatures) == 0:
		return "", nil, ErrNoSignature
	}
	return signed, signatures, nil
}
