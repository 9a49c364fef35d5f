package clerkdirectory

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// DefaultTolerance is how far a delivery's time may be from ours, either way; the
// libraries of Svix and of Standard Webhooks use it.
const DefaultTolerance = 5 * time.Minute

// maxSignatures is how many signatures of a header are considered. Svix sends one
// for each active secret, which are two while one is rotated; without a limit a
// stranger could choose how much we compare.
const maxSignatures = 16

// maxTimeDigits keeps the time within what can be computed with: the year 33658.
const maxTimeDigits = 12

// longestID bounds what is taken for an id.
const longestID = 255

// Errors of [Verify] and [Sign].
var (
	// ErrNoSecret: no secret was given, or an empty one. The libraries of Svix and
	// of Standard Webhooks accept what is signed with an empty secret, which
	// anybody can do.
	ErrNoSecret = errors.New("clerk signature: there is no secret to verify with")
	// ErrBadSecret: a secret is not base64, with or without whsec_ before it.
	ErrBadSecret = errors.New("clerk signature: the secret is malformed")
	// ErrNoSignature: there is no signature header, or none of its signatures is of
	// version v1.
	ErrNoSignature = errors.New("clerk signature: not signed")
	// ErrBadHeader: the id or the time is missing or malformed.
	ErrBadHeader = errors.New("clerk signature: malformed header")
	// ErrBadSignature: none of the signatures is of this delivery by any of the
	// secrets.
	ErrBadSignature = errors.New("clerk signature: does not match")
	// ErrTooOld: signed by Clerk, but longer ago than the tolerance.
	ErrTooOld = errors.New("clerk signature: too old")
	// ErrTooNew: signed by Clerk for a time further ahead than the tolerance.
	ErrTooNew = errors.New("clerk signature: from the future")
)

// Verify reports whether Clerk's sender, Svix, signed this delivery with one of
// the secrets at about now. Body is the raw bytes of the request. Several secrets
// are those of several endpoints, or the old and the new one while a secret is
// rotated. A tolerance of zero or less is [DefaultTolerance]; it cannot be
// switched off.
//
// The rule is that of https://docs.svix.com/receiving/verifying-payloads/how-manual.
// The headers are svix-id, svix-timestamp and svix-signature, or where there is
// no svix-id, webhook-id and so on, as Standard Webhooks has them.
func Verify(header http.Header, body []byte, secrets []lockstep.Secret, now time.Time, tolerance time.Duration) error {
	keys, err := signingKeys(secrets)
	if err != nil {
		return err
	}
	d, err := parseDelivery(header)
	if err != nil {
		return err
	}
	matches := false
	for _, key := range keys {
		want := []byte(signature(key, d.id, d.signed, body))
		for _, got := range d.signatures {
			matches = hmac.Equal(want, []byte(got)) || matches
		}
	}
	if !matches {
		return ErrBadSignature
	}
	return checkTime(d.signed, now, tolerance)
}

// Sign returns the headers that make [Verify] accept body under id at t, or
// [ErrNoSecret], [ErrBadSecret].
func Sign(id string, body []byte, secret lockstep.Secret, t time.Time) (http.Header, error) {
	keys, err := signingKeys([]lockstep.Secret{secret})
	if err != nil {
		return nil, err
	}
	signed := strconv.FormatInt(t.Unix(), 10)
	header := http.Header{}
	header.Set("svix-id", id)
	header.Set("svix-timestamp", signed)
	header.Set("svix-signature", "v1,"+signature(keys[0], id, signed, body))
	return header, nil
}

func signature(key []byte, id, signed string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + signed + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signingKeys decodes the secrets: unlike Stripe's, the key is what the text
// after whsec_ encodes.
func signingKeys(secrets []lockstep.Secret) ([][]byte, error) {
	var keys [][]byte
	for _, s := range secrets {
		text := strings.TrimRight(strings.TrimPrefix(strings.TrimSpace(s.Reveal()), "whsec_"), "=")
		key, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil, ErrBadSecret
		}
		if len(key) == 0 {
			return nil, ErrNoSecret
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrNoSecret
	}
	return keys, nil
}

func checkTime(signed string, now time.Time, tolerance time.Duration) error {
	seconds, err := strconv.ParseInt(signed, 10, 64)
	if err != nil {
		return ErrBadHeader
	}
	if tolerance <= 0 {
		tolerance = DefaultTolerance
	}
	switch age := now.Sub(time.Unix(seconds, 0)); {
	case age > tolerance:
		return ErrTooOld
	case age < -tolerance:
		return ErrTooNew
	}
	return nil
}
