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

// SignatureHeader is the header with Stripe's signatures.
const SignatureHeader = "Stripe-Signature"

// DefaultTolerance is how far a signature's time may be from our clock, in either direction.
// Stripe's libraries use the same for the past.
const DefaultTolerance = 5 * time.Minute

// Errors of [Verify].
var (
	// ErrNoSecret means that there is no secret, or a blank one. Stripe's own library
	// accepts an empty secret, with which anyone can sign.
	ErrNoSecret = errors.New("stripe signature: no signing secret")
	// ErrNoSignature means that there is no signature of scheme v1.
	ErrNoSignature = errors.New("stripe signature: not signed")
	// ErrBadHeader means that the header does not have the form t=…,v1=….
	ErrBadHeader = errors.New("stripe signature: malformed header")
	// ErrBadSignature means that no signature matches any of the secrets.
	ErrBadSignature = errors.New("stripe signature: does not match")
	// ErrTooOld means that the signature is valid, but older than the tolerance.
	ErrTooOld = errors.New("stripe signature: too old")
	// ErrTooNew means that the signature is valid, but its time is further in the future
	// than the tolerance.
	ErrTooNew = errors.New("stripe signature: from the future")
)

// window checks a signature's time for [Verify].
var window = upstream.Window{Tolerance: DefaultTolerance, Malformed: ErrBadHeader, TooOld: ErrTooOld, TooNew: ErrTooNew}

// Verify checks that Stripe signed the body with one of the secrets within the tolerance
// around now. It returns nil or one of the errors above. body is the raw body of the
// request. There are several secrets if there are several endpoints, or during a rotation.
// A tolerance of zero or less means [DefaultTolerance]; it cannot be turned off.
//
// The rule is that of https://docs.stripe.com/webhooks#verify-manually. It is stricter than
// Stripe's libraries: the tolerance applies in both directions, the time must be plain
// digits, and hexadecimal digits must be lower case.
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

// Plausible checks only the form of the header and the time, before the body arrives. It
// does not check the signature. Errors: those of [Verify].
func Plausible(header http.Header, now time.Time, tolerance time.Duration) error {
	signed, _, err := parseSignature(header.Values(SignatureHeader))
	if err != nil {
		return err
	}
	return window.Check(signed, now, tolerance)
}

// Sign returns a header value with which [Verify] accepts body at time t.
func Sign(body []byte, secret lockstep.Secret, t time.Time) string {
	signed := strconv.FormatInt(t.Unix(), 10)
	return "t=" + signed + ",v1=" + signature(body, secret, signed)
}

// signature signs the time as sent and the body. The key is the whole secret as text,
// including whsec_.
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
